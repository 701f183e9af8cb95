#include "store/auth_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "store/document.h"
#include "store/locked_file.h"
#include "store/path.h"
#include "store/preflight.h"
#include "store/shadow.h"

enum { STALE_PAUSE_MS = 20 }; /* at most, before another round */

/* How errors speak of a file. */
struct file_name {
    char text[PATH_MAX + 3];
};

static struct file_name name_of(const char *path)
{
    struct file_name name;

    (void)snprintf(name.text, sizeof(name.text), "'%s'", path);
    return name;
}

static int check_helper(const struct secret *text, const struct auth_file *file, const char *name,
                        struct error *err)
{
    bool is_docker = file->format == AUTH_FORMAT_DOCKER;
    char helper[DOCUMENT_HELPER_MAX + 1];

    if (document_helper(helper, text, name, file->host, is_docker, err) < 0)
        return -1;
    if (helper[0] == '\0')
        return 0;
    (void)error_set(
        err, CLASS_HELPER,
        "%s hands '%s' to a credential helper, so that %s would not look at an entry in "
        "the file",
        name, file->host, is_docker ? "docker" : "podman");
    return error_hint(err,
                      "add \"credHelpers\": {\"%s\": \"\"} to the file, or store elsewhere "
                      "with --config DIR or --authfile FILE",
                      file->host);
}

/* The text as it is, or, where a run died while it wrote in place, the copy that it left. */
static int edit(struct secret *edited, const struct secret *text, const struct locked_file *locked,
                const struct auth_file *file, const char *name, bool *changed, struct error *err)
{
    struct error fault = ERROR_INIT;
    struct error second = ERROR_INIT;
    struct secret copy = SECRET_INIT;
    int ret = document_set(edited, text, name, file->key, file->auth, changed, &fault);

    if (ret < 0 && fault.cls == CLASS_AUTHFILE &&
        locked_file_read_copy(locked, &copy, DOCUMENT_MAX, &second) > 0) {
        ret = document_set(edited, &copy, name, file->key, file->auth, changed, &second);
        *changed = true;
    } else if (ret == 0) {
        locked_file_drop_copy(locked);
    }
    if (ret < 0) /* no memory for the copy says nothing about the file */
        *err = second.cls == CLASS_INTERNAL ? second : fault;
    secret_clear(&copy);
    return ret;
}

int auth_file_check(const struct auth_file *file, struct error *err)
{
    struct file_name name = name_of(file->path);
    struct locked_file unlocked = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    bool changed = true;
    int ret = -1;

    if (path_resolve(unlocked.path, file->path, err) < 0 ||
        locked_file_read(&unlocked, &text, DOCUMENT_MAX, err) < 0) {
        preflight_hint(file->path, EACCES, err);
        goto out;
    }
    if (edit(&edited, &text, &unlocked, file, name.text, &changed, err) < 0 ||
        check_helper(&edited, file, name.text, err) < 0)
        goto out;
    if (changed && preflight_check(file->path, file->in_place, err) < 0)
        goto out;
    ret = 0;
out:
    locked_file_close(&unlocked);
    secret_clear(&text);
    secret_clear(&edited);
    return ret;
}

enum round {
    ROUND_FAILED = -1,
    ROUND_DONE,  /* the entry is in the file as it was just read */
    ROUND_WROTE, /* to be read back */
    ROUND_STALE, /* somebody else wrote: begin again */
};

/* One round of read, edit, replace. */
static enum round store_once(struct locked_file *locked, const struct auth_file *file,
                             const char *name, struct warnings *warnings, struct error *err)
{
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    enum round round = ROUND_FAILED;
    bool is_due = false;

    if (locked_file_read(locked, &text, DOCUMENT_MAX, err) < 0 ||
        edit(&edited, &text, locked, file, name, &is_due, err) < 0)
        goto out;
    round = ROUND_DONE;
    if (!is_due) {
        shadow_in_file(&text, file, name, warnings);
        goto out;
    }
    switch (locked_file_replace(locked, &edited, err)) {
    case LOCKED_FILE_FAILED:
        round = ROUND_FAILED;
        break;
    case LOCKED_FILE_REPLACED:
        round = ROUND_WROTE;
        break;
    case LOCKED_FILE_STALE:
        round = ROUND_STALE;
        break;
    }
out:
    secret_clear(&text);
    secret_clear(&edited);
    return round;
}

int auth_file_store(const struct auth_file *file, const struct clock *clock, int64_t deadline_ms,
                    bool *changed, struct warnings *warnings, struct error *err)
{
    struct file_name name = name_of(file->path);
    struct locked_file locked = LOCKED_FILE_INIT;
    enum round round;
    bool wrote = false;

    if (locked_file_open(&locked, file->path, clock, deadline_ms, err) < 0)
        return -1;
    locked.in_place = file->in_place;
    do {
        round = store_once(&locked, file, name.text, warnings, err);
        wrote = wrote || round == ROUND_WROTE;
        if (round == ROUND_STALE)
            clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, STALE_PAUSE_MS));
        if (round == ROUND_STALE && clock_left(clock, deadline_ms) == 0) {
            (void)error_set(err, CLASS_AUTHFILE, "%s is replaced by others again and again",
                            name.text);
            round = ROUND_FAILED;
        }
    } while (round == ROUND_WROTE || round == ROUND_STALE);
    locked_file_close(&locked);
    if (round == ROUND_FAILED)
        return wrote ? error_wrap(err, "the entry was written, but not read back") : -1;
    *changed = wrote;
    return 0;
}
