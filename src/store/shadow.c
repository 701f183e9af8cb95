#include "store/shadow.h"

#include <stdint.h>
#include <string.h>

#include "store/auth_variable.h"
#include "store/text/decode.h"
#include "store/key.h"
#include "store/file/look.h"
#include "store/path.h"

/* A walk through the keys of a file. */
struct walk {
    const struct document *document;
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

/* What podman calls the registry, where it reads the file; NULL: it does not. */
static const char *podmans_host(const struct auth_file *file)
{
    bool is_podmans = file->format == AUTH_FORMAT_PODMAN || file->is_podmans;

    return is_podmans ? file->host : file->podmans_host;
}

static bool is_host(const char *key, const char *host)
{
    return strcmp(key, host) == 0 || key_is_spelling(key, host);
}

static bool has_auth(const struct document *document, const char *key, const struct secret *auth)
{
    struct document_entry entry;

    return auth != NULL && document_find(&entry, document, key) && entry.identitytoken.len == 0 &&
           entry.auth.len == auth->len &&
           memcmp(entry.auth.data, secret_text(auth), auth->len) == 0;
}

/*
 * Podman goes by namespaces, in Docker's file too, where docker takes the exact key; and for Docker
 * Hub, whose key is docker's there, by other keys first, or by chance.
 */
static void warn_of_podmans_neighbour(const struct walk *walk, const char *key)
{
    const struct auth_file *file = walk->file;
    const char *host = podmans_host(file);
    bool is_whole = is_host(file->key, host); /* or the key has a namespace */

    if (is_below(key, is_whole ? host : file->key))
        warnings_add(walk->warnings, "'%s' also has '%s', which podman takes for images below that",
                     file->path, key);
    else if (is_whole && strcmp(file->key, host) != 0 && strcmp(key, file->key) != 0 &&
             is_host(key, host) && !has_auth(walk->document, key, file->auth))
        warnings_add(walk->warnings, "'%s' also has '%s', which podman may take first", file->path,
                     key);
}

static bool warn_of_neighbour(void *ctx, const char *key)
{
    struct walk *walk = ctx;
    const struct auth_file *file = walk->file;

    if (file->format == AUTH_FORMAT_DOCKER && is_default_port(key, file->host))
        warnings_add(walk->warnings, "'%s' also has '%s', which nerdctl takes first", file->path,
                     key);
    if (podmans_host(file) != NULL)
        warn_of_podmans_neighbour(walk, key);
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
    if (strcmp(podmans, helper) == 0 &&
        (helper[0] == '\0' || strcmp(file->podmans_host, file->host) == 0))
        return;
    if (strcmp(podmans, DOCUMENT_NO_NAME) == 0)
        warnings_add(warnings,
                     "podman finds nothing for '%s' in '%s', where it takes the empty name in "
                     "\"credHelpers\" for a helper's: give it a file of its own (--authfile FILE)",
                     file->podmans_host, file->path);
    else if (podmans[0] == '\0')
        warnings_add(warnings,
                     "podman does not find what docker's credential helper '%s' has for '%s': give "
                     "it a file of its own (--authfile FILE)",
                     helper, file->podmans_host);
    else
        warnings_add(warnings,
                     "podman asks the credential helper '%s' for '%s', as \"credHelpers\" in '%s' "
                     "has it: give it a file of its own (--authfile FILE)",
                     podmans, file->podmans_host, file->path);
}

void shadow_in_file(const struct document *document, const struct auth_file *file,
                    const char *helper, struct warnings *warnings)
{
    struct walk walk = {.document = document, .file = file, .warnings = warnings};

    if (file->podmans_host != NULL)
        warn_of_podmans_view(document, file, helper, warnings);
    if (podmans_host(file) != NULL)
        warn_of_the_rest(document, AUTH_FORMAT_PODMAN, warnings);
    if (helper[0] != '\0')
        return;
    (void)document_each_key(document, warn_of_neighbour, &walk);
    if (file->format == AUTH_FORMAT_DOCKER && !file->is_podmans)
        warn_of_the_rest(document, AUTH_FORMAT_DOCKER, warnings);
}

/* What cannot be read is not for a warning. */
static bool look(struct document *out, const char *path)
{
    struct error ignored = ERROR_INIT;

    return look_into(out, path, &ignored) == 0;
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
    bool has = look(&document, path) &&
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

/* Whether podman would take the very credential from Docker's file, by whatever spelling. */
struct comparison {
    const struct document *document;
    const struct auth_file *file;
    bool is_found;
};

static bool is_no_other(void *ctx, const char *key)
{
    struct comparison *c = ctx;

    if (!is_host(key, c->file->host))
        return true;
    c->is_found = has_auth(c->document, key, c->file->auth);
    return c->is_found;
}

static bool has_same(const struct document *document, const struct auth_file *file)
{
    struct comparison comparison = {.document = document, .file = file};
    struct document_entry ignored;

    if (document_find(&ignored, document, file->host))
        return has_auth(document, file->host, file->auth);
    return document_each_key(document, is_no_other, &comparison) && comparison.is_found;
}

/* The same run may have put it there. */
static bool file_has_same(const char *path, const struct auth_file *file)
{
    struct document document = DOCUMENT_INIT;
    bool is_same = look(&document, path) && has_same(&document, file);

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
        if (!file_has_same(first.path, file))
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

    if (look(&document, file->path) && document_find(&ignored, &document, file->key)) {
        shadow_in_file(&document, file, "", warnings);
        shadow_elsewhere(file, request, warnings);
    }
    document_clear(&document);
}
