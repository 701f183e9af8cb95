#include "store/lookup.h"

#include <stdio.h>
#include <string.h>

#include "store/auth_variable.h"
#include "store/text/document.h"
#include "store/helper/helper.h"
#include "store/key.h"
#include "store/file/look.h"

/* A file under inspection. */
struct source {
    struct document document;
    enum auth_format reader; /* in whose way it is read */
};

void lookup_clear(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    holding_clear(&lookup->held);
    *lookup = LOOKUP_INIT;
}

/* Returns 1 with the entry under `key` in *out, whatever it holds, 0 where there is none, or -1. */
static int try_key(struct lookup *out, const struct source *source, const char *key,
                   struct error *err)
{
    (void)snprintf(out->key, sizeof(out->key), "%s", key);
    return holding_find(&out->held, &source->document, key, source->reader, err);
}

struct fallback {
    const struct lookup_request *request;
    enum auth_format reader;
    char key[AUTH_FILE_KEY_MAX + 1];
};

static bool notice_fallback(void *ctx, const char *key)
{
    struct fallback *fallback = ctx;
    const char *host = fallback->request->host;
    bool fits = fallback->reader == AUTH_FORMAT_DOCKER ? key_is_fallback(key, host)
                                                       : key_is_spelling(key, host);

    if (!fits || strlen(key) > AUTH_FILE_KEY_MAX)
        return true;
    (void)snprintf(fallback->key, sizeof(fallback->key), "%s", key);
    return false;
}

static int try_fallback(struct lookup *out, const struct source *source,
                        const struct lookup_request *request, struct error *err)
{
    struct fallback fallback = {.request = request, .reader = source->reader};

    return document_each_key(&source->document, notice_fallback, &fallback)
               ? 0
               : try_key(out, source, fallback.key, err);
}

/* The key itself, then for podman what stands above it: "h/a/b", "h/a", "h". */
static int try_keys(struct lookup *out, const struct source *source,
                    const struct lookup_request *request, struct error *err)
{
    char key[AUTH_FILE_KEY_MAX + 1];
    char *slash;
    int ret;

    (void)snprintf(key, sizeof(key), "%s", request->key);
    ret = try_key(out, source, key, err);
    while (ret == 0 && source->reader == AUTH_FORMAT_PODMAN &&
           (slash = strrchr(key, '/')) != NULL) {
        *slash = '\0';
        ret = try_key(out, source, key, err);
    }
    if (ret == 0)
        ret = try_fallback(out, source, request, err);
    return ret > 0 ? out->held.token.len > 0 : ret;
}

static int ask_helper(struct lookup *out, const struct lookup_request *request, struct error *err)
{
    struct helper helper = {.name = out->helper,
                            .file = out->path,
                            .clock = request->clock,
                            .deadline_ms = request->deadline_ms};
    struct holding *held = &out->held;
    int ret = helper_get(&helper, request->host, &held->username, &held->token, err);

    (void)snprintf(out->key, sizeof(out->key), "%s", request->host);
    if (ret > 0 && strcmp(secret_text(&held->username), "<token>") == 0)
        held->token_kind = "an identity token";
    return ret;
}

static int find_in(struct lookup *out, const struct source *source,
                   const struct lookup_request *request, struct error *err)
{
    bool is_docker = source->reader == AUTH_FORMAT_DOCKER;

    (void)document_helper(out->helper, &source->document, request->host, is_docker);
    if (request->no_helper)
        out->helper[0] = '\0';
    return out->helper[0] != '\0' ? ask_helper(out, request, err)
                                  : try_keys(out, source, request, err);
}

/* Give what was found out, if anything was. */
static int finish(struct lookup *out, struct lookup *built, int ret)
{
    if (ret > 0) {
        lookup_clear(out);
        *out = *built;
        *built = LOOKUP_INIT; /* moved */
    }
    lookup_clear(built);
    return ret;
}

/*
 * Podman reads docker's file too, in its own way. `is_use`: as the reader itself, with all that it
 * cannot use of a file that it cannot read as a whole (holding_check_all()).
 */
static int look_into_file(struct lookup *out, const struct location *file, enum auth_format reader,
                          bool is_use, const struct lookup_request *request, struct error *err)
{
    struct lookup built = {.format = file->format};
    struct source source = {.document = DOCUMENT_INIT, .reader = reader};
    bool is_docker = reader == AUTH_FORMAT_DOCKER;
    int ret = look_into(&source.document, file->path, err);

    memcpy(built.path, file->path, sizeof(built.path));
    if (ret == 0 && is_use && !is_docker)
        ret = holding_check_all(&source.document, reader, err);
    if (ret == 0)
        ret = find_in(&built, &source, request, err);
    if (ret > 0 && is_use && is_docker && built.held.is_decoded &&
        holding_check_all(&source.document, reader, err) < 0)
        ret = -1;
    document_clear(&source.document);
    return finish(out, &built, ret);
}

int lookup_file(struct lookup *out, const struct location *file, enum auth_format reader,
                const struct lookup_request *request, struct error *err)
{
    return look_into_file(out, file, reader, false, request, err);
}

/* Docker says of a variable that it cannot read so, and goes on to the file. */
static int look_into_variable(struct lookup *out, const struct lookup_request *request)
{
    const char *config = request->places->environment("DOCKER_AUTH_CONFIG");
    struct lookup built = {.format = AUTH_FORMAT_DOCKER};
    struct error ignored = ERROR_INIT;
    struct secret text = SECRET_INIT;
    struct source source = {.document = DOCUMENT_INIT, .reader = AUTH_FORMAT_DOCKER};
    int ret = 0;

    if (config != NULL && auth_variable_has(config, request->key) &&
        secret_append_text(&text, config, &ignored) == 0 &&
        document_parse(&source.document, &text, "DOCKER_AUTH_CONFIG", &ignored) == 0)
        ret = try_key(&built, &source, request->key, &ignored);
    secret_clear(&text);
    document_clear(&source.document);
    return finish(out, &built, ret > 0 && built.held.token.len > 0);
}

int lookup_docker(struct lookup *out, const struct lookup_request *request, struct error *err)
{
    struct location file;

    if (look_into_variable(out, request))
        return 1;
    if (location_docker(&file, request->places, err) < 0)
        return -1;
    return look_into_file(out, &file, file.format, true, request, err);
}

int lookup_podman(struct lookup *out, const struct lookup_request *request, struct error *err)
{
    struct location_request places = *request->places;
    struct location files[LOCATION_PODMAN_MAX];
    size_t count;
    int ret;

    places.config_dir = NULL; /* which is for docker */
    ret = location_podman_way(files, &count, &places, err);
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = look_into_file(out, &files[i], AUTH_FORMAT_PODMAN, true, request, err);
    return ret;
}
