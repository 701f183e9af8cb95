#include "credential/mistake.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/text.h"
#include "credential/github_token.h"

static const char white_space[] = " \t\r\n\v\f";

static bool is_expression(const char *text)
{
    return strncmp(text, "${{", 3) == 0;
}

static bool is_doubled_expression(const char *text)
{
    return strncmp(text, "$${{", 4) == 0;
}

static bool is_of_gitlab(const char *text)
{
    static const char *const begins[] = {"glpat-", "gldt-", "glcbt-", "glptt-", "glrt-", "glft-"};

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        if (strncmp(text, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return false;
}

static bool is_of_docker_hub(const char *text)
{
    return strncmp(text, "dckr_pat_", 9) == 0 || strncmp(text, "dckr_oat_", 9) == 0;
}

/* JSON in base64 begins so. */
static bool is_web_token(const char *text)
{
    return strncmp(text, "eyJ", 3) == 0;
}

static bool mistake_is_variable(const char *text)
{
    return text[0] == '$';
}

static bool is_template(const char *text)
{
    return strncmp(text, "{{", 2) == 0 || (text[0] == '<' && text[strlen(text) - 1] == '>');
}

static bool is_json(const char *text)
{
    return text[0] == '{';
}

/* As jq, JavaScript and Python print a value that is not there. */
static bool is_nothing(const char *text)
{
    static const char *const words[] = {"null", "undefined", "None"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

static bool is_masked(const char *text)
{
    return strspn(text, "*") == strlen(text);
}

static bool is_header(const char *text)
{
    static const char *const begins[] = {"authorization:", "bearer ", "basic ", "token "};

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        if (strncasecmp(text, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return false;
}

/* "GHCR_TOKEN=ghp_…", "token: ghp_…", "octocat:ghp_…", with or without a quote mark between. */
static bool has_label(const char *text)
{
    const char *token = github_token_begin(text);

    if (token == NULL)
        return false;
    while (token > text && strchr(" \"'`", token[-1]) != NULL)
        token--;
    return token > text && strchr("=:", token[-1]) != NULL;
}

/* Without the line ends that base64 wraps with, and what else has got between. */
static int pack(struct secret *out, const char *text, struct error *err)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " \t\r\n");

        if (secret_append(out, text, len, SIZE_MAX - 1, err) < 0)
            return -1;
        text += len + strspn(text + len, " \t\r\n");
    }
    return 0;
}

/* What base64 text stands for: user:token as in an auth file, or a token alone. */
static bool mistake_is_encoded(const char *text)
{
    struct secret packed = SECRET_INIT;
    struct secret plain = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool found = false;

    if (pack(&packed, text, &ignored) == 0 &&
        base64_decode(&plain, secret_text(&packed), packed.len, &ignored) == 0) {
        const char *colon;
        size_t whole_len = plain.len;

        /* `echo TOKEN | base64` encodes a line end, too. */
        while (plain.len > 0 && strchr("\r\n", plain.data[plain.len - 1]) != NULL &&
               plain.data[plain.len - 1] != '\0')
            plain.data[--plain.len] = '\0';
        colon = plain.len > 0 ? memchr(plain.data, ':', plain.len) : NULL;

        found = github_token_is_whole(secret_text(&plain), plain.len) || plain.len < whole_len ||
                (colon != NULL && colon > plain.data);
        for (size_t i = 0; i < plain.len; i++)
            found = found && plain.data[i] >= ' ' && plain.data[i] < 0x7f;
    }
    secret_clear(&packed);
    secret_clear(&plain);
    return found;
}

static bool has_quote(const char *text)
{
    bool quoted = strchr("\"'`", text[0]) != NULL && text[strlen(text) - 1] == text[0];

    return quoted || (strpbrk(text, "\"'`") != NULL && github_token_begin(text) != NULL);
}

static bool has_blank(const char *text)
{
    return strchr(text, ' ') != NULL && github_token_begin(text) != NULL;
}

static bool has_foreign_byte(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (!github_token_is_byte(*p))
            return true;
    }
    return false;
}

static bool has_foreign_byte_in_token(const char *text)
{
    return github_token_begin(text) != NULL && has_foreign_byte(text);
}

static bool is_password(const char *text)
{
    return strlen(text) < GITHUB_TOKEN_LEN_MIN || has_foreign_byte(text);
}

#define ENCODED                                                                                    \
    {                                                                                              \
        "is base64-encoded, as in auth files and Kubernetes secrets",                              \
            "decode it with 'base64 -d', and pass only the token, without a user name"             \
    }

/* The first that fits counts. None of them is asked of what has a token's form. */
static const struct {
    bool (*fits)(const char *text);
    struct mistake mistake;
} table[] = {
    {is_expression,
     {"is a GitHub Actions expression that was not expanded",
      "only workflow files expand expressions: pass the secret to the script as a variable, with "
      "'env:' (and ssh-action's 'envs:')"}},
    {is_doubled_expression,
     {"is a GitHub Actions expression that was not expanded: it has one '$' too many",
      "remove the first '$': ${{ secrets.NAME }}"}},
    {is_of_gitlab,
     {"is a GitLab token", "name its registry: ghcr-login -u NAME registry.gitlab.com; the default "
                           "is ghcr.io, so check that the registry's variable is set"}},
    {is_of_docker_hub,
     {"is a Docker Hub token", "name its registry: ghcr-login -u NAME docker.io; the default is "
                               "ghcr.io, so check that the registry's variable is set"}},
    {is_web_token,
     {"is a JSON web token (eyJ...), which GitHub's registry does not accept",
      "name the registry that it belongs to; the default is ghcr.io, so check that the registry's "
      "variable is set"}},
    {mistake_is_variable,
     {"is a shell variable or command that was not expanded",
      "single quotes keep the shell from expanding it: use --token-env with the variable's name"}},
    {is_template,
     {"is a placeholder that was not filled in", "replace the placeholder with the token"}},
    {is_json, {"is JSON, not a token", "pass only the token, not the file that contains it"}},
    {is_nothing,
     {"is a program's word for a missing value (null, undefined, None)",
      "the program that looks the token up did not find it: check the name that it looks for"}},
    {is_masked,
     {"is masked: it consists of asterisks",
      "it was copied from a log or a form that hides the secret: pass the token itself"}},
    {has_label,
     {"has a label or a user name in front of the token", "pass the token alone, on one line"}},
    {is_header,
     {"is a complete Authorization header", "pass only the token, the part after the scheme"}},
    {mistake_is_encoded, ENCODED},
    {has_quote,
     {"contains a quotation mark, which no GitHub token does",
      "pass the token alone, on one line, without quotes"}},
    {has_blank,
     {"contains a space, which no GitHub token does",
      "pass the token alone, on one line, without spaces"}},
    {has_foreign_byte_in_token,
     {"contains a character that no GitHub token does", "pass the token alone, on one line"}},
};

/* If no other fits. */
static const struct mistake password = {
    "looks like a password; GitHub's registry accepts only tokens",
    "create a classic token with read:packages in GitHub's settings"};

const struct mistake *mistake_encoded(const struct secret *token)
{
    static const struct mistake encoded = ENCODED;

    return mistake_is_encoded(secret_text(token)) ? &encoded : NULL;
}

const struct mistake *mistake_find_anywhere(const struct secret *token)
{
    const char *text = secret_text(token);

    if (github_token_is_whole(text, token->len))
        return NULL;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].fits(text))
            return &table[i].mistake;
    }
    return NULL;
}

