/*
 * Base64 (RFC 4648 section 4: standard alphabet, padded, one line) over libb64, which by itself
 * breaks lines (1.2) and decodes anything. The only user of libb64.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"

/*
 * Encode `in` as one line without a line end. Returns 0 and replaces *out (release with
 * secret_clear()), or -1 with *err set and *out untouched.
 */
int base64_encode(struct secret *out, const struct secret *in, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Encode "username:token", the credentials of HTTP Basic (RFC 7617 section 2) and the value of
 * "auth" in an auth file. Returns as base64_encode() does.
 */
int base64_encode_login(struct secret *out, const char *username, const struct secret *token,
                        struct error *err) __attribute__((warn_unused_result));

/*
 * Decode as docker and podman do (Go's StdEncoding): line breaks are skipped wherever they are, and
 * the bits that padding leaves over; foreign bytes, missing or misplaced padding are refused
 * (CLASS_AUTHFILE). Returns 0 and replaces *out, or -1 with *err set and *out untouched.
 */
int base64_decode(struct secret *out, const char *text, size_t len, struct error *err)
    __attribute__((warn_unused_result));

#endif
