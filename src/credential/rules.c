#include "credential/rules.h"

#include <string.h>

#include "credential/github_token.h"
#include "credential/mistake.h"

/* Cut exactly one line end: CR LF, LF or CR. */
static void cut_line_end(struct secret *value)
{
    size_t len = value->len;

    if (len > 0 && value->data[len - 1] == '\n')
        len--;
    if (len > 0 && value->data[len - 1] == '\r')
        len--;
    while (value->len > len)
        value->data[--value->len] = '\0';
}

/* What is wrong with the bytes of a name or a token alike, or NULL. */
static const char *fault_in_bytes(const struct secret *value)
{
    const char *text = secret_text(value);
    bool blank = true;

    if (value->len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return "begins with a byte-order mark";
    if (value->len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return "is UTF-16 text: it begins with a byte-order mark";
    if (memchr(text, '\0', value->len) != NULL)
        return "has a NUL byte";
    if (memchr(text, '\n', value->len) != NULL || memchr(text, '\r', value->len) != NULL)
        return "has more than one line";
    for (size_t i = 0; i < value->len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return "has a control byte";
        blank = blank && text[i] == ' ';
    }
    return blank && value->len > 0 ? "holds only blanks" : NULL;
}

static int refuse(const char *what, const char *where, const char *fault, const char *hint,
                  struct error *err)
{
    return error_set_hint(err, CLASS_CREDENTIAL, hint, "the %s from %s %s", what, where, fault);
}

/* Why a secret is empty, by where this runs. Behind sudo a script of ssh-action's has no mark. */
static const char *const empty_hints[PLACE_COUNT] = {
    [PLACE_HOST] = "the secret is not defined where this runs, or is missing from ssh-action's "
                   "'envs:'",
    [PLACE_ACTIONS] = "no such secret is defined for this repository, or this is a pull request "
                      "from a fork, which gets none: check 'secrets' and the step's 'env:'",
    [PLACE_SSH] = "the secret is not defined, or is missing from the step's 'env:' or "
                  "ssh-action's 'envs:'",
};

static int refuse_empty(const struct rules *rules, bool has_line, struct error *err)
{
    const char *hint = empty_hints[rules->place];

    if (rules->source == INPUT_FILE)
        hint = "nothing was written there: is the secret that fills the file defined?";
    if (rules->source == INPUT_STDIN && !has_line)
        hint = "nothing came in: pipe the token in, or use --token-env or --token-file; a variable "
               "that is piped in may be empty";
    return refuse("token", rules->where, "is empty", hint, err);
}

static int refuse_bytes(const struct rules *rules, const struct secret *value, const char *fault,
                        struct error *err)
{
    bool is_script = rules->source == INPUT_STDIN && memchr(value->data, '\n', value->len) != NULL;

    return refuse("token", rules->where, fault,
                  is_script ? "give the token alone, as one line; where a script is standard input "
                              "(ssh HOST bash -s), use --token-env or --token-file"
                            : "give the token alone, as one line",
                  err);
}

static int check_form(const struct secret *token, const char *where, struct error *err)
{
    const struct mistake *mistake = mistake_find(token);

    return mistake != NULL ? refuse("token", where, mistake->what, mistake->hint, err) : 0;
}

int rules_check_token(struct secret *value, const struct rules *rules, struct error *err)
{
    bool has_line = value->len > 0;
    const char *fault;

    cut_line_end(value);
    if (value->len == 0)
        return refuse_empty(rules, has_line, err);
    if (value->len > CREDENTIAL_TOKEN_MAX)
        return error_set(err, CLASS_CREDENTIAL, "the token from %s is longer than %d bytes",
                         rules->where, CREDENTIAL_TOKEN_MAX);
    fault = fault_in_bytes(value);
    if (fault != NULL)
        return refuse_bytes(rules, value, fault, err);
    return rules->is_github ? check_form(value, rules->where, err) : 0;
}

int rules_check_name(struct secret *value, const char *where, struct error *err)
{
    const char *fault;

    cut_line_end(value);
    if (value->len == 0) {
        return error_set_hint(err, CLASS_CREDENTIAL,
                              "name the account with -u NAME; check that its variable is set",
                              "the user name from %s is empty", where);
    }
    if (github_token_kind(secret_text(value), value->len) != GITHUB_TOKEN_UNKNOWN) {
        return refuse("user name", where, "looks like a token",
                      "were user name and token swapped? Revoke the token if it was an argument: "
                      "arguments are public",
                      err);
    }
    fault = fault_in_bytes(value);
    if (fault == NULL && memchr(value->data, ':', value->len) != NULL)
        fault = "has a colon, which HTTP Basic authentication cannot carry (RFC 7617)";
    if (fault == NULL && (value->data[0] == ' ' || value->data[value->len - 1] == ' '))
        fault = "begins or ends with a blank";
    if (fault == NULL && value->len > CREDENTIAL_NAME_MAX)
        fault = "is longer than 255 bytes";
    return fault != NULL ? refuse("user name", where, fault, "give the account's name alone", err)
                         : 0;
}