const struct mistake *mistake_find_elsewhere(const struct secret *secret)
{
    static bool (*const fits_elsewhere[])(const char *text) = {
        is_expression,       is_doubled_expression,
        mistake_is_variable, is_template,
        is_nothing,          is_masked,
        has_label,           is_header,
        mistake_is_encoded};
    const char *text = secret_text(secret);

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (size_t j = 0; j < sizeof(fits_elsewhere) / sizeof(fits_elsewhere[0]); j++) {
            if (table[i].fits == fits_elsewhere[j] && table[i].fits(text))
                return &table[i].mistake;
        }
    }
    return NULL;
}

const struct mistake *mistake_find(const struct secret *token)
{
    const struct mistake *mistake = mistake_find_anywhere(token);
    const char *text = secret_text(token);

    if (mistake == NULL && !github_token_is_whole(text, token->len) && is_password(text))
        mistake = &password;
    return mistake;
}

static bool mistake_starts_with(const struct secret *value, const char *bytes)
{
    return strncmp(secret_text(value), bytes, strlen(bytes)) == 0;
}

static bool mistake_has_line_end(const struct secret *value)
{
    return strpbrk(secret_text(value), "\r\n") != NULL;
}

const char *mistake_in_bytes_anywhere(const struct secret *value)
{
    if (mistake_starts_with(value, "\xff\xfe") || mistake_starts_with(value, "\xfe\xff"))
        return "is UTF-16 text: it starts with a byte-order mark";
    if (memchr(secret_text(value), '\0', value->len) != NULL)
        return "contains a NUL byte";
    return value->len > 0 && strspn(value->data, white_space) == value->len ? "is blank" : NULL;
}

const char *mistake_in_bytes(const struct secret *value)
{
    const char *fault = mistake_in_bytes_anywhere(value);

    if (mistake_starts_with(value, "\xef\xbb\xbf"))
        return "starts with a byte-order mark";
    if (fault != NULL)
        return fault;
    if (mistake_has_line_end(value))
        return "has more than one line";
    for (const char *p = secret_text(value); *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return "contains a control character";
    }
    return NULL;
}

const char *mistake_oddity(const struct secret *value, bool had_empty_line)
{
    static const char no_break_space[] = "\xc2\xa0";
    const struct mistake *mistake = mistake_find_elsewhere(value);
    char first = value->data[0];
    char last = value->data[value->len - 1];

    if (mistake_starts_with(value, "\xef\xbb\xbf"))
        return "starts with a byte-order mark";
    if (had_empty_line)
        return "had an empty last line, which was removed";
    if (strchr("\r\n", first) != NULL)
        return "starts with an empty line";
    if (strchr(white_space, first) != NULL || mistake_starts_with(value, no_break_space))
        return "starts with a space";
    if (strchr(white_space, last) != NULL || text_has_suffix(secret_text(value), no_break_space))
        return "ends with a space";
    if (value->len > 1 && strchr("\"'`", first) != NULL && first == last)
        return "is in quotation marks";
    if (mistake != NULL)
        return mistake->what;
    /* A service account's key in JSON has many. */
    return mistake_has_line_end(value) && first != '{' ? "has more than one line" : NULL;
}
