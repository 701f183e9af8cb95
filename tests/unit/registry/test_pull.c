/*
 * pull: the scoped bearer, HEAD and then GET of the manifest, and what each answer means.
 *
 * The ladder of handshake's tests is climbed first; what is looked at here comes after it.
 */
#include "ladder.h"

#include "registry/image.h"

#define DIGEST   "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HOST     "https://registry.example.com"
#define SERVICE  "?service=s&account=octocat&client_id=ghcr-login"
#define SCOPED   HOST "/token" SERVICE "&scope=repository%3Aowner%2Fapp%3Apull"
#define OTHER    HOST "/token" SERVICE "&scope=repository%3Aother%3Apull"
#define MANIFEST HOST "/v2/owner/app/manifests/1"
#define CHALLENGE                                                                                  \
    "WWW-Authenticate: Bearer realm=\"https://registry.example.com/token\",service=\"s\"\r\n"
#define UNKNOWN "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}"
#define NO_NAME                                                                                    \
    "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"repository name not known\"}]}"

enum { STEPS_MAX = 8 };

struct step {
    const char *url;
    bool is_head;
    enum http_auth auth;
    int status; /* 0: no answer */
    const char *headers;
    const char *body;
};

struct row {
    const char *images[3]; /* of registry.example.com */
    struct step steps[STEPS_MAX];
    enum exit_class cls;
    const char *part;
    const char *hint;
    unsigned retries;
    bool is_basic;
    bool is_anonymous;
    bool asks_for_each;
    size_t pulled; /* how many of the images */
};

struct script {
    const struct row *row;
    size_t before; /* requests of the handshake that are still to come */
    size_t at;
};

static int answer(struct http_response *response, int status, const char *headers, const char *body,
                  struct error *err)
{
    http_response_clear(response);
    if (status == 0) {
        response->is_transient = true;
        return error_set(err, CLASS_UNREACHABLE, "cannot ask");
    }
    response->status = status;
    response->headers = secret_of(headers != NULL ? headers : "");
    response->body = secret_of(body != NULL ? body : "");
    return 0;
}

static int play_handshake(struct script *script, struct http_response *response, struct error *err)
{
    bool is_first = script->row->is_anonymous || script->before == (script->row->is_basic ? 2 : 3);
    bool is_token = script->before == 2 && !script->row->is_basic;

    script->before--;
    if (is_first)
        return answer(response, 401, script->row->is_basic ? BASIC : CHALLENGE, NULL, err);
    return answer(response, 200, NULL, is_token ? GRANTED : NULL, err);
}

static int play(void *ctx, const struct http_request *request, struct http_response *response,
                struct error *err)
{
    struct script *script = ctx;
    const struct step *step = &script->row->steps[script->at];

    if (script->before > 0)
        return play_handshake(script, response, err);
    if (script->at >= STEPS_MAX || step->url == NULL)
        fail_msg("one request too many: '%s'", request->url);
    if (strcasecmp(request->url, step->url) != 0) /* the hex digits of %2F have no case */
        assert_row_string(step->url, request->url, step->url);
    assert_row(step->url, request->is_head == step->is_head);
    assert_row(step->url, request->auth == step->auth);
    if (strstr(step->url, "/manifests/") != NULL) {
        assert_row(step->url, strstr(request->accept, "vnd.oci.image.index.v1+json") != NULL);
        assert_row(step->url, strstr(request->accept, "manifest.list.v2+json") != NULL);
    }
    script->at++;
    return answer(response, step->status, step->headers, step->body, err);
}

