#include "store/shadow.h"

#include <stdio.h>
#include <string.h>

#include "store/auth_variable.h"
#include "store/document.h"
#include "store/holding.h"
#include "store/locked_file.h"
#include "store/path.h"

/* One look through the keys of a file. */
struct look {
    const struct auth_file *file;
    struct warnings *warnings;
    bool found;
};

/* Whether `key` is for a part of what `above` is for: ghcr.io/owner of ghcr.io. */
static bool is_below(const char *key, const char *above)
{
    size_t len = strlen(above);

    return strncmp(key, above, len) == 0 && key[len] == '/';
}

static bool warn_of_neighbour(void *ctx, const char *key)
{
    struct look *look = ctx;
    const struct auth_file *file = look->file;

    if (file->format == AUTH_FORMAT_DOCKER && strcmp(key + strlen(file->host), ":443") == 0)
        warnings_add(look->warnings, "'%s' also has '%s', which nerdctl takes first", file->path,
                     key);
    if (file->format == AUTH_FORMAT_PODMAN && is_below(key, file->key))
        warnings_add(look->warnings, "'%s' also has '%s', which podman takes for images below that",
                     file->path, key);
    return true;
}

void shadow_in_file(const struct secret *text, const struct auth_file *file,
                    struct warnings *warnings)
{
    struct look look = {.file = file, .warnings = warnings};
    struct error unread = ERROR_INIT;
    struct error ignored = ERROR_INIT;
    char name[PATH_MAX + 3];

    if (document_each_key(text, file->path, file->host, warn_of_neighbour, &look, &ignored) < 0)
        return; /* it was valid when it was stored; a peer's damage is not for a warning */
    (void)snprintf(name, sizeof(name), "'%s'", file->path);
    if (file->format == AUTH_FORMAT_DOCKER && !file->is_podmans &&
        holding_check_all(text, name, &unread) < 0)
        warnings_add(warnings, "%s", unread.message);
}

/* Podman takes the entry whose key says most of an image's name. */
static bool notice_related(void *ctx, const char *key)
{
    struct look *look = ctx;
    const char *stored = look->file->key;

    look->found = strcmp(key, stored) == 0 || is_below(key, stored) || is_below(stored, key);
    return !look->found;
}

/* Whether podman would stop at this file: for an entry, or for a helper that it asks first. */
static bool has_registry(const char *path, const struct auth_file *file)
{
    struct look look = {.file = file};
    struct error ignored = ERROR_INIT;
    struct secret text = SECRET_INIT;
    char helper[DOCUMENT_HELPER_MAX + 1] = "";
    bool is_read = locked_file_peek(path, &text, DOCUMENT_MAX, &ignored) == 0 &&
                   document_helper(helper, &text, path, file->host, false, &ignored) == 0 &&
                   document_each_key(&text, path, file->host, notice_related, &look, &ignored) == 0;

    secret_clear(&text);
    return is_read && (look.found || helper[0] != '\0');
}

static void check_docker(const struct auth_file *file, const struct location_request *request,
                         struct warnings *warnings)
{
    const char *config = request->environment("DOCKER_AUTH_CONFIG");

    if (config != NULL && auth_variable_has(config, file->key))
        warnings_add(warnings,
                     "DOCKER_AUTH_CONFIG is set and has '%s': docker takes that before "
                     "any file",
                     file->key);
}

/* Whether Docker's file holds the very credential: the same run may have put it there. */
static bool has_same(const char *path, const struct auth_file *file)
{
    struct document_entry entry;
    struct error ignored = ERROR_INIT;
    struct secret text = SECRET_INIT;
    bool is_same = false;

    if (file->auth != NULL && locked_file_peek(path, &text, DOCUMENT_MAX, &ignored) == 0 &&
        document_find(&entry, &text, path, file->host, &ignored) > 0) {
        is_same = strcmp(secret_text(&entry.auth), secret_text(file->auth)) == 0;
        document_entry_clear(&entry);
    }
    secret_clear(&text);
    return is_same;
}

/* Whether podman looks at the file unasked, if at nothing before: it is its persistent one. */
static bool is_persistent(const struct auth_file *file, const struct location_request *request)
{
    struct error ignored = ERROR_INIT;
    struct location persistent;

    return location_podman_persistent(&persistent, request, &ignored) == 0 &&
           path_is_same(persistent.path, file->path);
}

/* Podman looks at the default file, then at the persistent one; the first that knows it wins. */
static void check_podman(const struct auth_file *file, const struct location_request *request,
                         struct warnings *warnings)
{
    struct location_request plain = *request;
    struct error ignored = ERROR_INIT;
    struct location first;
    const char *named = request->environment("REGISTRY_AUTH_FILE");
    bool is_on_the_way = request->authfile == NULL || is_persistent(file, request);

    plain.authfile = NULL;
    plain.is_persistent = false;
    if (location_podman(&first, &plain, &ignored) < 0 || path_is_same(first.path, file->path))
        return;
    if (named != NULL && named[0] != '\0') {
        warnings_add(warnings, "REGISTRY_AUTH_FILE is set: podman reads '%s' and no other file",
                     first.path);
    } else if (is_on_the_way && first.format == AUTH_FORMAT_DOCKER) {
        if (!has_same(first.path, file))
            warnings_add(warnings, "DOCKER_CONFIG is set: podman reads '%s' and no other file",
                         first.path);
    } else if (is_on_the_way && has_registry(first.path, file)) {
        warnings_add(warnings, "podman looks into '%s' first, which has '%s' too", first.path,
                     file->host);
    }
}

void shadow_elsewhere(const struct auth_file *file, const struct location_request *request,
                      struct warnings *warnings)
{
    if (file->format == AUTH_FORMAT_DOCKER)
        check_docker(file, request, warnings);
    else
        check_podman(file, request, warnings);
}

void shadow_of(const struct auth_file *file, const struct location_request *request,
               struct warnings *warnings)
{
    struct document_entry entry;
    struct error ignored = ERROR_INIT;
    struct secret text = SECRET_INIT;

    if (locked_file_peek(file->path, &text, DOCUMENT_MAX, &ignored) == 0 &&
        document_find(&entry, &text, file->path, file->key, &ignored) > 0) {
        document_entry_clear(&entry);
        shadow_in_file(&text, file, warnings);
        shadow_elsewhere(file, request, warnings);
    }
    secret_clear(&text);
}
