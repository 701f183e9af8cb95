#include "store/lookup.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "store/helper/helper.h"
#include "store/file/look.h"
#include "store/text/decode.h"
#include "store/text/edit.h"

/* A file under inspection. */
struct source {
    struct document document;
    const struct reader *reader; /* in whose way it is read */
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
    const char *host;
    const struct reader *reader;
    char key[READER_KEY_MAX + 1];
};

static bool notice_fallback(void *ctx, const char *key)
{
    struct fallback *fallback = ctx;

    if (!fallback->reader->is_fallback(key, fallback->host) || strlen(key) > READER_KEY_MAX)
        return true;
    (void)snprintf(fallback->key, sizeof(fallback->key), "%s", key);
    return false;
}

static int try_fallback(struct lookup *out, const struct source *source,
                        const struct lookup_request *request, struct error *err)
{
    struct fallback fallback = {.host = reader_host(source->reader, request->registry),
                                .reader = source->reader};

    return document_each_key(&source->document, notice_fallback, &fallback)
               ? 0
               : try_key(out, source, fallback.key, err);
}

/* The key itself, then for podman what stands above it: "h/a/b", "h/a", "h". */
static int try_keys(struct lookup *out, const struct source *source,
                    const struct lookup_request *request, struct error *err)
{
    char key[READER_KEY_MAX + 1];
    char *slash;
    int ret;

    (void)reader_key(key, source->reader, request->registry, request->name_space);
    ret = try_key(out, source, key, err);
    while (ret == 0 && source->reader->has_namespaces && (slash = strrchr(key, '/')) != NULL) {
        *slash = '\0';
        ret = try_key(out, source, key, err);
    }
    if (ret == 0)
        ret = try_fallback(out, source, request, err);
    return ret > 0 ? out->held.token.len > 0 : ret;
}

static int ask_helper(struct lookup *out, const char *host, const struct lookup_request *request,
                      struct error *err)
{
    struct helper helper = {.name = out->helper,
                            .file = out->path,
                            .clock = request->clock,
                            .deadline_ms = request->deadline_ms};
    struct holding *held = &out->held;
    int ret = helper_get(&helper, host, &held->username, &held->token, err);

    (void)snprintf(out->key, sizeof(out->key), "%s", host);
    if (ret > 0 && strcmp(secret_text(&held->username), "<token>") == 0)
        held->token_kind = "an identity token";
    return ret;
}

static int find_in(struct lookup *out, const struct source *source,
                   const struct lookup_request *request, struct error *err)
{
    const char *host = reader_host(source->reader, request->registry);

    (void)document_helper(out->helper, &source->document, source->reader, host);
    if (request->no_helper)
        out->helper[0] = '\0';
    return out->helper[0] != '\0' ? ask_helper(out, host, request, err)
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
static int look_into_file(struct lookup *out, const struct location *file,
                          const struct reader *reader, bool is_use,
                          const struct lookup_request *request, struct error *err)
{
    struct lookup built = {.owner = file->owner};
    struct source source = {.document = DOCUMENT_INIT, .reader = reader};
    int ret = look_into(&source.document, file->path, err);

    memcpy(built.path, file->path, sizeof(built.path));
    if (ret == 0 && is_use && reader->takes_all_or_none)
        ret = holding_check_all(&source.document, reader, err);
    if (ret == 0)
        ret = find_in(&built, &source, request, err);
    if (ret > 0 && is_use && !reader->takes_all_or_none && built.held.is_decoded &&
        holding_check_all(&source.document, reader, err) < 0)
        ret = -1;
    document_clear(&source.document);
    return finish(out, &built, ret);
}

int lookup_file(struct lookup *out, const struct location *file, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
{
    return look_into_file(out, file, reader, false, request, err);
}

static const char variable_name[] = "DOCKER_AUTH_CONFIG";

/* The one member of an object, where it has that name: Go does not mind the case. */
static json_t *only_member(json_t *object, const char *wanted)
{
    void *first = json_object_size(object) == 1 ? json_object_iter(object) : NULL;

    return first != NULL && strcasecmp(json_object_iter_key(first), wanted) == 0
               ? json_object_iter_value(first)
               : NULL;
}

static bool has_auths(json_t *auths, const char *key)
{
    for (void *i = json_object_iter(auths); i != NULL; i = json_object_iter_next(auths, i)) {
        if (json_string_length(only_member(json_object_iter_value(i), "auth")) == 0)
            return false;
    }
    return json_object_get(auths, key) != NULL;
}

/* Whether docker can decode them all, or it passes the variable over. */
static bool is_variable_readable(const char *text)
{
    struct document document = DOCUMENT_INIT;
    struct secret copy = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool is_read = secret_append_text(&copy, text, &ignored) == 0 &&
                   document_parse(&document, &copy, variable_name, &ignored) == 0 &&
                   holding_check_all(&document, &reader_docker, &ignored) == 0;

    document_clear(&document);
    secret_clear(&copy);
    return is_read;
}

bool lookup_variable_has(const char *text, const char *key)
{
    struct error ignored = ERROR_INIT;
    json_t *root = json_parse(text, strlen(text), variable_name, CLASS_AUTHFILE, &ignored);
    bool has = has_auths(only_member(root, "auths"), key);

    json_decref(root);
    return has && is_variable_readable(text);
}

static bool stop_at_key(void *ctx, const char *key)
{
    (void)ctx;
    (void)key;
    return false;
}

int lookup_variable_without(struct secret *out, const char *text, const char *registry,
                            struct error *err)
{
    struct document_edit edit = {.change = DOCUMENT_REMOVE,
                                 .key = reader_host(&reader_docker, registry)};
    struct error malformed = ERROR_INIT; /* docker says so, and goes on to the file */
    struct document document = DOCUMENT_INIT;
    struct secret copy = SECRET_INIT;
    bool has_changed = false;

    if (secret_append_text(&copy, text, &malformed) == 0 &&
        document_parse(&document, &copy, variable_name, &malformed) == 0 &&
        document_edit(&document, &edit, &has_changed, &malformed) == 0 && has_changed) {
        if (document_each_key(&document, stop_at_key, NULL))
            secret_clear(&document.text);
        secret_move(out, &document.text);
    }
    secret_clear(&copy);
    document_clear(&document);
    return malformed.cls == CLASS_INTERNAL ? error_no_memory(err) : has_changed;
}

static int look_into_variable(struct lookup *out, const struct lookup_request *request)
{
    const char *config = request->places->environment(variable_name);
    const char *key = reader_host(&reader_docker, request->registry);
    struct lookup built = {.owner = &reader_docker};
    struct error ignored = ERROR_INIT;
    struct secret text = SECRET_INIT;
    struct source source = {.document = DOCUMENT_INIT, .reader = &reader_docker};
    int ret = 0;

    if (config != NULL && lookup_variable_has(config, key) &&
        secret_append_text(&text, config, &ignored) == 0 &&
        document_parse(&source.document, &text, variable_name, &ignored) == 0)
        ret = try_key(&built, &source, key, &ignored);
    secret_clear(&text);
    document_clear(&source.document);
    return finish(out, &built, ret > 0 && built.held.token.len > 0);
}

int lookup_find(struct lookup *out, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
{
    struct location files[READER_FILES_MAX];
    size_t count;
    int ret;

    if (reader->obeys_variable && look_into_variable(out, request) > 0)
        return 1;
    ret = reader->files(files, &count, request->places, err);
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = look_into_file(out, &files[i], reader, true, request, err);
    return ret;
}