static void check_row(const struct row *row, const char *label)
{
    struct fake_clock fake = {.unix_s = 1700000000};
    struct clock clock = fake_clock_face(&fake);
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct reference registry;
    struct image images[3];
    struct error err = ERROR_INIT;
    struct script script = {.row = row, .before = row->is_anonymous ? 1 : row->is_basic ? 2 : 3};
    struct outcome outcome;
    struct question question = {
        .registry = &registry,
        .username = row->is_anonymous ? "" : "octocat",
        .token = row->is_anonymous ? NULL : &token,
        .asks_for_each = row->asks_for_each,
        .realms = {.registry = registry.api_host},
        .images = images,
    };
    struct retry retry = {.send = play,
                          .send_ctx = &script,
                          .clock = &clock,
                          .deadline_ms = 60000,
                          .retries = row->retries};
    size_t expected = 0;

    assert_int_equal(reference_parse(&registry, "registry.example.com", &err), 0);
    for (; question.image_count < 3 && row->images[question.image_count] != NULL;
         question.image_count++)
        assert_int_equal(image_parse(&images[question.image_count],
                                     row->images[question.image_count], &registry, &err),
                         0);
    while (expected < STEPS_MAX && row->steps[expected].url != NULL)
        expected++;
    if (handshake_prove(&question, &retry, &outcome, &err) == 0) {
        assert_row(label, row->cls == CLASS_NONE);
    } else {
        assert_error(label, &err, row->cls, row->part);
        assert_row(label, row->hint == NULL || strstr(err.hint, row->hint) != NULL);
        assert_not_shown(label, &err, TOKEN_CLASSIC);
        assert_not_shown(label, &err, "bearer-1");
        assert_not_shown(label, &err, "\x1b");
    }
    assert_row(label, outcome.is_good); /* whatever came of the images */
    assert_row(label, script.at == expected);
    for (size_t i = 0; i < question.image_count; i++)
        assert_row(label, images[i].can_pull == (i < row->pulled));
    secret_clear(&token);
}

static void check_rows(const char *name, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char label[64];

        (void)snprintf(label, sizeof(label), "%s %zu", name, i);
        check_row(&rows[i], label);
    }
}

#define APP    "registry.example.com/owner/app:1"
#define IMAGES .images = {APP}
#define RIGHT(s, b)                                                                                \
    {                                                                                              \
        SCOPED, false, HTTP_AUTH_BASIC, s, NULL, b                                                 \
    }
#define HEAD(s)                                                                                    \
    {                                                                                              \
        MANIFEST, true, HTTP_AUTH_BEARER, s, NULL, NULL                                            \
    }
#define GET(s, b)                                                                                  \
    {                                                                                              \
        MANIFEST, false, HTTP_AUTH_BEARER, s, NULL, b                                              \
    }
#define BASIC_HEAD(s)                                                                              \
    {                                                                                              \
        MANIFEST, true, HTTP_AUTH_BASIC, s, NULL, NULL                                             \
    }
#define BASIC_GET(s, b)                                                                            \
    {                                                                                              \
        MANIFEST, false, HTTP_AUTH_BASIC, s, NULL, b                                               \
    }

static void test_may_be_pulled(void **state)
{
    static const char digest[] = "registry.example.com/owner/app:1@" DIGEST;
    static const struct row rows[] = {
        {IMAGES, .pulled = 1, .steps = {RIGHT(200, GRANTED), HEAD(200)}},
        {IMAGES, .pulled = 1, .is_basic = true, .steps = {BASIC_HEAD(200)}},
        /* a registry that knows no HEAD */
        {IMAGES, .pulled = 1, .steps = {RIGHT(200, GRANTED), HEAD(405), GET(200, "{}")}},
        {.images = {digest},
         .pulled = 1,
         .steps = {RIGHT(200, GRANTED),
                   {HOST "/v2/owner/app/manifests/" DIGEST, true, HTTP_AUTH_BEARER, 200, NULL,
                    NULL}}},
        {.images = {APP, "registry.example.com/other"},
         .pulled = 2,
         .steps = {RIGHT(200, GRANTED),
                   HEAD(200),
                   {OTHER, false, HTTP_AUTH_BASIC, 200, NULL, GRANTED},
                   {HOST "/v2/other/manifests/latest", true, HTTP_AUTH_BEARER, 200, NULL, NULL}}},
        /* what waiting mends */
        {IMAGES, .pulled = 1, .retries = 4,
         .steps = {RIGHT(0, NULL), RIGHT(429, NULL), RIGHT(503, NULL), RIGHT(200, GRANTED), HEAD(0),
                   HEAD(503), HEAD(200)}},
    };

    (void)state;
    check_rows("pulled", rows, COUNT(rows));
}

#define DENIED_AS(words) "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"" words "\"}]}"

