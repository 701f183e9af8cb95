#include "registry/handshake.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "registry/http/response.h"
#include "registry/http/url.h"
#include "registry/session.h"

static int read_challenge(struct session *s, struct error *err)
{
    const char *host = s->question->registry->host;
    struct span field;
    size_t count = 0;

    /* A registry may offer Basic in one field and Bearer in the next (RFC 9110 section 11.6.1). */
    for (; http_response_header(&s->response, "WWW-Authenticate", count, &field); count++) {
        if (challenge_add_field(&s->challenge, field.data, field.len, err) < 0)
            return -1;
    }
    if (count == 0) {
        return error_set_hint(err, CLASS_UNPROVED,
                              "a proxy in front of the registry may strip that header, or this "
                              "host is not a registry",
                              "'%s' answered HTTP 401 without a challenge (WWW-Authenticate)",
                              host);
    }
    if (s->challenge.scheme == CHALLENGE_NONE) {
        return error_set_hint(
            err, CLASS_UNPROVED,
            "registry clients support no others: ask the registry's operator to offer one of them",
            "'%s' offers neither Bearer nor Basic authentication", host);
    }
    return 0;
}

/* 200 for everybody: the images may be guarded all the same (zot #3868, some of Artifactory). */
static int refuse_open(const struct session *s, struct error *err)
{
    bool has_images = s->question->image_count > 0;

    (void)error_set(
        err, CLASS_UNPROVED, "'%s' asks for no authentication%s, so nothing can be proved",
        s->question->registry->host, has_images ? ", nor for any of the images" : " (HTTP 200)");
    return error_hint(err, has_images
                               ? "name an image that requires a login: --can-pull IMAGE"
                               : "its repositories may be protected individually: name one with "
                                 "--can-pull IMAGE, so that its own challenge can be used");
}

/* The first request of all tells what the registry speaks, and where; `ping_url` then says so. */
static int ping_first(struct session *s, char ping_url[URL_MAX], struct error *err)
{
    struct http_request request = {.auth = HTTP_AUTH_NONE};
    struct error fault = ERROR_INIT;
    struct error ignored = ERROR_INIT;

    if (session_ask_following(s, OUTCOME_PING, &request, ping_url, &fault) == 0)
        return 0;
    if (session_turns_plain(s)) {
        (void)session_url(s, ping_url, "/v2/"); /* a host is far shorter than a URL may be */
        if (session_ask_following(s, OUTCOME_PING, &request, ping_url, &ignored) == 0)
            return 0;
    }
    *err = fault; /* who did not ask for plain http is told nothing of it */
    return -1;
}

/*
 * What the registry asks for at /v2/. Returns 1 with the challenge set; 0 if it is open to all,
 * so that only an image can ask for a credential; or -1 with *err set.
 */
static int ping_for_challenge(struct session *s, char ping_url[URL_MAX], struct error *err)
{
    const char *host = s->question->registry->host;
    char what[URL_MAX + 2];

    if (ping_first(s, ping_url, err) < 0)
        return -1;
    if (s->response.status == 401)
        return read_challenge(s, err) < 0 ? -1 : 1;
    if (s->response.status == 200 && !answer_is_web_page(&s->response))
        return 0;
    if (s->response.status == 404) {
        return error_set_hint(err, CLASS_UNPROVED, "use the registry's own host name and port",
                              "'%s' is not a registry: it has no /v2/ (HTTP 404)", host);
    }
    (void)snprintf(what, sizeof(what), "'%s'", ping_url);
    return session_explain(s, what, err);
}

/* The one verdict that a script may act on: the credential is bad. All else may pass. */
static int refuse_credential(struct session *s, const char *when, struct error *err)
{
    return error_set(err, CLASS_REJECTED, "'%s' refused the credential of user '%s'%s: HTTP %d%s",
                     s->question->registry->host, text_shown(s->question->username).text, when,
                     s->response.status, session_words(s));
}

static int get_token(struct session *s, struct error *err)
{
    char what[REFERENCE_HOST_MAX + 64];
    int ret = session_fetch_bearer(s, NULL, err);

    if (ret != 0)
        return ret < 0 ? -1 : 0;
    if (session_is_refused(s))
        return refuse_credential(s, "", err);
    (void)snprintf(what, sizeof(what), "the token request of '%s'", s->question->registry->host);
    return session_explain(s, what, err);
}

