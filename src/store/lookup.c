#include "store/lookup.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/helper/helper.h"
#include "store/look.h"
#include "store/text/decode.h"
#include "store/text/edit.h"

/* A file under inspection. */
struct source {
    const struct document *document;
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
    return holding_find(&out->held, source->document, key, source->reader, err);
}

static int try_fallback(struct lookup *out, const struct source *source,
                        const struct lookup_request *request, struct error *err)
{
    const char *host = reader_host(source->reader, request->registry);
    struct document_member member = document_members(source->document, DOCUMENT_AUTHS);

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

    (void)document_helper(out->helper, source->document, source->reader, host);
    if (request->no_helper)
        out->helper[0] = '\0';
    return out->helper[0] != '\0' ? lookup_ask_helper(out, host, request, err)
                                  : try_keys(out, source, request, err);
}

/* Return what was found, if anything; or where the search broke off. */
static int lookup_finish(struct lookup *out, struct lookup *built, int ret)
{
    if (ret <= 0) {
        if (ret < 0 && built->helper[0] == '\0' && built->path[0] != '\0')
            memcpy(built->entry, built->key, sizeof(built->entry));
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
static int lookup_check_all(struct lookup *built, const struct source *source,
                            const struct lookup_request *request, struct error *err)
{
    int ret = look_check_all(request->snapshot, source->document, source->reader, err);

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
    struct source source = {.reader = reader, .bare_of = file->is_bare ? file->owner : NULL};
    int ret = look_once(&source.document, request->snapshot, file, err);

    memcpy(built.path, file->path, sizeof(built.path));
    if (ret == 0 && is_use && reader->takes_all_or_none)
        ret = lookup_check_all(&built, &source, request, err);
    if (ret == 0)
        ret = find_in(&built, &source, request, err);
    if (ret > 0 && is_use && !reader->takes_all_or_none && built.held.is_decoded)
        ret = lookup_check_all(&built, &source, request, err) < 0 ? -1 : ret;
    return lookup_finish(out, &built, ret);
}

bool lookup_variable_has(const struct reader *reader, const char *text, const char *key)
{
    struct document document = DOCUMENT_INIT;
    struct document_member ignored;
    struct error unread = ERROR_INIT;
    bool has = look_at_variable(&document, reader, text, &unread) > 0 &&
               document_get(&ignored, &document, DOCUMENT_AUTHS, key);

    document_clear(&document);
    return has;
}

int lookup_variable_without(struct secret *out, const struct reader *reader, const char *text,
                            const char *registry, struct error *err)
{
    struct document_edit edit = {.change = DOCUMENT_REMOVE, .key = reader_host(reader, registry)};
    struct error unread = ERROR_INIT; /* docker says so, and goes on to the file */
    struct document document = DOCUMENT_INIT;
    bool has_changed = false;

    if (look_at_variable(&document, reader, text, &unread) > 0 &&
        document_edit(&document, &edit, &has_changed, &unread) == 0 && has_changed) {
        if (document.lists[DOCUMENT_AUTHS].count == 0)
            secret_clear(&document.text);
        secret_move(out, &document.text);
    }
    document_clear(&document);
    return unread.cls == CLASS_INTERNAL ? error_no_memory(err) : has_changed;
}

static int look_into_variable(struct lookup *out, const struct reader *reader,
                              const struct lookup_request *request)
{
    const char *key = reader_host(reader, request->registry);
    struct lookup built = {.owner = reader};
    struct error ignored = ERROR_INIT;
    struct source source = {
        .document = look_once_at_variable(request->snapshot, reader, request->places),
        .reader = reader,
    };
    int ret = source.document != NULL ? try_key(&built, &source, key, &ignored) : 0;

    return lookup_finish(out, &built, ret > 0 && built.held.token.len > 0);
}

static int lookup_go(struct lookup *out, const struct reader *reader,
                     const struct lookup_request *request, struct error *err)
{
    struct location files[READER_FILES_MAX];
    size_t count;
    int ret;

    if (!request->no_variable && look_into_variable(out, reader, request) > 0)
        return 1;
    /* A file that cannot be read ends it: what podman would say, instead of going on. */
    ret = reader->files(files, &count, request->places, err);
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = look_into_file(out, &files[i], reader, true, request, err);
    return ret;
}

int lookup_find(struct lookup *out, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
{
    struct snapshot own = SNAPSHOT_INIT;
    struct lookup_request with_own = *request;
    int ret;

    if (request->snapshot == NULL)
        with_own.snapshot = &own;
    ret = lookup_go(out, reader, &with_own, err);
    snapshot_clear(&own);
    return ret;
}

int lookup_file(struct lookup *out, const struct location *file, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
{
    struct snapshot own = SNAPSHOT_INIT;
    struct lookup_request with_own = *request;
    int ret;

    with_own.snapshot = &own; /* the file as it is now */
    ret = look_into_file(out, file, reader, false, &with_own, err);
    snapshot_clear(&own);
    return ret;
}
