#include "registry/github.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/json.h"
#include "registry/answer.h"
#include "registry/http/response.h"
#include "registry/http/url.h"

static const char name_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_[]";
static const char scope_bytes[] = GITHUB_SCOPE_BYTES ", ";
/* Of RFC 3986, without what a shell or a log could take for its own. */
static const char url_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?&=%+";

/* So many digits exactly: with another number of them it would be another format. */
static bool scan_part(struct scan *s, size_t digits, uint64_t max, int *out)
{
    struct span span;
    struct scan number;
    uint64_t value;

    if (!scan_run(s, "0123456789", &span) || span.len != digits)
        return false;
    number = scan_over(span.data, span.len);
    if (!scan_number(&number, max, &value))
        return false;
    *out = (int)value;
    return true;
}

/* " UTC" or " -0700" in seconds. */
static bool scan_zone(struct scan *s, int64_t *offset_s)
{
    struct span name;
    bool west;
    int hhmm;

    *offset_s = 0;
    if (scan_blanks(s) == 0)
        return false;
    west = scan_char(s, '-');
    if (west || scan_char(s, '+')) {
        if (!scan_part(s, 4, 2359, &hhmm))
            return false;
        *offset_s = (int64_t)(hhmm / 100 * 60 + hhmm % 100) * (west ? -60 : 60);
        return true;
    }
    return scan_token(s, &name) && span_is(name, "UTC");
}

/*
 * A format of GitHub's own, neither RFC 3339 nor an HTTP-date, with a zone that differs from one
 * token to another.
 */
int64_t github_parse_expiry(struct span text)
{
    struct scan s = scan_over(text.data, text.len);
    struct tm tm = {.tm_isdst = 0};
    int64_t offset_s;

    if (!scan_part(&s, 4, 9999, &tm.tm_year) || !scan_char(&s, '-') ||
        !scan_part(&s, 2, 12, &tm.tm_mon) || !scan_char(&s, '-') ||
        !scan_part(&s, 2, 31, &tm.tm_mday) || scan_blanks(&s) == 0 ||
        !scan_part(&s, 2, 23, &tm.tm_hour) || !scan_char(&s, ':') ||
        !scan_part(&s, 2, 59, &tm.tm_min) || !scan_char(&s, ':') ||
        !scan_part(&s, 2, 60, &tm.tm_sec) || !scan_zone(&s, &offset_s) || !scan_is_at_end(&s) ||
        tm.tm_year < 1970 || tm.tm_mon == 0 || tm.tm_mday == 0)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) - offset_s;
}

bool github_scopes_can_pull(const char *scopes)
{
    struct scan s = scan_over(scopes, strlen(scopes));
    struct span scope;
    struct span between;

    while (!scan_is_at_end(&s)) {
        if (scan_run(&s, GITHUB_SCOPE_BYTES, &scope) &&
            (span_is(scope, "read:packages") || span_is(scope, "write:packages")))
            return true;
        if (!scan_run(&s, ", ", &between))
            break;
    }
    return false;
}

/*
 * A registry of GHE is containers.HOST, with data residency (ghe.com) or on a server of one's own.
 */
const char *github_web_host(const struct reference *registry)
{
    return reference_is_default(registry) ? "github.com" : registry->host + strlen("containers.");
}

/*
 * api.HOST at github.com and ghe.com, HOST/api/v3 of a server of one's own (docs.github.com,
 * "Getting started with the REST API").
 */
static void api_url(char url[URL_MAX], const struct reference *registry, const char *path)
{
    const char *host = github_web_host(registry);

    (void)snprintf(url, URL_MAX, "https://%s%s%s%s", reference_is_github(registry) ? "api." : "",
                   host, reference_is_github(registry) ? "" : "/api/v3", path);
}

/* Copy what consists of `bytes` alone, and does not repeat the token. */
static bool copy_safe(char *dst, size_t size, struct span text, const char *bytes,
                      const struct redact *redact)
{
    struct scan s = scan_over(text.data, text.len);
    struct span run;

    if (text.len == 0 || !scan_run(&s, bytes, &run) || !scan_is_at_end(&s) ||
        redact_finds(redact, text.data, text.len))
        return false;
    return span_copy(text, dst, size);
}

/* One question, and what its answer tells whatever its status. */
struct github_question {
    const struct github_request *request;
    struct github_findings *findings;
    struct redact redact; /* the token */
    struct http_response response;
};

static bool github_get(struct github_question *q, const char *path)
{
    struct error err = ERROR_INIT;
    char url[URL_MAX];
    struct http_request request = {
        .url = url,
        .accept = "application/vnd.github+json",
        .field = "X-GitHub-Api-Version: 2022-11-28",
        .auth = HTTP_AUTH_BEARER,
        .secret = q->request->token,
    };

    /* The API's host is made from the registry's name, never taken from an answer. */
    api_url(url, q->request->registry, path);
    if (retry_send(&q->request->retry, &request, &q->response, &err) < 0) {
        (void)snprintf(q->findings->trouble, sizeof(q->findings->trouble), "%.*s",
                       GITHUB_TROUBLE_MAX, err.message);
        return false;
    }
    return true;
}

