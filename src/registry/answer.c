#include "registry/answer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"

/* RFC 6750 section 2.1 says less; RFC 9110 section 5.5 says what a field can carry at all. */
static int check_bearer(const char *text, size_t len, struct error *err)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e)
            return error_set(err, CLASS_UNPROVED,
                             "the token contains a byte that an HTTP header cannot carry");
    }
    return 0;
}

/*
 * Past an escape within a string. Half of a surrogate pair, which jansson refuses and Go reads as
 * U+FFFD, becomes DEL, which no token has.
 */
static size_t pass_escape(char *text, size_t left)
{
    enum { ESCAPE_LEN = 6, HIGH = 0xd800, LOW = 0xdc00, LAST = 0xdfff };
    static const char del[] = {'0', '0', '7', 'f'};
    unsigned units[2] = {0, 0};

    for (size_t i = 0; i < 2 && left >= (i + 1) * ESCAPE_LEN; i++) {
        char digits[5] = "";

        if (text[i * ESCAPE_LEN] != '\\' || text[i * ESCAPE_LEN + 1] != 'u')
            break;
        memcpy(digits, text + i * ESCAPE_LEN + 2, 4);
        units[i] = (unsigned)strtoul(digits, NULL, 16);
    }
    if (units[0] >= HIGH && units[0] < LOW && units[1] >= LOW && units[1] <= LAST)
        return 2 * (size_t)ESCAPE_LEN;
    if (units[0] >= HIGH && units[0] <= LAST)
        memcpy(text + 2, del, sizeof(del));
    return left < 2 ? left : 2;
}

/* Past the 'e' of a number, if it is one: what no double holds, and Go reads past, becomes less. */
static size_t pass_exponent(char *text, size_t left)
{
    size_t len = left > 1 && (text[1] == '+' || text[1] == '-') ? 2 : 1;

    for (; len < left && text[len] >= '0' && text[len] <= '9'; len++)
        text[len] = '0';
    return len;
}

/* What Go reads and jansson does not, in place. Bytes that are no UTF-8 become DEL as well. */
static void mend(struct secret *text)
{
    bool in_string = false;

    for (size_t i = 0; i < text->len;) {
        char *at = text->data + i;
        size_t left = text->len - i;
        size_t len = text_utf8_len(at, left);

        if (len == 0) {
            *at = 0x7f;
            i++;
        } else if (in_string && *at == '\\') {
            i += pass_escape(at, left);
        } else if (!in_string && (*at == 'e' || *at == 'E')) {
            i += pass_exponent(at, left);
        } else {
            in_string = in_string != (*at == '"');
            i += len;
        }
    }
}

/* As Go reads it: also the last of two equal keys counts, and text after an object does not. */
static json_t *answer_parse(const struct http_response *response, struct error *err)
{
    struct secret text = SECRET_INIT;
    json_t *json = NULL;

    if (secret_append(&text, secret_text(&response->body), response->body.len, HTTP_BODY_MAX,
                      err) == 0) {
        mend(&text);
        /* "it": the caller says of whom. */
        json = json_parse_last(secret_text(&text), text.len, "it", CLASS_UNPROVED, err);
    }
    secret_clear(&text);
    return json;
}

/* A member that is a text and not empty; the case of its key matters only if two differ in it. */
static const json_t *find_text(json_t *object, const char *name)
{
    const json_t *exact = json_object_get(object, name);
    const char *key;
    json_t *value;

    if (json_string_length(exact) > 0)
        return exact;
    json_object_foreach(object, key, value)
    {
        if (strcasecmp(key, name) == 0 && json_string_length(value) > 0)
            return value;
    }
    return NULL;
}

/* Those that nobody asked for, too. */
static int hide_tokens(struct redact *redact, json_t *json, struct error *err)
{
    static const char *const names[] = {"token", "access_token", "refresh_token", "id_token"};
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *found = find_text(json, names[i]);
        struct secret token = SECRET_INIT;

        if (found != NULL)
            ret = secret_append(&token, json_string_value(found), json_string_length(found),
                                HTTP_BODY_MAX, err);
        if (ret == 0)
            ret = redact_add(redact, &token, err);
        secret_clear(&token);
    }
    return ret;
}

