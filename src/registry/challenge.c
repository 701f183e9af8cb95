#include "registry/challenge.h"

#include <string.h>
#include <strings.h>

#include "base/scan.h"

static const char token68_bytes[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "-._~+/";

enum { PARAMETERS_MAX = 32 };

/* The names seen in one challenge, to refuse the second of a kind. */
struct names {
    struct span seen[PARAMETERS_MAX];
    size_t count;
};

static int malformed(const char *rule, struct error *err)
{
    return error_set(err, CLASS_UNPROVED, "the registry's WWW-Authenticate field %s", rule);
}

static int remember_name(struct names *names, struct span name, struct error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->seen[i].len == name.len &&
            strncasecmp(names->seen[i].data, name.data, name.len) == 0)
            return malformed("has a parameter twice in one challenge", err);
    }
    if (names->count == PARAMETERS_MAX)
        return malformed("has too many parameters", err);
    names->seen[names->count++] = name;
    return 0;
}

/* Past `name BWS "=" BWS`, as it begins an auth-param. */
static bool scan_parameter_name(struct scan *s, struct span *name)
{
    struct scan ahead = *s;

    if (!scan_token(&ahead, name))
        return false;
    (void)scan_blanks(&ahead);
    if (!scan_char(&ahead, '='))
        return false;
    (void)scan_blanks(&ahead);
    *s = ahead;
    return true;
}

static int parse_parameter(struct scan *s, struct span name, struct challenge *out,
                           struct error *err)
{
    char value[CHALLENGE_VALUE_MAX];
    struct span token;

    if (scan_is_at(s, '"')) {
        if (!scan_quoted(s, value, sizeof(value)))
            return malformed("has a quoted string that is malformed or too long", err);
    } else if (!scan_token(s, &token) || !span_copy(token, value, sizeof(value))) {
        return malformed("has a parameter without a value, or with one too long", err);
    }
    if (span_is(name, "realm"))
        memcpy(out->realm, value, sizeof(value));
    else if (span_is(name, "service"))
        memcpy(out->service, value, sizeof(value));
    return 0;
}

/* Past blanks and empty list elements; returns whether there was a comma (or the end). */
static bool skip_commas(struct scan *s)
{
    bool found = false;

    (void)scan_blanks(s);
    while (scan_char(s, ',')) {
        found = true;
        (void)scan_blanks(s);
    }
    return found || scan_is_at_end(s);
}

/* #auth-param, up to the end or to what must be the next scheme. */
static int parse_parameters(struct scan *s, struct challenge *out, struct error *err)
{
    struct names names = {.count = 0};
    struct span name;

    while (scan_parameter_name(s, &name)) {
        if (remember_name(&names, name, err) < 0 || parse_parameter(s, name, out, err) < 0)
            return -1;
        if (!skip_commas(s))
            return malformed("has no comma between two parameters", err);
    }
    return 0;
}

/* Past a token68, which must be all that the challenge has: a comma or the end follows. */
static bool scan_token68(struct scan *s)
{
    struct scan ahead = *s;
    struct span ignored;

    if (!scan_run(&ahead, token68_bytes, &ignored))
        return false;
    while (scan_char(&ahead, '='))
        ;
    if (!skip_commas(&ahead))
        return false;
    *s = ahead;
    return true;
}

static enum challenge_scheme scheme_named(struct span name)
{
    if (span_is(name, "bearer"))
        return CHALLENGE_BEARER;
    return span_is(name, "basic") ? CHALLENGE_BASIC : CHALLENGE_NONE;
}

static int parse_challenge(struct scan *s, struct challenge *out, struct error *err)
{
    struct span scheme;

    if (!scan_token(s, &scheme))
        return malformed("does not begin with a scheme", err);
    out->scheme = scheme_named(scheme);
    if (skip_commas(s)) /* a scheme alone */
        return 0;
    if (s->p[-1] != ' ' && s->p[-1] != '\t')
        return malformed("has a scheme with a foreign byte in it", err);
    if (scan_token68(s))
        return 0;
    return parse_parameters(s, out, err);
}

int challenge_add_field(struct challenge *challenge, const char *field, size_t len,
                        struct error *err)
{
    struct scan s = scan_over(field, len);
    struct challenge best = *challenge;

    (void)skip_commas(&s);
    while (!scan_is_at_end(&s)) {
        struct challenge next = {.scheme = CHALLENGE_NONE};

        if (parse_challenge(&s, &next, err) < 0)
            return -1;
        if (next.scheme > best.scheme)
            best = next;
    }
    *challenge = best;
    return 0;
}
