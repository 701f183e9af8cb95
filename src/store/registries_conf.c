#include "store/registries_conf.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/scan.h"
#include "base/text.h"

enum { TEXT_MAX = 1024 * 1024 };

static const char own_files[] = "containers-auth.json"; /* podman's name for its auth files */

/* Past blanks, line ends and comments. */
static void skip_to_value(struct scan *s)
{
    struct span ignored;

    while (scan_run(s, " \t\r\n", &ignored) || scan_is_at(s, '#')) {
        const char *end = memchr(s->p, '\n', (size_t)(s->end - s->p));

        if (scan_is_at(s, '#'))
            s->p = end != NULL ? end : s->end;
    }
}

/* `credential-helpers = [ "NAME"`, from the start of a line: the name. */
static bool take_helpers(struct scan s, struct span *name)
{
    static const char key[] = "credential-helpers";
    bool is_quoted;
    const char *end;

    (void)scan_blanks(&s);
    is_quoted = scan_char(&s, '"');
    if ((size_t)(s.end - s.p) < strlen(key) || memcmp(s.p, key, strlen(key)) != 0)
        return false;
    s.p += strlen(key);
    if (is_quoted && !scan_char(&s, '"'))
        return false;
    (void)scan_blanks(&s);
    if (!scan_char(&s, '='))
        return false;
    (void)scan_blanks(&s);
    *name = (struct span){.data = s.p, .len = 0};
    if (!scan_char(&s, '['))
        return true;
    skip_to_value(&s);
    if (!scan_is_at(&s, '"') && !scan_is_at(&s, '\''))
        return true;
    end = memchr(s.p + 1, *s.p, (size_t)(s.end - s.p - 1));
    if (end != NULL)
        *name = (struct span){.data = s.p + 1, .len = (size_t)(end - s.p - 1)};
    return true;
}

/* What the last such line of a text says, into *out. */
static void search_text(struct registries_conf *out, const char *path, const struct secret *text)
{
    struct scan s = scan_over(secret_text(text), text->len);
    struct span name;

    while (!scan_is_at_end(&s)) {
        const char *end = memchr(s.p, '\n', (size_t)(s.end - s.p));

        if (take_helpers(s, &name)) {
            bool is_own = span_is(name, own_files);

            (void)snprintf(out->path, sizeof(out->path), "%s", path);
            (void)snprintf(out->helper, sizeof(out->helper), "%.*s", is_own ? 0 : (int)name.len,
                           name.data);
        }
        s.p = end != NULL ? end + 1 : s.end;
    }
}

/* Returns whether it is there. */
static bool search_file(struct registries_conf *out, const char *path)
{
    struct io_input input = {.name = path, .cls = CLASS_AUTHFILE, .max = TEXT_MAX};
    struct secret text = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    struct stat st;

    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    if (io_read_path(&text, path, &input, NULL, &ignored) == 0)
        search_text(out, path, &text);
    secret_clear(&text);
    return true;
}

static int is_drop_in(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && text_has_suffix(entry->d_name, ".conf");
}

/* In the order of names. glob(3) would bring glibc's users into the static program. */
static void search_directory(struct registries_conf *out, const char *dir)
{
    struct dirent **found = NULL;
    int count = scandir(dir, &found, is_drop_in, alphasort);

    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), "%s/%s", dir, found[i]->d_name) < (int)sizeof(path))
            (void)search_file(out, path);
        free(found[i]);
    }
    free(found);
}

bool registries_conf_find(struct registries_conf *out, const struct location_request *request)
{
    const char *named = request->environment("CONTAINERS_REGISTRIES_CONF");
    const char *home = request->environment("HOME");
    char users[PATH_MAX];
    char users_dir[PATH_MAX + 2];

    *out = (struct registries_conf){.path = ""};
    if (home == NULL || home[0] == '\0')
        home = request->passwd_home != NULL ? request->passwd_home : "";
    (void)snprintf(users, sizeof(users), "%.*s/.config/containers/registries.conf", PATH_MAX - 64,
                   home);
    if (named != NULL && named[0] != '\0')
        (void)search_file(out, named);
    else if (!search_file(out, users))
        (void)search_file(out, "/etc/containers/registries.conf");
    search_directory(out, "/etc/containers/registries.conf.d");
    (void)snprintf(users_dir, sizeof(users_dir), "%s.d", users);
    search_directory(out, users_dir);
    return out->helper[0] != '\0';
}
