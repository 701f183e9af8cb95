/*
 * Bytes that must not outlive their use: tokens, auth values, bearers, and any file or answer that
 * may hold one.
 *
 * A struct secret owns one heap block. It is never realloc'ed: growing makes a new block, copies,
 * and wipes the old one. secret_clear() wipes. A secret always has a NUL after its last byte, which
 * `len` does not count, so that text can be handed to C functions.
 *
 * The wipe_* functions are an allocator with the same promise, for libraries that let one in.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct secret {
    char *data; /* NULL when empty and never filled */
    size_t len; /* bytes in use, without the closing NUL */
    size_t cap; /* bytes in the block */
};

#define SECRET_INIT ((struct secret){.data = NULL})

/* Wipe and release; *s is SECRET_INIT afterwards. Accepts NULL and a cleared secret. */
void secret_clear(struct secret *s);

/*
 * Append `len` bytes so that no more than `max` are held in all.
 * Returns 0, or -1 with *err set (CLASS_INTERNAL) and *s as it was.
 */
int secret_append(struct secret *s, const void *data, size_t len, size_t max, struct error *err)
    __attribute__((warn_unused_result));

/* Append a C string; no limit but memory. */
int secret_append_text(struct secret *s, const char *text, struct error *err)
    __attribute__((warn_unused_result));

/* Move *from into *to, whose old content is wiped. *from is SECRET_INIT afterwards. */
void secret_move(struct secret *to, struct secret *from);

/* The bytes as text: "" if nothing was ever filled in. Owned by *s. */
const char *secret_text(const struct secret *s);

/* Whether two secrets hold the same bytes, in a time that depends on their lengths only. */
bool secret_is_equal(const struct secret *a, const struct secret *b);

/*
 * No core dump of this process, and no look into it by others of its user. In main(), and again
 * where its user changes, which may undo it (PR_SET_DUMPABLE of prctl(2)). Linux only. Returns 0,
 * or -1 with errno set.
 */
int secret_forbid_dump(void);

/*
 * malloc() and its kin, with blocks that are wiped when they are freed or moved.
 * Blocks of this allocator and of libc must not be mixed.
 */
void *wipe_malloc(size_t size);
void *wipe_calloc(size_t count, size_t size);
void *wipe_realloc(void *block, size_t size);
char *wipe_strdup(const char *text);
void wipe_free(void *block);

/*
 * Whether one of them has found no memory since this was asked last. A library may go on without
 * what it asked for: what it has made then is not to be trusted.
 */
bool wipe_was_starved(void);

#endif