/* The registry's clock may be behind its token server's: what was just given is not valid yet. */
static int ping_again(struct session *s, const struct http_request *request, struct error *err)
{
    enum { PAUSE_MS = 1000 };
    const struct clock *clock = s->retry->clock;

    /* With less time left, the answer that there is says more than one that comes too late. */
    if (clock_left(clock, s->retry->deadline_ms) <= 2 * (int64_t)PAUSE_MS)
        return 0;
    clock->sleep_ms(clock->ctx, PAUSE_MS + clock->random_below(clock->ctx, PAUSE_MS));
    return session_ask(s, OUTCOME_PING_WITH_TOKEN, request, err);
}

static const char taken_at_first[] =
    "the user name and the token were accepted at first: try again; the clocks of the registry and "
    "its token server may differ; a robot account (Harbor) may be valid only for its own "
    "repositories";

/* A verdict on what the token server gave, and none on what it gave it for. */
static int refuse_grant(struct session *s, struct error *err)
{
    return error_set_hint(
        err, CLASS_UNPROVED, taken_at_first,
        "'%s' rejects the bearer token that it issued for the credential: HTTP %d%s",
        s->question->registry->host, s->response.status, session_words(s));
}

/* Amazon's ECR says 400 to a token that it cannot read, or that another region has given. */
static bool is_ecr(const struct session *s)
{
    return strstr(s->challenge.service, "ecr.amazonaws.com") != NULL ||
           strstr(s->question->registry->host, ".dkr.ecr.") != NULL;
}

static int refuse_at_ecr(struct session *s, struct error *err)
{
    return error_set_hint(
        err, CLASS_UNPROVED,
        "get one for the region in the registry's name: aws ecr "
        "get-login-password --region REGION; the user name is AWS",
        "'%s' answered HTTP 400%s: the token is malformed, or belongs to another region",
        s->question->registry->host, session_words(s));
}

static int ping_with_credential(struct session *s, char ping_url[URL_MAX], struct error *err)
{
    struct http_request request = session_authorized(s, ping_url);
    bool is_granted = request.auth == HTTP_AUTH_BEARER;
    enum outcome_phase phase = is_granted ? OUTCOME_PING_WITH_TOKEN : OUTCOME_BASIC;
    char what[REFERENCE_HOST_MAX + 64];

    if (session_ask_following(s, phase, &request, ping_url, err) < 0)
        return -1;
    if (is_granted && s->response.status == 401 && ping_again(s, &request, err) < 0)
        return -1;
    if (s->response.status == 200 && !answer_is_web_page(&s->response))
        return 0;
    if (is_granted && s->response.status == 401)
        return refuse_grant(s, err);
    if (session_is_refused(s)) {
        (void)refuse_credential(s, is_granted ? " after issuing a token for it" : "", err);
        return is_granted ? error_hint(err, "%s", taken_at_first) : -1;
    }
    if (!is_granted && s->response.status == 400 && is_ecr(s))
        return refuse_at_ecr(s, err);
    (void)snprintf(what, sizeof(what), "the authenticated /v2/ of '%s'",
                   s->question->registry->host);
    return session_explain(s, what, err);
}

/* Every kind of manifest that docker and podman pull; GHCR says 404 to who does not list its own.
 */
static const char manifest_types[] = "application/vnd.oci.image.index.v1+json, "
                                     "application/vnd.oci.image.manifest.v1+json, "
                                     "application/vnd.docker.distribution.manifest.list.v2+json, "
                                     "application/vnd.docker.distribution.manifest.v2+json";

static bool is_anonymous(const struct session *s)
{
    return s->question->token == NULL;
}

static int refuse_stranger(struct session *s, const struct image *image, struct error *err)
{
    (void)error_set(err, CLASS_FORBIDDEN,
                    "'%s' cannot be pulled without a credential, and none is stored for '%s': "
                    "HTTP %d%s",
                    text_shown(image->given).text, s->question->registry->host, s->response.status,
                    session_words(s));
    return error_hint(err,
                      "log in: ghcr-login -u NAME %s; or check the name: registries do not say "
                      "whether an image exists",
                      s->question->registry->host);
}

static int refuse_pull(struct session *s, const struct image *image, struct error *err)
{
    if (is_anonymous(s))
        return refuse_stranger(s, image, err);
    return error_set_hint(
        err, CLASS_FORBIDDEN,
        "the token lacks the right to read packages, or its account has no access to this one, or "
        "the package does not exist: registries do not say which",
        "the credential is good, but may not pull '%s': HTTP %d%s", text_shown(image->given).text,
        s->response.status, session_words(s));
}