static void test_may_not_be_pulled(void **state)
{
    static const char two_causes[] = "or the package does not exist";
    static const struct row rows[] = {
        {IMAGES, .cls = CLASS_FORBIDDEN,
         .part = "may not pull '" APP "': HTTP 403 (denied: denied)", .hint = two_causes,
         .retries = 4, .steps = {RIGHT(403, DENIED)}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "HTTP 401", .hint = two_causes, .retries = 4,
         .steps = {RIGHT(401, NULL)}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "HTTP 403 (denied: denied)", .hint = two_causes,
         .retries = 4, .steps = {RIGHT(200, GRANTED), HEAD(403), GET(403, DENIED)}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "HTTP 401", .hint = two_causes, .retries = 4,
         .steps = {RIGHT(200, GRANTED), HEAD(401), GET(401, NULL)}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "HTTP 403", .is_basic = true, .retries = 4,
         .steps = {BASIC_HEAD(403), BASIC_GET(403, DENIED)}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "'" APP "' was not found: HTTP 404",
         .hint = "check its tag '1'", .retries = 4,
         .steps = {RIGHT(200, GRANTED), HEAD(404), GET(404, UNKNOWN)}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "was not found", .hint = "check its name",
         .retries = 4, .steps = {RIGHT(200, GRANTED), HEAD(404), GET(404, NO_NAME)}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "was not found", .hint = "may also hide",
         .is_basic = true, .steps = {BASIC_HEAD(404), BASIC_GET(404, NULL)}},
        /* the second of two, and not the third */
        {.images = {APP, "registry.example.com/other", "registry.example.com/third"},
         .pulled = 1,
         .cls = CLASS_FORBIDDEN,
         .part = "'registry.example.com/other'",
         .steps = {RIGHT(200, GRANTED),
                   HEAD(200),
                   {OTHER, false, HTTP_AUTH_BASIC, 403, NULL, DENIED}}},
        /* words that repeat a secret, or would move the cursor */
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "not shown",
         .steps = {RIGHT(403, DENIED_AS("no, " TOKEN_CLASSIC))}},
        {IMAGES, .cls = CLASS_FORBIDDEN, .part = "HTTP 403",
         .steps = {RIGHT(200, GRANTED), HEAD(403),
                   GET(403, DENIED_AS("bearer-1 is \\u001b[2J bad"))}},
    };

    (void)state;
    check_rows("forbidden", rows, COUNT(rows));
}

static void test_no_verdict(void **state)
{
    static const struct row rows[] = {
        {IMAGES, .cls = CLASS_UNREACHABLE, .part = "429", .steps = {RIGHT(429, NULL)}},
        {IMAGES, .cls = CLASS_UNREACHABLE, .part = "token request for '" APP "'",
         .steps = {RIGHT(503, NULL)}},
        {IMAGES, .cls = CLASS_UNREACHABLE, .part = "cannot ask", .steps = {RIGHT(0, NULL)}},
        {IMAGES, .cls = CLASS_UNPROVED, .part = "404", .steps = {RIGHT(404, NULL)}},
        /* a firewall's, at either place */
        {IMAGES, .cls = CLASS_UNPROVED,
         .part = "403 (error code: 1020), which is not how a registry refuses", .hint = "firewall",
         .steps = {RIGHT(403, "error code: 1020")}},
        {IMAGES, .cls = CLASS_UNPROVED,
         .part = "403 (Forbidden), which is not how a registry refuses", .hint = "firewall",
         .steps = {RIGHT(200, GRANTED), HEAD(403), GET(403, "{\"message\":\"Forbidden\"}")}},
        {IMAGES, .cls = CLASS_UNPROVED, .part = "HTTP 403", .is_basic = true,
         .steps = {BASIC_HEAD(403), BASIC_GET(403, NULL)}},
        {IMAGES, .cls = CLASS_UNPROVED, .part = "token", .steps = {RIGHT(200, "{}")}},
        {IMAGES, .cls = CLASS_UNPROVED, .part = "token", .steps = {RIGHT(200, "<html>")}},
        {IMAGES, .cls = CLASS_UNREACHABLE, .part = "manifest of '" APP "' fails",
         .steps = {RIGHT(200, GRANTED), HEAD(503)}},
        {IMAGES, .cls = CLASS_UNREACHABLE, .part = "cannot ask",
         .steps = {RIGHT(200, GRANTED), HEAD(0)}},
        {IMAGES, .cls = CLASS_UNREACHABLE, .part = "cannot ask",
         .steps = {RIGHT(200, GRANTED), HEAD(404), GET(0, NULL)}},
        {IMAGES, .cls = CLASS_UNPROVED, .part = "302",
         .steps = {RIGHT(200, GRANTED), HEAD(302), GET(302, NULL)}},
        {IMAGES, .cls = CLASS_UNPROVED, .part = "204",
         .steps = {RIGHT(200, GRANTED), HEAD(204), GET(204, NULL)}},
    };

    (void)state;
    check_rows("no verdict", rows, COUNT(rows));
}

