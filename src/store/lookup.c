#include "store/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "store/document.h"
#include "store/helper.h"
#include "store/key.h"
#include "store/locked_file.h"
#include "store/path.h"
#include "store/preflight.h"

/* A text under inspection. */
struct source {
    const struct secret *text;
    const char *name; /* in errors */
    const char *path; /* "" for a variable */
    enum auth_format format;
};

void lookup_clear(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    secret_clear(&lookup->username);
    secret_clear(&lookup->token);
    *lookup = LOOKUP_INIT;
}

/* base64 of "user:password"; docker drops NUL bytes at the ends of the password. */
static int split_auth(struct lookup *out, const struct secret *auth, struct error *err)
{
    struct secret plain = SECRET_INIT;
    const char *colon;
    int ret = base64_decode(&plain, secret_text(auth), auth->len, err);

    colon = ret == 0 ? memchr(secret_text(&plain), ':', plain.len) : NULL;
    if (ret == 0 && (colon == NULL || colon == plain.data))
        ret = error_set(err, CLASS_AUTHFILE, "it has no user name and password");
    if (ret == 0)
        ret = secret_append(&out->username, plain.data, (size_t)(colon - plain.data), SIZE_MAX - 1,
                            err);
    if (ret == 0)
        ret = secret_append(&out->token, colon + 1, plain.len - (size_t)(colon + 1 - plain.data),
                            SIZE_MAX - 1, err);
    secret_clear(&plain);
    return ret;
}

/* Returns 1 with the credential of an entry in *out, 0 where it holds none, or -1. */
static int take_entry(struct lookup *out, struct document_entry *entry, enum auth_format format,
                      struct error *err)
{
    if (entry->identitytoken.len > 0) {
        secret_move(&out->token, &entry->identitytoken);
        out->is_identity_token = true;
        return secret_append_text(&out->username, "<token>", err) == 0 ? 1 : -1;
    }
    if (entry->auth.len > 0)
        return split_auth(out, &entry->auth, err) == 0 ? 1 : -1;
    if (format != AUTH_FORMAT_DOCKER || entry->username.len == 0 || entry->password.len == 0)
        return 0;
    secret_move(&out->username, &entry->username);
    secret_move(&out->token, &entry->password);
    return 1;
}

static int try_key(struct lookup *out, const struct source *source, const char *key,
                   struct error *err)
{
    struct document_entry entry;
    int ret = document_find(&entry, source->text, source->name, key, err);

    if (ret <= 0)
        return ret;
    (void)snprintf(out->key, sizeof(out->key), "%s", key);
    ret = take_entry(out, &entry, source->format, err);
    if (ret < 0)
        (void)error_wrap(err, "the entry '%s' in %s cannot be used", key, source->name);
    document_entry_clear(&entry);
    return ret;
}

struct fallback {
    const struct lookup_request *request;
    enum auth_format format;
    char key[AUTH_FILE_KEY_MAX + 1];
};

static bool notice_fallback(void *ctx, const char *key)
{
    struct fallback *fallback = ctx;
    const char *host = fallback->request->host;
    bool fits = fallback->format == AUTH_FORMAT_DOCKER ? key_is_fallback(key, host)
                                                       : key_is_spelling(key, host);

    if (!fits || strlen(key) > AUTH_FILE_KEY_MAX)
        return true;
    (void)snprintf(fallback->key, sizeof(fallback->key), "%s", key);
    return false;
}

static int try_fallback(struct lookup *out, const struct source *source,
                        const struct lookup_request *request, struct error *err)
{
    struct fallback fallback = {.request = request, .format = source->format};

    if (document_each_key(source->text, source->name, "", notice_fallback, &fallback, err) < 0)
        return -1;
    return fallback.key[0] != '\0' ? try_key(out, source, fallback.key, err) : 0;
}

