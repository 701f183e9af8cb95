/*
 * The credential that one entry of an auth file holds, as its reader would take it. Pure.
 */
#ifndef STORE_TEXT_DECODE_H
#define STORE_TEXT_DECODE_H

#include "base/error.h"
#include "store/holding.h"
#include "store/text/document.h"
#include "store/reader.h"

/*
 * What `reader` finds under exactly `key`. Returns 1 and replaces *out (release with
 * holding_clear()), 0 if there is no such entry, or -1 with *err set (CLASS_AUTHFILE).
 */
int holding_find(struct holding *out, const struct document *document, const char *key,
                 const struct reader *reader, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Whether `reader` can read the whole file, all of which is of the types that it wants,
 * and docker can decode each "auth". Otherwise podman takes nothing from it, and docker no "auth",
 * or by chance not all; what else stands in an entry it takes, and it asks helpers. Returns 0, or
 * -1 with the empty *err set (CLASS_AUTHFILE).
 */
int holding_check_all(const struct document *document, const struct reader *reader,
                      struct error *err) __attribute__((warn_unused_result));

#endif