static int refuse_absent(struct session *s, const struct image *image, struct error *err)
{
    bool is_tag_unknown = s->outcome->code == OUTCOME_CODE_MANIFEST_UNKNOWN ||
                          (s->outcome->phrases & OUTCOME_SAYS_MANIFEST_UNKNOWN) != 0;

    (void)error_set(err, CLASS_FORBIDDEN, "%s'%s' was not found: HTTP %d%s",
                    is_anonymous(s) ? "" : "the credential is good, but ",
                    text_shown(image->given).text, s->response.status, session_words(s));
    if (is_tag_unknown)
        return error_hint(
            err,
            "check its %s '%s'; a registry may also hide an image that this account cannot access",
            image->is_digest ? "digest" : "tag", image->version);
    return error_hint(
        err, "check its name; a registry may also hide an image that this account cannot access");
}

static int fetch_scoped_bearer(struct session *s, const struct image *image, struct error *err)
{
    char scope[IMAGE_NAME_MAX + sizeof("repository::pull")];
    char what[sizeof(struct text_shown) + 64];
    int ret;

    (void)snprintf(scope, sizeof(scope), "repository:%s:pull", image->name);
    ret = session_fetch_bearer(s, scope, err);
    if (ret != 0)
        return ret < 0 ? -1 : 0;
    if (!s->outcome->is_good && session_is_refused(s)) {
        s->outcome->phase = OUTCOME_TOKEN; /* what was refused is the credential itself */
        return refuse_credential(s, "", err);
    }
    if (s->outcome->is_good && session_is_forbidden(s))
        return refuse_pull(s, image, err);
    (void)snprintf(what, sizeof(what), "the token request for '%s'", text_shown(image->given).text);
    return session_explain(s, what, err);
}

static bool is_called_html(const struct http_response *response)
{
    struct span type;

    return http_response_header(response, "Content-Type", 0, &type) && type.len >= 9 &&
           strncasecmp(type.data, "text/html", 9) == 0;
}

/* HEAD has no body; what was wrong, or whose page it is, stands in that of a GET. */
static int ask_for_manifest(struct session *s, char url[URL_MAX], struct error *err)
{
    struct http_request request = session_authorized(s, url);

    request.accept = manifest_types;
    request.is_head = true;
    if (session_ask_following(s, OUTCOME_MANIFEST, &request, url, err) < 0)
        return -1;
    if ((s->response.status == 200 && !is_called_html(&s->response)) ||
        http_status_is_transient(s->response.status)) /* asked often enough */
        return 0;
    request.is_head = false;
    return session_ask(s, OUTCOME_MANIFEST, &request, err);
}

/* Neither name nor version needs encoding: image_parse() has let nothing through that would. */
static void manifest_url(const struct session *s, const struct image *image, char url[URL_MAX])
{
    char path[IMAGE_NAME_MAX + IMAGE_VERSION_MAX + sizeof("/v2//manifests/")];

    (void)snprintf(path, sizeof(path), "/v2/%s/manifests/%s", image->name, image->version);
    (void)session_url(s, url, path); /* all parts are far shorter than a URL may be */
}

/* 401 or 403, for an image that asked for a credential although /v2/ had not. */
static int refuse_unproved(struct session *s, const char *what, struct error *err)
{
    if (s->challenge.scheme == CHALLENGE_BEARER)
        return refuse_grant(s, err);
    if (!session_is_refused(s))
        return session_explain(s, what, err);
    s->outcome->phase = OUTCOME_BASIC;
    return refuse_credential(s, "", err);
}

static int check_pull(struct session *s, struct image *image, struct error *err)
{
    char what[sizeof(struct text_shown) + 64];
    char url[URL_MAX];
    bool is_proof;

    manifest_url(s, image, url);
    (void)snprintf(what, sizeof(what), "the request for the manifest of '%s'",
                   text_shown(image->given).text);
    if (s->challenge.scheme == CHALLENGE_BEARER && fetch_scoped_bearer(s, image, err) < 0)
        return -1;
    if (ask_for_manifest(s, url, err) < 0)
        return -1;
    if (session_is_forbidden(s))
        return s->outcome->is_good ? refuse_pull(s, image, err) : refuse_unproved(s, what, err);
    /* 404 as well: a registry looks a manifest up for whom it lets in. */
    is_proof = (s->response.status == 200 || s->response.status == 404) &&
               !answer_is_web_page(&s->response);
    if (!s->outcome->is_good && !is_proof)
        return session_explain(s, what, err);
    s->outcome->is_good = true;
    if (s->response.status == 404)
        return refuse_absent(s, image, err);
    if (s->response.status != 200 || answer_is_web_page(&s->response))
        return session_explain(s, what, err);
    image->can_pull = true;
    return 0;
}