/* "required; url=https://github.com/orgs/ORG/sso?authorization_request=…" */
static void read_sso(struct github_question *q)
{
    static const char label[] = "url=";
    struct span field;
    const char *url;
    char begin[REFERENCE_HOST_MAX + sizeof("https:///")];

    if (!http_response_header(&q->response, "X-GitHub-SSO", 0, &field) || field.len < 8 ||
        strncmp(field.data, "required", 8) != 0)
        return;
    /* "partial-results" is said of lists; "required" alone is about this token. */
    q->findings->needs_sso = true;
    url = memmem(field.data, field.len, label, strlen(label));
    if (url == NULL)
        return;
    url += strlen(label);
    (void)snprintf(begin, sizeof(begin), "https://%s/", github_web_host(q->request->registry));
    if (strncmp(url, begin, strlen(begin)) != 0 ||
        !copy_safe(q->findings->sso_url, sizeof(q->findings->sso_url),
                   (struct span){.data = url, .len = (size_t)(field.data + field.len - url)},
                   url_bytes, &q->redact))
        q->findings->sso_url[0] = '\0';
}

/*
 * docs.github.com, "Rate limits for the REST API": 403 or 429 with one of these. 403 alone is about
 * the token.
 */
static bool github_is_limited(const struct github_question *q)
{
    struct span field;

    return q->response.status == 429 ||
           (q->response.status == 403 &&
            (http_response_header(&q->response, "Retry-After", 0, &field) ||
             (http_response_header(&q->response, "X-RateLimit-Remaining", 0, &field) &&
              span_is(field, "0"))));
}

/* Bad logins first: they are answered with 403 as a limit is, but no wait of seconds ends that. */
static void note_trouble(struct github_question *q)
{
    const char *why = "";

    if (answer_says(&q->response, "login attempts exceeded"))
        why = ": too many failed logins from this address; all logins are refused for a while";
    else if (github_is_limited(q))
        why = ": its rate limit is reached";
    (void)snprintf(q->findings->trouble, sizeof(q->findings->trouble),
                   "GitHub's API answered HTTP %d%s", q->response.status, why);
}

/* The body of GET /user: {"login":"octocat", …} */
static bool read_owner(struct github_question *q)
{
    struct error ignored = ERROR_INIT;
    json_t *json = json_parse(secret_text(&q->response.body), q->response.body.len, "",
                              CLASS_UNPROVED, &ignored);
    const char *login = json_member_text(json, "login");
    bool found = login != NULL && copy_safe(q->findings->owner, sizeof(q->findings->owner),
                                            (struct span){.data = login, .len = strlen(login)},
                                            name_bytes, &q->redact);

    json_decref(json);
    return found;
}

static void read_headers(struct github_question *q)
{
    struct github_findings *f = q->findings;
    struct span field;

    if (http_response_header(&q->response, "X-OAuth-Scopes", 0, &field))
        /* An empty field is a token that may do nothing; no field is a kind that has no scopes. */
        f->has_scopes = field.len == 0 ||
                        copy_safe(f->scopes, sizeof(f->scopes), field, scope_bytes, &q->redact);
    if (http_response_header(&q->response, "github-authentication-token-expiration", 0, &field)) {
        f->expires_at = github_parse_expiry(field);
        f->has_odd_expiry = f->expires_at == 0 && field.len > 0;
    }
}

static void ask_for_user(struct github_question *q)
{
    int status;

    if (!github_get(q, "/user"))
        return;
    status = q->response.status;
    read_sso(q);
    /* A 200 without an owner is somebody else's: a proxy, or a portal. */
    if (status == 200 && read_owner(q)) {
        read_headers(q);
        q->findings->verdict = GITHUB_VALID;
    } else if (status == 401 && answer_says(&q->response, "Bad credentials")) {
        q->findings->verdict = GITHUB_INVALID;
    } else if (status == 403 && answer_says(&q->response, "not accessible by integration")) {
        q->findings->verdict = GITHUB_VALID_APP;
    } else if (!q->findings->needs_sso) {
        note_trouble(q);
    }
}

/* Only what stands in the way is of interest; users have no such page, and it answers 404. */
static void ask_for_packages(struct github_question *q)
{
    char path[GITHUB_NAME_MAX + sizeof("/orgs//packages?package_type=container&per_page=1")];

    (void)snprintf(path, sizeof(path), "/orgs/%.*s/packages?package_type=container&per_page=1",
                   GITHUB_NAME_MAX, q->request->organisation);
    if (!github_get(q, path))
        return;
    read_sso(q);
    if (q->response.status == 403 &&
        answer_says(&q->response, "forbids access via a personal access token (classic)"))
        q->findings->forbids_classic = true;
    else if (github_is_limited(q))
        note_trouble(q);
}

void github_ask(const struct github_request *request, struct github_findings *out)
{
    struct github_question q = {.request = request, .findings = out};
    struct error no_memory = ERROR_INIT;

    *out = (struct github_findings){.verdict = GITHUB_SILENT};
    if (redact_add(&q.redact, request->token, &no_memory) < 0) {
        (void)snprintf(out->trouble, sizeof(out->trouble), "%.*s", GITHUB_TROUBLE_MAX,
                       no_memory.message);
        return;
    }
    ask_for_user(&q);
    /* Nobody stands in the way of one's own packages. */
    if (out->verdict == GITHUB_VALID && request->organisation != NULL &&
        strcasecmp(request->organisation, out->owner) != 0)
        ask_for_packages(&q);
    redact_clear(&q.redact);
    http_response_clear(&q.response);
}