#define OPEN HOST "/token?service=s&client_id=ghcr-login&scope=repository%3Aowner%2Fapp%3Apull"
#define STRANGER(s, b)                                                                             \
    {                                                                                              \
        OPEN, false, HTTP_AUTH_NONE, s, NULL, b                                                    \
    }

/* What anybody may pull, and what only those may who log in. */
static void test_without_a_credential(void **state)
{
    static const struct row rows[] = {
        {IMAGES, .is_anonymous = true, .pulled = 1, .steps = {STRANGER(200, GRANTED), HEAD(200)}},
        {IMAGES, .is_anonymous = true, .cls = CLASS_FORBIDDEN,
         .part = "without a credential, and none is stored for 'registry.example.com': HTTP 401",
         .hint = "log in: ghcr-login -u NAME registry.example.com; or check the name: "
                 "registries do not say whether an image exists",
         .steps = {STRANGER(200, GRANTED), HEAD(401), GET(401, NULL)}},
        {IMAGES, .is_anonymous = true, .cls = CLASS_FORBIDDEN, .part = "without a credential",
         .steps = {STRANGER(403, DENIED)}},
        {IMAGES, .is_anonymous = true, .cls = CLASS_FORBIDDEN, .part = "'" APP "' was not found",
         .steps = {STRANGER(200, GRANTED), HEAD(404), GET(404, UNKNOWN)}},
        {IMAGES, .is_anonymous = true, .is_basic = true, .cls = CLASS_FORBIDDEN,
         .part = "without a credential",
         .steps = {{MANIFEST, true, HTTP_AUTH_NONE, 401, NULL, NULL},
                   {MANIFEST, false, HTTP_AUTH_NONE, 401, NULL, NULL}}},
        {IMAGES, .is_anonymous = true, .cls = CLASS_UNREACHABLE, .steps = {STRANGER(503, NULL)}},
    };

    (void)state;
    check_rows("anonymous", rows, COUNT(rows));
}

/* One after the other, whatever became of those before; the first fault is told. */
static void test_each_of_them(void **state)
{
    static const struct row rows[] = {
        {.images = {APP, "registry.example.com/other", "registry.example.com/third"},
         .asks_for_each = true,
         .pulled = 1,
         .cls = CLASS_FORBIDDEN,
         .part = "'registry.example.com/other'",
         .steps = {RIGHT(200, GRANTED),
                   HEAD(200),
                   {OTHER, false, HTTP_AUTH_BASIC, 403, NULL, DENIED},
                   {HOST "/token" SERVICE "&scope=repository%3Athird%3Apull", false,
                    HTTP_AUTH_BASIC, 403, NULL, DENIED}}},
        {.images = {APP, "registry.example.com/other", "registry.example.com/third"},
         .asks_for_each = true,
         .pulled = 1,
         .cls = CLASS_UNREACHABLE,
         .steps = {RIGHT(200, GRANTED),
                   HEAD(200),
                   {OTHER, false, HTTP_AUTH_BASIC, 503, NULL, NULL}}},
    };

    (void)state;
    check_rows("each", rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_may_be_pulled), cmocka_unit_test(test_may_not_be_pulled),
        cmocka_unit_test(test_no_verdict),    cmocka_unit_test(test_without_a_credential),
        cmocka_unit_test(test_each_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