int answer_token(struct secret *bearer, struct redact *redact, const struct http_response *response,
                 struct error *err)
{
    struct secret built = SECRET_INIT;
    const json_t *token;
    json_t *json;
    int ret = -1;

    if (response->is_body_cut)
        return error_set(err, CLASS_UNPROVED, "it is longer than %d bytes", HTTP_BODY_MAX);
    json = answer_parse(response, err);
    if (json == NULL)
        return -1;
    token = find_text(json, "token");
    if (token == NULL)
        token = find_text(json, "access_token");
    if (token == NULL) {
        (void)error_set(err, CLASS_UNPROVED, "it contains no token");
        goto out;
    }
    if (check_bearer(json_string_value(token), json_string_length(token), err) < 0 ||
        secret_append(&built, json_string_value(token), json_string_length(token), HTTP_BODY_MAX,
                      err) < 0 ||
        hide_tokens(redact, json, err) < 0)
        goto out;
    secret_move(bearer, &built);
    ret = 0;
out:
    secret_clear(&built);
    json_decref(json);
    return ret;
}

/* What an answer says, whole and unchanged, and how much of it is an error code. */
struct said {
    struct secret text;
    size_t code_len;
};

static void said_add(struct said *words, const char *text, size_t len)
{
    struct error no_memory = ERROR_INIT;

    if (secret_append(&words->text, text, len, HTTP_BODY_MAX, &no_memory) < 0)
        words->code_len = 0; /* less is said then; that is no reason to fail */
}

/* As docker does: the code, then the message. */
static void said_by_error(struct said *words, const json_t *error)
{
    const char *code = json_member_text(error, "code");
    const char *message = json_member_text(error, "message");

    if (code != NULL) {
        words->code_len = strlen(code);
        said_add(words, code, strlen(code));
    }
    if (code != NULL && message != NULL)
        said_add(words, ": ", 2);
    if (message != NULL)
        said_add(words, message, strlen(message));
}

static void said_by_json(struct said *words, const json_t *json)
{
    /* Docker Hub has "details", OAuth "error_description" (RFC 6749 section 5.2). */
    static const char *const members[] = {"details", "detail", "message", "error_description",
                                          "error"};
    const json_t *errors = json_object_get(json, "errors");

    if (json_array_size(errors) > 0) {
        said_by_error(words, json_array_get(errors, 0));
        return;
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && words->text.len == 0; i++) {
        const char *text = json_member_text(json, members[i]);

        if (text != NULL)
            said_add(words, text, strlen(text));
    }
}

bool answer_is_web_page(const struct http_response *response)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const char *text = secret_text(&response->body);

    if (strncmp(text, byte_order_mark, strlen(byte_order_mark)) == 0)
        text += strlen(byte_order_mark);
    return text[strspn(text, " \t\r\n")] == '<';
}

/* In the whole body, whatever its form: proxies wrap a registry's words in theirs. */
bool answer_says(const struct http_response *response, const char *words)
{
    return strcasestr(secret_text(&response->body), words) != NULL;
}

bool answer_denies(enum outcome_code code)
{
    return code == OUTCOME_CODE_DENIED || code == OUTCOME_CODE_UNAUTHORIZED;
}

/* Registries write them in any case of letters. */
static enum outcome_code read_code(const struct http_response *response)
{
    static const char *const names[OUTCOME_CODE_COUNT] = {
        [OUTCOME_CODE_DENIED] = "DENIED",
        [OUTCOME_CODE_UNAUTHORIZED] = "UNAUTHORIZED",
        [OUTCOME_CODE_MANIFEST_UNKNOWN] = "MANIFEST_UNKNOWN",
        [OUTCOME_CODE_NAME_UNKNOWN] = "NAME_UNKNOWN",
        [OUTCOME_CODE_TOO_MANY_REQUESTS] = "TOOMANYREQUESTS",
    };
    struct error ignored = ERROR_INIT;
    json_t *json = answer_parse(response, &ignored);
    const char *text = json_member_text(json_array_get(json_object_get(json, "errors"), 0), "code");
    enum outcome_code code = text != NULL ? OUTCOME_CODE_OTHER : OUTCOME_CODE_NONE;