/* The key itself, then what stands above it: "h/a/b", "h/a", "h". */
static int try_keys(struct lookup *out, const struct source *source,
                    const struct lookup_request *request, struct error *err)
{
    char key[AUTH_FILE_KEY_MAX + 1];
    int ret;

    (void)snprintf(key, sizeof(key), "%s", request->key);
    for (;;) {
        char *slash = strrchr(key, '/');

        ret = try_key(out, source, key, err);
        if (ret != 0 || slash == NULL || source->format == AUTH_FORMAT_DOCKER)
            return ret != 0 ? ret : try_fallback(out, source, request, err);
        *slash = '\0';
    }
}

static int ask_helper(struct lookup *out, const struct lookup_request *request, struct error *err)
{
    struct helper helper = {
        .name = out->helper, .clock = request->clock, .deadline_ms = request->deadline_ms};
    int ret = helper_get(&helper, request->host, &out->username, &out->token, err);

    (void)snprintf(out->key, sizeof(out->key), "%s", request->host);
    out->is_identity_token = ret > 0 && strcmp(secret_text(&out->username), "<token>") == 0;
    return ret;
}

static int look_into(struct lookup *out, const struct source *source,
                     const struct lookup_request *request, struct error *err)
{
    bool is_docker = source->format == AUTH_FORMAT_DOCKER;

    (void)snprintf(out->path, sizeof(out->path), "%s", source->path);
    out->format = source->format;
    if (document_helper(out->helper, source->text, source->name, request->host, is_docker, err) < 0)
        return -1;
    return out->helper[0] != '\0' ? ask_helper(out, request, err)
                                  : try_keys(out, source, request, err);
}

int lookup_file(struct lookup *out, const struct location *file,
                const struct lookup_request *request, struct error *err)
{
    struct lookup built = LOOKUP_INIT;
    struct secret text = SECRET_INIT;
    char name[PATH_MAX + 3];
    struct source source = {
        .text = &text, .name = name, .path = file->path, .format = file->format};
    int ret = locked_file_peek(file->path, &text, DOCUMENT_MAX, err);

    (void)snprintf(name, sizeof(name), "'%s'", file->path);
    if (ret < 0)
        preflight_hint(file->path, access(file->path, R_OK) < 0 ? errno : 0, err);
    else
        ret = look_into(&built, &source, request, err);
    if (ret > 0) {
        *out = built;
        built = LOOKUP_INIT; /* moved */
    }
    lookup_clear(&built);
    secret_clear(&text);
    return ret;
}

/* Docker says of a variable that it cannot read so, and goes on to the file. */
static int look_into_variable(struct lookup *out, const struct lookup_request *request)
{
    const char *config = request->places->environment("DOCKER_AUTH_CONFIG");
    struct lookup built = LOOKUP_INIT;
    struct error ignored = ERROR_INIT;
    struct secret text = SECRET_INIT;
    struct source source = {
        .text = &text, .name = "DOCKER_AUTH_CONFIG", .path = "", .format = AUTH_FORMAT_DOCKER};
    int ret = 0;

    if (config != NULL && secret_append_text(&text, config, &ignored) == 0)
        ret = try_key(&built, &source, request->key, &ignored);
    if (ret > 0) {
        *out = built;
        built = LOOKUP_INIT; /* moved */
    }
    lookup_clear(&built);
    secret_clear(&text);
    return ret > 0;
}

int lookup_docker(struct lookup *out, const struct lookup_request *request, struct error *err)
{
    struct location file;

    if (look_into_variable(out, request))
        return 1;
    if (location_docker(&file, request->places, err) < 0)
        return -1;
    return lookup_file(out, &file, request, err);
}

int lookup_podman(struct lookup *out, const struct lookup_request *request, struct error *err)
{
    struct location files[LOCATION_PODMAN_MAX];
    size_t count;
    int ret = location_podman_way(files, &count, request->places, err);

    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = lookup_file(out, &files[i], request, err);
    return ret;
}
