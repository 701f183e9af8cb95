#include "store/look.h"

#include <stdlib.h>
#include <string.h>

#include "base/scan.h"
#include "store/file/locked_file.h"
#include "store/file/preflight.h"
#include "store/path.h"
#include "store/text/decode.h"
#include "store/text/layout.h"
#include "store/text/syntax.h"

/* "{...}" as the "auths" that it is, of a text that may be blank. */
static int wrap_bare(struct secret *text, struct error *err)
{
    struct secret whole = SECRET_INIT;
    struct span blank;
    struct scan s = scan_over(secret_text(text), text->len);
    int ret = 0;

    (void)scan_run(&s, " \t\r\n", &blank);
    if (scan_is_at_end(&s))
        return 0; /* as an absent file: wrapped it would be malformed */
    if (secret_append_text(&whole, "{\"auths\":", err) < 0 ||
        secret_append(&whole, text->data, text->len, SIZE_MAX - 1, err) < 0 ||
        secret_append_text(&whole, "}", err) < 0)
        ret = -1;
    else
        secret_move(text, &whole);
    secret_clear(&whole);
    return ret;
}

int look_at(struct document *out, const char *path, bool is_bare, struct error *err)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    int ret = -1;

    if (locked_file_look(&file, path, err) == 0 &&
        locked_file_read(&file, &text, DOCUMENT_MAX, err) == 0 &&
        (!is_bare || wrap_bare(&text, err) == 0))
        ret = document_parse(out, &text, path_quoted(path).text, err);
    if (ret < 0)
        obstacle_hint_unread(path, err);
    locked_file_close(&file);
    secret_clear(&text);
    return ret;
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

int look_at_variable(struct document *out, const struct reader *reader, const char *text,
                     struct error *err)
{
    struct document parsed = DOCUMENT_INIT;
    struct error unread = ERROR_INIT;
    struct secret copy = SECRET_INIT;
    bool is_taken = secret_append_text(&copy, text, &unread) == 0 &&
                    document_parse(&parsed, &copy, reader->variable, &unread) == 0 &&
                    has_nothing_but_auths(&parsed) &&
                    holding_check_all(&parsed, reader, &unread) == 0;

    if (is_taken) {
        document_clear(out);
        *out = parsed;
        parsed = DOCUMENT_INIT; /* moved */
    }
    document_clear(&parsed);
    secret_clear(&copy);
    return unread.cls == CLASS_INTERNAL ? error_no_memory(err) : is_taken;
}

/* A file, or the variable of a reader; read, or why not. */
struct snapshot_text {
    struct snapshot_text *next;
    const struct reader *of; /* whose variable; NULL: a file */
    struct location file;
    struct document document;
    bool is_taken;    /* of a variable */
    struct error err; /* of a file */
    struct {
        bool is_made;
        struct error err;
    } checks[READER_COUNT];
};

void snapshot_clear(struct snapshot *snapshot)
{
    while (snapshot->texts != NULL) {
        struct snapshot_text *text = snapshot->texts;

        snapshot->texts = text->next;
        document_clear(&text->document);
        free(text);
    }
}

/* Returns NULL without memory. */
static struct snapshot_text *snapshot_text(struct snapshot *snapshot, const struct location *file,
                                           const struct reader *of, bool *is_new)
{
    struct snapshot_text *text = snapshot->texts;

    while (text != NULL && (text->of != of || text->file.is_bare != file->is_bare ||
                            strcmp(text->file.path, file->path) != 0))
        text = text->next;
    *is_new = text == NULL;
    if (text != NULL || (text = calloc(1, sizeof(*text))) == NULL)
        return text;
    text->of = of;
    text->file = *file;
    text->next = snapshot->texts;
    snapshot->texts = text;
    return text;
}

int look_once(const struct document **out, struct snapshot *snapshot, const struct location *file,
              struct error *err)
{
    bool is_new;
    struct snapshot_text *text = snapshot_text(snapshot, file, NULL, &is_new);

    if (text == NULL)
        return error_no_memory(err);
    if (is_new)
        (void)!look_at(&text->document, file->path, file->is_bare, &text->err);
    if (text->err.cls != CLASS_NONE) {
        *err = text->err;
        return -1;
    }
    *out = &text->document;
    return 0;
}

const struct document *look_once_at_variable(struct snapshot *snapshot, const struct reader *reader,
                                             const struct location_request *places)
{
    const char *value = reader->variable != NULL ? places->environment(reader->variable) : NULL;
    const struct location nowhere = {.path = ""};
    struct snapshot_text *text;
    bool is_new;

    if (value == NULL || (text = snapshot_text(snapshot, &nowhere, reader, &is_new)) == NULL)
        return NULL;
    if (is_new)
        text->is_taken = look_at_variable(&text->document, reader, value, &text->err) > 0;
    return text->is_taken ? &text->document : NULL;
}

int look_check_all(struct snapshot *snapshot, const struct document *document,
                   const struct reader *reader, struct error *err)
{
    struct snapshot_text *text = snapshot->texts;
    size_t i = 0;

    while (&text->document != document)
        text = text->next;
    while (reader_all[i] != reader)
        i++;
    if (!text->checks[i].is_made)
        (void)!holding_check_all(document, reader, &text->checks[i].err);
    text->checks[i].is_made = true;
    if (text->checks[i].err.cls != CLASS_NONE)
        *err = text->checks[i].err;
    return text->checks[i].err.cls != CLASS_NONE ? -1 : 0;
}
