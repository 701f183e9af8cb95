/*
 * Certificates out of PEM text (RFC 7468), one by one, as Go reads a bundle: anything that is no
 * certificate, or a damaged one, is skipped, and the others count. OpenSSL drops the whole bundle
 * for it.
 */
#ifndef REGISTRY_HTTP_PEM_H
#define REGISTRY_HTTP_PEM_H

#include "base/secret.h"

/*
 * Append each whole certificate of `text` to *out, written anew, up to `max` bytes in all. Whole
 * means that its base64 can be read and that its DER (X.690) nests as it says, with the three parts
 * of a certificate (RFC 5280 section 4.1). Returns 0, or -1 with *err set: no memory, or too long.
 */
int pem_append_certificates(struct secret *out, const struct secret *text, size_t max,
                            struct error *err) __attribute__((warn_unused_result));

#endif
