/*
 * Any text given as an auth file: it is JSON where jansson says so; each change is refused, or
 * is what was meant (document_edit() judges), and nothing is due when the same is asked again.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "../unit/store/documents.h"
#include "base/json.h"
#include "store/text/syntax.h"

static const char key[] = "ghcr.io";

/* Any change: it is made or refused, and made once it is no longer due. */
static void change(const struct secret *in, enum document_change kind)
{
    struct secret auth = secret_of("dXNlcjp0b2tlbg==", 16);
    struct document_edit edit = {.change = kind, .key = key, .auth = &auth};
    struct secret out = SECRET_INIT;
    struct secret again = SECRET_INIT;
    struct error err = ERROR_INIT;
    bool changed = false;

    if (documents_edit(&out, in, "it", &edit, &changed, &err) < 0) {
        check_error(&err, CLASS_AUTHFILE); /* never CLASS_INTERNAL */
    } else {
        must(changed || secret_is_equal(in, &out));
        must(documents_edit(&again, &out, "it", &edit, &changed, &err) == 0);
        must(!changed && secret_is_equal(&out, &again));
    }
    secret_clear(&auth);
    secret_clear(&out);
    secret_clear(&again);
}

/* Every other one; returns whether any is of that kind. */
static bool mark_even(const struct document *document, bool *marks)
{
    struct document_member member = document_members(document, DOCUMENT_AUTHS);
    bool has = false;

    while (document_next(&member)) {
        marks[member.number] = strlen(member.key) % 2 == 0;
        has = has || marks[member.number];
    }
    return has;
}

/* Several members at once; judged like any change, and none of them is left. */
static void prune(struct document *document)
{
    struct error err = ERROR_INIT;
    bool *marks = calloc(document->lists[DOCUMENT_AUTHS].count + 1, sizeof(*marks));
    bool had;
    bool changed;

    must(marks != NULL);
    had = mark_even(document, marks);
    must(document_prune(document, marks, &changed, &err) == 0 && changed == had);
    must(!mark_even(document, marks));
    free(marks);
}

/* It is JSON to jansson too, or to neither. */
static void check_syntax(const struct secret *in)
{
    struct error ours = ERROR_INIT;
    struct error theirs = ERROR_INIT;
    json_t *json = json_parse(secret_text(in), in->len, "it", CLASS_AUTHFILE, &theirs);

    must((syntax_check(in, "it", &ours) == 0) == (json != NULL));
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum document_change all[] = {DOCUMENT_STORE, DOCUMENT_MARK, DOCUMENT_REMOVE,
                                               DOCUMENT_BYPASS, DOCUMENT_UNHELP};
    struct secret in = secret_of(data, size);
    struct document document = DOCUMENT_INIT;
    struct error err = ERROR_INIT;
    char helper[READER_HELPER_MAX + 1];

    check_syntax(&in);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        change(&in, all[i]);
    if (document_parse(&document, &in, "it", &err) < 0) {
        check_error(&err, CLASS_AUTHFILE);
    } else {
        must(strlen(document_helper(helper, &document, &reader_docker, key)) < sizeof(helper));
        prune(&document);
    }
    document_clear(&document);
    return 0;
}