    for (int i = 0; text != NULL && i < OUTCOME_CODE_COUNT; i++) {
        if (names[i] != NULL && strcasecmp(text, names[i]) == 0)
            code = (enum outcome_code)i;
    }
    json_decref(json);
    return code;
}

static const struct {
    enum outcome_phrase phrase;
    const char *words;
} phrases[] = {
    {OUTCOME_SAYS_NO_CLASSIC, "forbids access via a personal access token (classic)"},
    {OUTCOME_SAYS_SCOPES, "does not match expected scopes"},
    {OUTCOME_SAYS_UNAUTHENTICATED, "cannot be authenticated"},
    {OUTCOME_SAYS_INVALID_TOKEN, "invalid token"},
    {OUTCOME_SAYS_INSTALLATION, "installation not allowed"},
    {OUTCOME_SAYS_NOT_INSTALLED, "installation does not exist"},
    {OUTCOME_SAYS_READ_PACKAGE, "permission_denied: read_package"},
    {OUTCOME_SAYS_MANIFEST_UNKNOWN, "manifest unknown"},
    {OUTCOME_SAYS_CLIENT_CERTIFICATE, "SSL certificate"}, /* nginx */
    {OUTCOME_SAYS_TLS_PORT, "HTTPS port"},                /* nginx */
    {OUTCOME_SAYS_TLS_PORT, "HTTPS server"},              /* Go */
    {OUTCOME_SAYS_ADDRESS, "client with IP"},             /* Azure */
    {OUTCOME_SAYS_ADDRESS, "not allowed access"},
    {OUTCOME_SAYS_ADDRESS, "IP address is not"},
    {OUTCOME_SAYS_ADDRESS, "IP allow list"}, /* GitHub's organizations */
    {OUTCOME_SAYS_ADDRESS, "allowlist"},
    {OUTCOME_SAYS_ADDRESS, "whitelist"},
    {OUTCOME_SAYS_ADDRESS, "your IP"},
    {OUTCOME_SAYS_ADDRESS, "from IP"},
    {OUTCOME_SAYS_ADDRESS, "your country"},
    {OUTCOME_SAYS_ADDRESS, "your region"},
    {OUTCOME_SAYS_ADDRESS, "network policy"},
    {OUTCOME_SAYS_ADDRESS, "network access"}, /* Azure: "public network access is disabled" */
    {OUTCOME_SAYS_ADDRESS, "virtual network"},
    {OUTCOME_SAYS_ADDRESS, "vpc"}, /* Google's service controls, Amazon's endpoints */
    {OUTCOME_SAYS_ADDRESS, "vpn"},
    {OUTCOME_SAYS_ADDRESS, "firewall"},
    {OUTCOME_SAYS_ADDRESS, "error code: 1"}, /* Cloudflare's, of 1000 and more */
    {OUTCOME_SAYS_DIRECTORY, "ldap"},        /* Harbor */
    {OUTCOME_SAYS_DIRECTORY, "active directory"},
    {OUTCOME_SAYS_DIRECTORY, "directory service"},
    {OUTCOME_SAYS_DIRECTORY, "service unavailable"},
    {OUTCOME_SAYS_DIRECTORY, "dial tcp"}, /* Go, of a service behind the registry */
    {OUTCOME_SAYS_DIRECTORY, "connection refused"},
    {OUTCOME_SAYS_DIRECTORY, "deadline exceeded"},
    {OUTCOME_SAYS_DIRECTORY, "i/o timeout"},
    {OUTCOME_SAYS_DIRECTORY, "no such host"},
    {OUTCOME_SAYS_DIRECTORY, "connection reset"},
    {OUTCOME_SAYS_DIRECTORY, "no route to host"},
    {OUTCOME_SAYS_DIRECTORY, "unreachable"},
    {OUTCOME_SAYS_DIRECTORY, "could not reach"},
    {OUTCOME_SAYS_DIRECTORY, "could not connect"},
    {OUTCOME_SAYS_DIRECTORY, "timed out"},
    {OUTCOME_SAYS_DIRECTORY, "x509: "},                  /* Go, of such a service, too */
    {OUTCOME_SAYS_DIRECTORY, "TLS handshake"},           /* the same */
    {OUTCOME_SAYS_DIRECTORY, "too many clients"},        /* PostgreSQL */
    {OUTCOME_SAYS_DIRECTORY, "too many connections"},    /* MySQL, Redis */
    {OUTCOME_SAYS_DIRECTORY, "internal server error"},   /* whatever the status says */
    {OUTCOME_SAYS_DIRECTORY, "internal error"},          /* the same */
    {OUTCOME_SAYS_DIRECTORY, "temporarily unavailable"}, /* the same */
    {OUTCOME_SAYS_DIRECTORY, "maintenance"},             /* the same */
    {OUTCOME_SAYS_DIRECTORY, "rate exceeded"},           /* Amazon */
    {OUTCOME_SAYS_DIRECTORY, "rate limit"},              /* GitHub */
    {OUTCOME_SAYS_DIRECTORY, "quota"},                   /* Google */
    {OUTCOME_SAYS_DIRECTORY, "API has not been used"},   /* Google */
    {OUTCOME_SAYS_DIRECTORY, "\"UNAVAILABLE\""},         /* the codes, as JSON has them */
    {OUTCOME_SAYS_DIRECTORY, "\"UNKNOWN\""},             /* the same */
    {OUTCOME_SAYS_GATEWAY, "Jwt is"},                    /* Istio's Envoy */
    {OUTCOME_SAYS_GATEWAY, "RBAC: access denied"},       /* the same */
    {OUTCOME_SAYS_GATEWAY, " WAF"},
    {OUTCOME_SAYS_GATEWAY, "ERR_ACCESS_DENIED"},       /* Squid */
    {OUTCOME_SAYS_GATEWAY, "ERR_CACHE_ACCESS_DENIED"}, /* the same */
    {OUTCOME_SAYS_GATEWAY, "organization's policy"},   /* Google's service controls */
};

