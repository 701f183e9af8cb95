#include "credential/github_token.h"

#include <string.h>

static const struct {
    const char *prefix;
    enum github_token_kind kind;
} prefixes[] = {
    {"ghp_", GITHUB_TOKEN_CLASSIC},      {"github_pat_", GITHUB_TOKEN_FINE_GRAINED},
    {"gho_", GITHUB_TOKEN_OAUTH},        {"ghu_", GITHUB_TOKEN_APP_USER},
    {"ghs_", GITHUB_TOKEN_INSTALLATION}, {"ghr_", GITHUB_TOKEN_REFRESH},
};

static const char *const kind_names[] = {
    [GITHUB_TOKEN_UNKNOWN] = "unknown",           [GITHUB_TOKEN_CLASSIC] = "classic",
    [GITHUB_TOKEN_FINE_GRAINED] = "fine-grained", [GITHUB_TOKEN_OAUTH] = "oauth",
    [GITHUB_TOKEN_APP_USER] = "app-user",         [GITHUB_TOKEN_INSTALLATION] = "installation",
    [GITHUB_TOKEN_REFRESH] = "refresh",
};

enum { LEGACY_LEN = 40 };

static bool is_lower_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (!digit && !(text[i] >= 'a' && text[i] <= 'f'))
            return false;
    }
    return true;
}

enum github_token_kind github_token_kind(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t prefix_len = strlen(prefixes[i].prefix);

        if (len > prefix_len && memcmp(text, prefixes[i].prefix, prefix_len) == 0)
            return prefixes[i].kind;
    }
    return len == LEGACY_LEN && is_lower_hex(text, len) ? GITHUB_TOKEN_CLASSIC
                                                        : GITHUB_TOKEN_UNKNOWN;
}

bool github_token_is_inside(const char *text)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strstr(text, prefixes[i].prefix) != NULL)
            return true;
    }
    return github_token_kind(text, strlen(text)) != GITHUB_TOKEN_UNKNOWN;
}

const char *github_token_kind_name(enum github_token_kind kind)
{
    return kind_names[kind];
}

bool github_token_is_byte(char c)
{
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

    return letter || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}
