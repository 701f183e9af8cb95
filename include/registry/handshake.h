/*
 * The v2 login handshake: is this credential good at this registry?
 *
 *   1. GET /v2/ without credentials: 401 with a challenge. 200 proves nothing: then an image that
 *      asks for a credential is the proof, by its own challenge.
 *      A registry on this machine that speaks no TLS is asked over http from then on.
 *   2. Bearer: GET realm?service=…&account=USER&client_id=ghcr-login with HTTP Basic, without a
 *      scope (GHCR's challenge carries a placeholder), answered by a token.
 *   3. GET /v2/ with that bearer (or with Basic, if that was the challenge): 200 exactly. 401
 *      to a fresh bearer is asked once more, a second later.
 *
 *   4. For each image: a bearer for scope=repository:NAME:pull, and HEAD of its manifest. Not a
 *      byte of the image is fetched.
 *
 * Without a credential there are only two steps: 1, and for each image 4, with a bearer that the
 * registry issues to anybody.
 *
 * For each request one redirect within the same scheme, host and port is followed. Only an explicit
 * answer is a refusal: 401, or 403 with a code (GHCR says 403 DENIED). Sources:
 * the distribution project's token.md, the OCI distribution-spec (end-1), what docker login does.
 */
#ifndef REGISTRY_HANDSHAKE_H
#define REGISTRY_HANDSHAKE_H

#include "base/error.h"
#include "registry/outcome.h"
#include "registry/question.h"
#include "registry/retry.h"

/*
 * Fills *outcome in either case. Returns 0 when the registry accepted the credential (if there is
 * one) and gives every image for it, and -1 with *err set otherwise:
 * CLASS_REJECTED when it refused, CLASS_UNREACHABLE when it could not be asked, CLASS_UNPROVED when
 * its answers prove nothing, CLASS_FORBIDDEN when it accepted the credential but not the pull of an
 * image, or has no such image; registries that hide what one may not see answer both alike.
 */
int handshake_prove(const struct question *question, const struct retry *retry,
                    struct outcome *outcome, struct error *err) __attribute__((warn_unused_result));

#endif
