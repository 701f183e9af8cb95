/*
 * A look at an auth file: no lock is taken, and nothing is made.
 */
#ifndef STORE_LOOK_H
#define STORE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/text/document.h"

/*
 * Read the file at `path`, once whoever writes through it has finished, for which is waited until
 * `deadline_ms`. One that is absent is an empty document. *is_damaged (may be NULL): it is half
 * written, and this is its copy's text. Returns 0 and replaces *out (release with
 * document_clear()), or -1 with *err set (CLASS_AUTHFILE) and what to do.
 */
int look_into(struct document *out, const char *path, const struct clock *clock,
              int64_t deadline_ms, bool *is_damaged, struct error *err)
    __attribute__((warn_unused_result));

#endif
