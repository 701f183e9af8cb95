/*
 * Any text given as an auth file: each change is refused, or the result is what jansson says it
 * must be (document_edit() asks it), and nothing is due when the same is asked again.
 */
#include "fuzz.h"

#include "../unit/store/documents.h"

static const char key[] = "ghcr.io";

static bool keep_going(void *ctx, const char *each)
{
    *(size_t *)ctx += strlen(each);
    return true;
}

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

static bool is_even(void *ctx, const char *each)
{
    (void)ctx;
    return strlen(each) % 2 == 0;
}

static bool is_odd(void *ctx, const char *each)
{
    return !is_even(ctx, each);
}

/* Several members at once; judged like any change, and none of them is left. */
static void prune(struct document *document)
{
    struct error err = ERROR_INIT;
    bool had = !document_each_key(document, is_odd, NULL);
    bool changed;

    must(document_prune(document, is_even, NULL, &changed, &err) == 0 && changed == had);
    must(document_each_key(document, is_odd, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum document_change all[] = {DOCUMENT_STORE, DOCUMENT_MARK, DOCUMENT_REMOVE,
                                               DOCUMENT_BYPASS, DOCUMENT_UNHELP};
    struct secret in = secret_of(data, size);
    struct document document = DOCUMENT_INIT;
    struct error err = ERROR_INIT;
    char helper[READER_HELPER_MAX + 1];
    size_t total = 0;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        change(&in, all[i]);
    if (document_parse(&document, &in, "it", &err) < 0) {
        check_error(&err, CLASS_AUTHFILE);
    } else {
        must(document_each_key(&document, keep_going, &total) &&
             strlen(document_helper(helper, &document, &reader_docker, key)) < sizeof(helper));
        prune(&document);
    }
    document_clear(&document);
    return 0;
}