/*
 * The first image that asks for a credential. Returns 1 with *guarded and the challenge set, 0
 * if none does, or -1 with *err set.
 */
static int find_guarded(struct session *s, struct image **guarded, struct error *err)
{
    const struct question *q = s->question;

    for (size_t i = 0; i < q->image_count; i++) {
        char url[URL_MAX];
        struct http_request request = {.accept = manifest_types, .is_head = true};

        manifest_url(s, &q->images[i], url);
        if (session_ask_following(s, OUTCOME_PING, &request, url, err) < 0)
            return -1;
        if (s->response.status == 401) {
            *guarded = &q->images[i];
            return read_challenge(s, err) < 0 ? -1 : 1;
        }
    }
    return 0;
}

/* The credential is good once the image that asked for it can be pulled, or is not there. */
static int prove_by_image(struct session *s, struct image **guarded, struct error *err)
{
    int found = find_guarded(s, guarded, err);

    if (found <= 0)
        return found < 0 ? -1 : refuse_open(s, err);
    return check_pull(s, *guarded, err);
}

static int prove_credential(struct session *s, struct image **guarded, struct error *err)
{
    char ping_url[URL_MAX];
    int is_challenged;

    /* With the last slash: "/v2" is a redirect at many registries. */
    (void)session_url(s, ping_url, "/v2/"); /* a host is far shorter than a URL may be */
    is_challenged = ping_for_challenge(s, ping_url, err);
    if (is_challenged <= 0)
        return is_challenged < 0 ? -1 : prove_by_image(s, guarded, err);
    if ((s->challenge.scheme == CHALLENGE_BEARER && get_token(s, err) < 0) ||
        ping_with_credential(s, ping_url, err) < 0)
        return -1;
    s->outcome->is_good = true;
    return 0;
}

/* Nobody's: what is good is that nothing is shown, and what is asked for is what anybody may have.
 */
static int ask_without_credential(struct session *s, struct error *err)
{
    char ping_url[URL_MAX];
    struct image *ignored;
    int is_challenged;

    (void)session_url(s, ping_url, "/v2/"); /* a host is far shorter than a URL may be */
    is_challenged = ping_for_challenge(s, ping_url, err);
    if (is_challenged == 0)
        is_challenged = find_guarded(s, &ignored, err);
    s->outcome->is_good = is_challenged >= 0;
    return is_challenged < 0 ? -1 : 0;
}

/* All images but the one that was the proof. */
static int check_pulls(struct session *s, const struct image *proof, struct error *err)
{
    const struct question *q = s->question;

    for (size_t i = 0; i < q->image_count; i++) {
        struct image *image = &q->images[i];
        struct error fault = ERROR_INIT;
        int ret = proof != NULL && image == proof ? 0 : check_pull(s, image, &fault);

        image->status = image->can_pull ? 200 : s->response.status;
        if (q->on_image != NULL)
            q->on_image(q->on_image_ctx, i + 1);
        if (ret < 0 && err->cls == CLASS_NONE)
            *err = fault;
        if (ret < 0 && !(q->asks_for_each && fault.cls == CLASS_FORBIDDEN))
            break;
    }
    return err->cls == CLASS_NONE ? 0 : -1;
}

int handshake_prove(const struct question *question, const struct retry *retry,
                    struct outcome *outcome, struct error *err)
{
    struct image *proof = NULL;
    struct session s;
    int ret = -1;

    *outcome = (struct outcome){.phase = OUTCOME_NOT_ASKED};
    if (session_start(&s, question, retry, outcome, err) == 0)
        ret =
            is_anonymous(&s) ? ask_without_credential(&s, err) : prove_credential(&s, &proof, err);
    if (ret == 0)
        ret = check_pulls(&s, proof, err);
    session_clear(&s);
    return ret;
}