void answer_note(struct outcome *outcome, const struct http_response *response,
                 const char *username, const char *url)
{
    outcome->status = response->status;
    outcome->code = read_code(response);
    outcome->phrases = response->is_locked_out ? OUTCOME_SAYS_LOCKED_OUT : 0;
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (answer_says(response, phrases[i].words) &&
            strcasestr(username, phrases[i].words) == NULL &&
            strcasestr(url, phrases[i].words) == NULL)
            outcome->phrases |= phrases[i].phrase;
    }
}

/* What a page for people calls itself: "502 Bad Gateway", or whose portal it is. */
static void said_by_page(struct said *words, const char *page)
{
    const char *title = strcasestr(page, "<title");
    const char *end = title != NULL ? strcasestr(title, "</title") : NULL;

    if (end == NULL)
        return;
    title += strcspn(title, ">");
    title += strspn(title, "> \t\r\n");
    while (end > title && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    if (end > title)
        said_add(words, title, (size_t)(end - title));
}

/* A body that is a sentence, not a document: its first line. */
static void said_by_text(struct said *words, const struct secret *body)
{
    const char *text = secret_text(body);

    if (body->len < ANSWER_WORDS_MAX && text[0] != '{')
        said_add(words, text, strcspn(text, "\r\n"));
}

const char *answer_words(char words[ANSWER_WORDS_MAX], const struct http_response *response,
                         const struct redact *redact)
{
    struct said said = {.code_len = 0};
    struct error ignored = ERROR_INIT;
    json_t *json = answer_parse(response, &ignored);

    if (json != NULL)
        said_by_json(&said, json);
    else if (answer_is_web_page(response))
        said_by_page(&said, secret_text(&response->body));
    else
        said_by_text(&said, &response->body);
    json_decref(json);
    /* Asked before anything is cut or replaced, which could hide a secret from the search alone. */
    if (redact_finds(redact, secret_text(&said.text), said.text.len)) {
        (void)snprintf(words, ANSWER_WORDS_MAX, "%s", REDACT_WORDS);
    } else {
        /* As docker shows a code: "denied: denied". */
        for (size_t i = 0; i < said.code_len; i++)
            said.text.data[i] = (char)tolower((unsigned char)said.text.data[i]);
        (void)text_printable(words, ANSWER_WORDS_MAX, secret_text(&said.text), said.text.len);
    }
    secret_clear(&said.text);
    return words;
}
