#include "registry/challenge.h"

#include <string.h>

#include "base/scan.h"

static const char token68_bytes[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "-._~+/";

/* What is read of one challenge, or of a field. */
enum challenge_part {
    PART_READ,
    PART_FAULT, /* no further: what was read before it counts */
    PART_REFUSED,
};

static enum challenge_part challenge_refuse(const char *rule, struct error *err)
{
    (void)error_set(err, CLASS_UNPROVED, "the registry's WWW-Authenticate field %s", rule);
    return PART_REFUSED;
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

static bool is_at_separator(const struct scan *s)
{
    return scan_is_at_end(s) || scan_is_at(s, ' ') || scan_is_at(s, '\t') || scan_is_at(s, ',');
}

/* A value without quotes: registries write a scope or an address so. It may be empty. */
static bool scan_bare_value(struct scan *s, char *value, size_t size)
{
    struct span bare = {.data = s->p};

    while (!scan_is_at_end(s) && (unsigned char)*s->p > ' ' && *s->p != ',' && *s->p != 0x7f)
        s->p++;
    bare.len = (size_t)(s->p - bare.data);
    return is_at_separator(s) && span_copy(bare, value, size);
}

static bool scan_value(struct scan *s, char *value, size_t size)
{
    return scan_is_at(s, '"') ? scan_quoted(s, value, size) : scan_bare_value(s, value, size);
}

/* Past a value that decides nothing, which may be longer than any that does: a scope. */
static bool challenge_skip_value(struct scan *s)
{
    struct scan ahead = *s;

    if (!scan_char(&ahead, '"')) {
        while (!is_at_separator(&ahead))
            ahead.p++;
        *s = ahead;
        return true;
    }
    while (!scan_is_at_end(&ahead) && !scan_is_at(&ahead, '"')) {
        (void)scan_char(&ahead, '\\');
        if (!scan_is_at_end(&ahead))
            ahead.p++;
    }
    if (!scan_char(&ahead, '"'))
        return false;
    *s = ahead;
    return true;
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

/* Where a value belongs; NULL: nowhere. */
static char *place_of(struct span name, struct challenge *out)
{
    if (span_is(name, "realm"))
        return out->realm;
    return span_is(name, "service") ? out->service : NULL;
}

/*
 * #auth-param, up to the end or to what must be the next scheme. The realm and service of Bearer
 * decide where a password goes; nothing depends on those of Basic.
 */
static enum challenge_part parse_parameters(struct scan *s, struct challenge *out,
                                            struct error *err)
{
    bool is_bearer = out->scheme == CHALLENGE_BEARER;
    bool has_realm = false;
    bool has_service = false;
    struct span name;

    while (scan_parameter_name(s, &name)) {
        char value[CHALLENGE_VALUE_MAX];
        char *place = place_of(name, out);
        bool *is_there = place == out->realm ? &has_realm : &has_service;

        if (place == NULL ? !challenge_skip_value(s) : !scan_value(s, value, sizeof(value)))
            /* docker takes the realm that it has read before a quote that is not closed. */
            return is_bearer && place != NULL && (!has_realm || challenge_skip_value(s))
                       ? challenge_refuse("has a realm or service that is malformed or too long",
                                          err)
                       : PART_FAULT;
        if (place != NULL && *is_there && is_bearer)
            return challenge_refuse("has a realm or service twice in one challenge", err);
        if (place != NULL && !*is_there) {
            memcpy(place, value, sizeof(value));
            *is_there = true;
        }
        (void)skip_commas(s); /* there may be none, as docker has it */
    }
    return PART_READ;
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

static enum challenge_part parse_challenge(struct scan *s, struct challenge *out, struct error *err)
{
    struct span scheme;

    if (!scan_token(s, &scheme))
        return PART_FAULT;
    if (!is_at_separator(s))
        return PART_FAULT;
    out->scheme = scheme_named(scheme);
    if (!skip_commas(s) && out->scheme == CHALLENGE_NONE && scan_token68(s))
        return PART_READ;
    return parse_parameters(s, out, err); /* a scheme alone has none */
}

int challenge_add_field(struct challenge *challenge, const char *field, size_t len,
                        struct error *err)
{
    struct scan s = scan_over(field, len);
    struct challenge best = *challenge;
    enum challenge_part part = PART_READ;

    /* A list may begin with empty elements (RFC 9110 section 5.6.1). */
    (void)skip_commas(&s);
    while (part == PART_READ && !scan_is_at_end(&s)) {
        struct challenge next = {.scheme = CHALLENGE_NONE};

        part = parse_challenge(&s, &next, err);
        if (part == PART_REFUSED)
            return -1;
        if (next.scheme > best.scheme)
            best = next;
    }
    *challenge = best;
    return 0;
}
