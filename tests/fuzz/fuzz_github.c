/*
 * Any answers of GitHub's API. Each finding has the form of what was asked for, none holds the
 * token, and the token goes to the API's host alone.
 */
#include "wire.h"

#include <time.h>

#include "registry/github.h"

#define TOKEN "ghp_s3cretS3cretS3cretS3cretS3cret0123456"

static void check_request(const struct http_request *request, void *ctx)
{
    (void)ctx;
    must(strncmp(request->url, "https://api.github.com/", 23) == 0);
    must(strcmp(secret_text(request->secret), TOKEN) == 0);
}

static void check_text(const char *text, size_t size)
{
    must(memchr(text, '\0', size) != NULL && is_shown(text));
    must(strcasestr(text, TOKEN) == NULL);
}

static void check_findings(const struct github_findings *found)
{
    static regex_t owner;
    static regex_t scopes;
    static regex_t sso;

    check_text(found->trouble, sizeof(found->trouble));
    check_text(found->owner, sizeof(found->owner));
    check_text(found->scopes, sizeof(found->scopes));
    check_text(found->sso_url, sizeof(found->sso_url));
    must(found->owner[0] == '\0' || matches(&owner, "^([]A-Za-z0-9_[-]+)$", found->owner));
    must((found->owner[0] != '\0') == (found->verdict == GITHUB_VALID));
    must(matches(&scopes, "^([a-z0-9:_, ]*)$", found->scopes));
    must(found->has_scopes || found->scopes[0] == '\0');
    must(found->sso_url[0] == '\0' ||
         matches(&sso, "^https://github[.]com/([A-Za-z0-9._~:/?&=%+-]*)$", found->sso_url));
    must(found->sso_url[0] == '\0' || found->needs_sso);
    (void)github_scopes_can_pull(found->scopes);
}

/* A time is the same when it is written and read again. */
static void check_expiry(struct feed in)
{
    char *line = take_line(&in);
    int64_t expires_at = github_parse_expiry((struct span){.data = line, .len = strlen(line)});
    time_t at = (time_t)expires_at;
    char text[64];
    struct tm tm;

    if (at > 0 && gmtime_r(&at, &tm) != NULL && tm.tm_year + 1900 <= 9999) {
        size_t len = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);

        must(github_parse_expiry((struct span){.data = text, .len = len}) == expires_at);
    }
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret token = secret_of(TOKEN, strlen(TOKEN));
    struct error err = ERROR_INIT;
    struct reference registry;
    struct server server = {.in = feed_of(data, size), .check = check_request};
    struct clock clock = server_clock(&server);
    struct github_request request = {
        .registry = &registry,
        .token = &token,
        .organisation = "octo-org",
        .retry = {.send = server_send,
                  .send_ctx = &server,
                  .clock = &clock,
                  .deadline_ms = 60000,
                  .retries = 1,
                  .is_impatient = true},
    };
    struct github_findings found;

    must(reference_parse(&registry, REFERENCE_DEFAULT, &err) == 0);
    github_ask(&request, &found);
    check_findings(&found);
    check_expiry(feed_of(data, size));
    secret_clear(&token);
    return 0;
}
