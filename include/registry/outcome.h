/*
 * What happened when a registry was asked, as facts: how far it came, and what the last answer was.
 * Code that gives advice decides by these, never by the words of an error.
 */
#ifndef REGISTRY_OUTCOME_H
#define REGISTRY_OUTCOME_H

#include <stdbool.h>

/* Which step the last request belongs to. */
enum outcome_phase {
    OUTCOME_NOT_ASKED,
    OUTCOME_PING,            /* /v2/ without a credential */
    OUTCOME_TOKEN,           /* the credential at the token server, for no scope */
    OUTCOME_BASIC,           /* the credential itself at /v2/ */
    OUTCOME_PING_WITH_TOKEN, /* at /v2/ what the token server gave for it */
    OUTCOME_SCOPE_TOKEN,     /* the credential at the token server, to pull an image */
    OUTCOME_MANIFEST,        /* the image's manifest */
    OUTCOME_PHASE_COUNT,
};

/* The first error code of a JSON answer (OCI distribution-spec, "Error Codes"). */
enum outcome_code {
    OUTCOME_CODE_NONE,
    OUTCOME_CODE_DENIED,
    OUTCOME_CODE_UNAUTHORIZED,
    OUTCOME_CODE_MANIFEST_UNKNOWN,
    OUTCOME_CODE_NAME_UNKNOWN,
    OUTCOME_CODE_TOO_MANY_REQUESTS,
    OUTCOME_CODE_OTHER,
    OUTCOME_CODE_COUNT,
};

/* What servers tell in words alone; bits. answer.c has the words. */
enum outcome_phrase {
    /* of GitHub's registry */
    OUTCOME_SAYS_NO_CLASSIC = 1U << 0,      /* the organisation forbids classic tokens */
    OUTCOME_SAYS_SCOPES = 1U << 1,          /* the token lacks the scope */
    OUTCOME_SAYS_UNAUTHENTICATED = 1U << 2, /* it does not know the token */
    OUTCOME_SAYS_INVALID_TOKEN = 1U << 3,   /* nor the bearer that it gave */
    OUTCOME_SAYS_INSTALLATION = 1U << 4,    /* the package does not let the repository in */
    OUTCOME_SAYS_NOT_INSTALLED = 1U << 5,   /* the app is not installed there */
    OUTCOME_SAYS_READ_PACKAGE = 1U << 6,    /* the account has no right to the package */
    /* of any */
    OUTCOME_SAYS_MANIFEST_UNKNOWN = 1U << 7,
    OUTCOME_SAYS_CLIENT_CERTIFICATE = 1U << 8, /* it wants one */
    OUTCOME_SAYS_TLS_PORT = 1U << 9,           /* it was asked in plain http */
    OUTCOME_SAYS_ADDRESS = 1U << 10,           /* this machine's address is not let in */
    OUTCOME_SAYS_DIRECTORY = 1U << 11,         /* its directory service is in trouble */
    OUTCOME_SAYS_LOCKED_OUT = 1U << 12,        /* too many failed logins came from here */
    OUTCOME_SAYS_GATEWAY = 1U << 13,           /* what stands in front of it speaks */
    OUTCOME_PHRASES = (1U << 14) - 1,
    /* Where it says one of these, it is the registry that does not let the image be pulled. */
    OUTCOME_SAYS_FORBIDDEN = OUTCOME_SAYS_NO_CLASSIC | OUTCOME_SAYS_SCOPES |
                             OUTCOME_SAYS_UNAUTHENTICATED | OUTCOME_SAYS_INVALID_TOKEN |
                             OUTCOME_SAYS_INSTALLATION | OUTCOME_SAYS_NOT_INSTALLED |
                             OUTCOME_SAYS_READ_PACKAGE,
    /* Where it says one of these, it says nothing about the credential. */
    OUTCOME_SAYS_NO_VERDICT = OUTCOME_SAYS_ADDRESS | OUTCOME_SAYS_DIRECTORY |
                              OUTCOME_SAYS_LOCKED_OUT | OUTCOME_SAYS_GATEWAY,
};

struct outcome {
    enum outcome_phase phase;
    int status; /* of HTTP; 0: no answer */
    enum outcome_code code;
    unsigned phrases; /* of enum outcome_phrase */
    bool is_good;     /* the registry took the credential, whatever came of the images */
};

/* Whether the registry said 401 to what the token server had given for the credential. */
static inline bool outcome_is_after_grant(const struct outcome *outcome)
{
    return outcome->phase == OUTCOME_PING_WITH_TOKEN && outcome->status == 401;
}

/* Where a refusal (CLASS_REJECTED) is one of the credential itself, and of nothing given for it. */
static inline bool outcome_is_of_credential(const struct outcome *outcome)
{
    return outcome->phase == OUTCOME_TOKEN || outcome->phase == OUTCOME_BASIC;
}

#endif
