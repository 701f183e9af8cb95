/*
 * Documents made of texts, and edits from text to text.
 */
#ifndef TESTS_STORE_DOCUMENTS_H
#define TESTS_STORE_DOCUMENTS_H

#include "store/text/edit.h"

static inline int documents_parse(struct document *out, const struct secret *in, const char *name,
                                  struct error *err)
{
    struct secret copy = SECRET_INIT;
    int ret = secret_append(&copy, in->data, in->len, SIZE_MAX - 1, err);

    if (ret == 0)
        ret = document_parse(out, &copy, name, err);
    secret_clear(&copy);
    return ret;
}

static inline int documents_edit(struct secret *out, const struct secret *in, const char *name,
                                 const struct document_edit *edit, bool *changed, struct error *err)
{
    struct document document = DOCUMENT_INIT;
    int ret = documents_parse(&document, in, name, err);

    if (ret == 0)
        ret = document_edit(&document, edit, changed, err);
    if (ret == 0)
        secret_move(out, &document.text);
    document_clear(&document);
    return ret;
}

#endif
