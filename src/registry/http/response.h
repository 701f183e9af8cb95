/*
 * Receive an answer, and read how long it asks to wait.
 */
#ifndef REGISTRY_HTTP_RESPONSE_H
#define REGISTRY_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scan.h"
#include "registry/message.h"

/* Wipe and release; an empty one is ready to be filled. */
void http_response_clear(struct http_response *response);

/* The value of the nth (from 0) header field `name`, case aside. False if there is none. */
bool http_response_header(const struct http_response *response, const char *name, size_t nth,
                          struct span *value);

/*
 * Take in one line of the header, with its line end. A status line begins the header anew: what
 * came before was an interim answer. A line that goes on with the last is joined to it.
 * False if no more can be taken: the header is bad (is_header_bad), or there is no memory.
 */
bool http_response_add_line(struct http_response *response, const char *line, size_t len)
    __attribute__((warn_unused_result));

/*
 * Take in more of the body, as far as there is room. False if no more can be taken: there is no
 * room (is_body_cut), or no memory.
 */
bool http_response_add_body(struct http_response *response, const char *data, size_t len)
    __attribute__((warn_unused_result));

/*
 * Whether an answer speaks of too many failed logins: asking again prolongs that (hub-feedback
 * #786).
 */
bool http_says_locked_out(const struct http_response *response);

/* A date of RFC 9110 section 5.6.7, in seconds since 1970; -1: it is not one. */
int64_t http_parse_date(const char *text);

/* Whether a status is one that waiting may mend. */
bool http_status_is_transient(int status);

/*
 * Milliseconds that an answer asks to wait; 0 when it does not say, or says nothing sensible.
 * `unix_s` is the time now, if the answer has no Date.
 */
int64_t http_retry_after_ms(const struct http_response *response, int64_t unix_s);

#endif
