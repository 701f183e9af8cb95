#include "store/lookup.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "store/helper/helper.h"
#include "store/look.h"
#include "store/file/locked_file.h"
#include "store/file/preflight.h"
#include "store/path.h"
#include "store/text/decode.h"
#include "store/text/edit.h"
#include "store/text/layout.h"
#include "store/text/syntax.h"

/* A file under inspection. */
struct source {
    struct document document;
    const struct reader *reader;  /* in whose way it is read */
    const struct reader *bare_of; /* who dropped the path of its keys, which now goes for all who
                                     read it; NULL: it is not bare */
};

void lookup_clear(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    holding_clear(&lookup->held);
    *lookup = LOOKUP_INIT;
}

/* Returns 1 with the entry under `key` in *out, whatever it holds, 0 if there is none, or -1. */
static int try_key(struct lookup *out, const struct source *source, const char *key,
                   struct error *err)
{
    (void)snprintf(out->key, sizeof(out->key), "%s", key);
    return holding_find(&out->held, &source->document, key, source->reader, err);
}

static int try_fallback(struct lookup *out, const struct source *source,
                        const struct lookup_request *request, struct error *err)
{
    const char *host = reader_host(source->reader, request->registry);
    struct document_member member = document_members(&source->document, DOCUMENT_AUTHS);

    while (document_next(&member)) {
        bool serves = source->reader->is_fallback(member.key, host) ||
                      (source->bare_of != NULL && source->bare_of->is_fallback(member.key, host));

        if (serves && strlen(member.key) <= READER_KEY_MAX)
            return try_key(out, source, member.key, err);
    }
    return 0;
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
    /* An empty entry is docker's sign for a helper: it ends the search, and gives nothing. */
    return ret > 0 ? out->held.token.len > 0 : ret;
}

static int lookup_ask_helper(struct lookup *out, const char *host,
                             const struct lookup_request *request, struct error *err)
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
    return out->helper[0] != '\0' ? lookup_ask_helper(out, host, request, err)
                                  : try_keys(out, source, request, err);
}

/* Return what was found, if anything; or where the search broke off. */
static int lookup_finish(struct lookup *out, struct lookup *built, int ret)
{
    if (ret <= 0) {
        holding_clear(&built->held);
        built->key[0] = '\0';
    }
    if (ret != 0 || built->helper[0] != '\0') {
        lookup_clear(out);
        *out = *built;
        *built = LOOKUP_INIT; /* moved */
    }
    lookup_clear(built);
    return ret;
}

/* What one reader rejects is no fault of the file: another may read it. */
static int lookup_check_all(struct lookup *built, const struct source *source, struct error *err)
{
    int ret = holding_check_all(&source->document, source->reader, err);

    if (ret < 0)
        built->path[0] = '\0';
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
    struct source source = {
        .document = DOCUMENT_INIT,
        .reader = reader,
        .bare_of = file->is_bare ? file->owner : NULL,
    };
    int ret = look_at(&source.document, file->path, file->is_bare, err);

    memcpy(built.path, file->path, sizeof(built.path));
    if (ret == 0 && is_use && reader->takes_all_or_none)
        ret = lookup_check_all(&built, &source, err);
    if (ret == 0)
        ret = find_in(&built, &source, request, err);
    if (ret > 0 && is_use && !reader->takes_all_or_none && built.held.is_decoded)
        ret = lookup_check_all(&built, &source, err) < 0 ? -1 : ret;
    document_clear(&source.document);
    return lookup_finish(out, &built, ret);
}

int lookup_file(struct lookup *out, const struct location *file, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
{
    return look_into_file(out, file, reader, false, request, err);
}

/* The one member of an object, if it has that name: Go does not mind the case. */
static bool only_member(struct span *value, struct span object, const char *wanted)
{
    struct layout_walk walk;

    if (!layout_enter(&walk, object) || !layout_next(&walk) ||
        !syntax_is_name(layout_inner(walk.member.key), wanted))
        return false;
    *value = walk.member.value;
    return !layout_next(&walk);
}

static bool has_nothing_but_auths(const struct document *document)
{
    struct document_member member = document_members(document, DOCUMENT_AUTHS);
    struct span whole = {.data = secret_text(&document->text), .len = document->text.len};
    struct span value;

    if (!only_member(&value, whole, "auths"))
        return false;
    while (document_next(&member)) {
        if (!only_member(&value, member.value, "auth") || !document_is_text(value) ||
            layout_inner(value).len == 0)
            return false;
    }
    return true;
}

/* What cannot be decoded as a whole is skipped, and docker says so. */
static bool read_variable(struct document *out, const struct reader *reader, const char *text)
{
    struct secret copy = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool is_read = secret_append_text(&copy, text, &ignored) == 0 &&
                   document_parse(out, &copy, reader->variable, &ignored) == 0 &&
                   has_nothing_but_auths(out) && holding_check_all(out, reader, &ignored) == 0;

    secret_clear(&copy);
    return is_read;
}

bool lookup_variable_has(const struct reader *reader, const char *text, const char *key)
{
    struct document document = DOCUMENT_INIT;
    struct document_member ignored;
    bool has = read_variable(&document, reader, text) &&
               document_get(&ignored, &document, DOCUMENT_AUTHS, key);

    document_clear(&document);
    return has;
}

int lookup_variable_without(struct secret *out, const struct reader *reader, const char *text,
                            const char *registry, struct error *err)
{
    struct document_edit edit = {.change = DOCUMENT_REMOVE, .key = reader_host(reader, registry)};
    struct error malformed = ERROR_INIT; /* docker says so, and goes on to the file */
    struct document document = DOCUMENT_INIT;
    struct secret copy = SECRET_INIT;
    bool has_changed = false;

    if (secret_append_text(&copy, text, &malformed) == 0 &&
        document_parse(&document, &copy, reader->variable, &malformed) == 0 &&
        document_edit(&document, &edit, &has_changed, &malformed) == 0 && has_changed) {
        if (document.lists[DOCUMENT_AUTHS].count == 0)
            secret_clear(&document.text);
        secret_move(out, &document.text);
    }
    secret_clear(&copy);
    document_clear(&document);
    return malformed.cls == CLASS_INTERNAL ? error_no_memory(err) : has_changed;
}

static int look_into_variable(struct lookup *out, const struct reader *reader,
                              const struct lookup_request *request)
{
    const char *config = request->places->environment(reader->variable);
    const char *key = reader_host(reader, request->registry);
    struct lookup built = {.owner = reader};
    struct error ignored = ERROR_INIT;
    struct source source = {.document = DOCUMENT_INIT, .reader = reader};
    int ret = 0;

    if (config != NULL && read_variable(&source.document, reader, config))
        ret = try_key(&built, &source, key, &ignored);
    document_clear(&source.document);
    return lookup_finish(out, &built, ret > 0 && built.held.token.len > 0);
}

int lookup_find(struct lookup *out, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
{
    struct location files[READER_FILES_MAX];
    size_t count;
    int ret;

    if (reader->variable != NULL && !request->no_variable &&
        look_into_variable(out, reader, request) > 0)
        return 1;
    /* A file that cannot be read ends it: what podman would say, instead of going on. */
    ret = reader->files(files, &count, request->places, err);
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = look_into_file(out, &files[i], reader, true, request, err);
    return ret;
}
