/*
 * What it means that a step of a conversation was not answered as it should be.
 */
#ifndef REGISTRY_REFUSAL_H
#define REGISTRY_REFUSAL_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/conversation.h"

/*
 * Whether the last answer refuses a credential: 401, and 403, as GHCR and GitLab say it. A web page
 * with 403 is a firewall's word, not the registry's; 403 with Retry-After is a limit's.
 */
bool refusal_is_of_credential(const struct conversation *c);

/*
 * What any step makes of a status that is none of its own: redirects and unexpected answers prove
 * nothing, limits and 5xx are the registry's trouble. `what` was asked: "the token request of 'X'".
 * Returns -1 with *err set.
 */
int refusal_explain(struct conversation *c, const char *what, struct error *err);

#endif
