#include "store/shadow.h"

#include <stdint.h>
#include <string.h>

#include "store/auth_variable.h"
#include "store/holding.h"
#include "store/key.h"
#include "store/look.h"
#include "store/path.h"

/* A walk through the keys of a file. */
struct walk {
    const struct auth_file *file;
    struct warnings *warnings;
};

/* Whether `key` is for a part of what `above` is for: ghcr.io/owner of ghcr.io. */
static bool is_below(const char *key, const char *above)
{
    size_t len = strlen(above);

    return strncmp(key, above, len) == 0 && key[len] == '/';
}

static bool is_default_port(const char *key, const char *host)
{
    size_t len = strlen(host);

    return strncmp(key, host, len) == 0 && strcmp(key + len, ":443") == 0;
}

static bool is_read_by_podman(const struct auth_file *file)
{
    return file->format == AUTH_FORMAT_PODMAN || file->is_podmans || file->podmans_host != NULL;
}

static bool warn_of_neighbour(void *ctx, const char *key)
{
    struct walk *walk = ctx;
    const struct auth_file *file = walk->file;

    if (file->format == AUTH_FORMAT_DOCKER && is_default_port(key, file->host))
        warnings_add(walk->warnings, "'%s' also has '%s', which nerdctl takes first", file->path,
                     key);
    /* In Docker's file podman goes by namespaces too, where docker takes the exact key. */
    if (is_read_by_podman(file) && is_below(key, file->key))
        warnings_add(walk->warnings, "'%s' also has '%s', which podman takes for images below that",
                     file->path, key);
    return true;
}

static void warn_of_the_rest(const struct document *document, enum auth_format reader,
                             struct warnings *warnings)
{
    struct error unread = ERROR_INIT;

    if (holding_check_all(document, reader, &unread) < 0)
        warnings_add(warnings, "%s", unread.message);
}

/* Where docker finds the entry podman may not, who reads the same file. */
static void warn_of_podmans_view(const struct document *document, const struct auth_file *file,
                                 const char *helper, struct warnings *warnings)
{
    char podmans[DOCUMENT_HELPER_MAX + 1];

    (void)document_helper(podmans, document, file->podmans_host, false);
    if (strcmp(podmans, helper) == 0)
        return;
    warnings_add(warnings,
                 "podman finds nothing for '%s' in '%s', where %s: give it a file of its own "
                 "(--authfile FILE)",
                 file->podmans_host, file->path,
                 helper[0] != '\0' ? "it knows no \"credsStore\""
                                   : "it takes an empty name in \"credHelpers\" for a helper's");
}

void shadow_in_file(const struct document *document, const struct auth_file *file,
                    const char *helper, struct warnings *warnings)
{
    struct walk walk = {.file = file, .warnings = warnings};

    if (file->podmans_host != NULL)
        warn_of_podmans_view(document, file, helper, warnings);
    if (is_read_by_podman(file))
        warn_of_the_rest(document, AUTH_FORMAT_PODMAN, warnings);
    if (helper[0] != '\0')
        return;
    (void)document_each_key(document, warn_of_neighbour, &walk);
    if (file->format == AUTH_FORMAT_DOCKER && !file->is_podmans)
        warn_of_the_rest(document, AUTH_FORMAT_DOCKER, warnings);
}

/* What cannot be read is not for a warning. */
static bool look(struct document *out, const char *path, const struct auth_file *file)
{
    struct error ignored = ERROR_INIT;

    return look_into(out, path, file->clock, file->deadline_ms, NULL, &ignored) == 0;
}

/* Podman takes the entry whose key says most of an image's name. */
static bool is_unrelated(void *ctx, const char *key)
{
    const char *stored = ctx;

    return strcmp(key, stored) != 0 && !is_below(key, stored) && !is_below(stored, key);
}

/* Whether podman would stop at this file: for an entry, or for a helper that it asks first. */
static bool has_registry(const char *path, const struct auth_file *file)
{
    struct document document = DOCUMENT_INIT;
    char helper[DOCUMENT_HELPER_MAX + 1];
    void *key = (void *)(uintptr_t)file->key;
    bool has = look(&document, path, file) &&
               (document_helper(helper, &document, file->host, false)[0] != '\0' ||
                !document_each_key(&document, is_unrelated, key));

    document_clear(&document);
    return has;
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

struct comparison {
    const struct document *document;
    const struct auth_file *file;
};

static bool is_other(void *ctx, const char *key)
{
    const struct comparison *c = ctx;
    const struct secret *auth = c->file->auth;
    struct document_entry entry;

    return (strcmp(key, c->file->host) != 0 && !key_is_spelling(key, c->file->host)) ||
           !document_find(&entry, c->document, key) || entry.auth.len != auth->len ||
           memcmp(entry.auth.data, secret_text(auth), auth->len) != 0;
}

/* Whether Docker's file holds the very credential: the same run may have put it there. */
static bool has_same(const char *path, const struct auth_file *file)
{
    struct document document = DOCUMENT_INIT;
    struct comparison comparison = {.document = &document, .file = file};
    bool is_same = file->auth != NULL && look(&document, path, file) &&
                   !document_each_key(&document, is_other, &comparison);

    document_clear(&document);
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
    struct document document = DOCUMENT_INIT;
    struct document_entry ignored;

    if (look(&document, file->path, file) && document_find(&ignored, &document, file->key)) {
        shadow_in_file(&document, file, "", warnings);
        shadow_elsewhere(file, request, warnings);
    }
    document_clear(&document);
}
