#include "registry/pull.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "registry/refusal.h"
#include "registry/url.h"

/* Every kind of manifest that docker and podman pull; GHCR says 404 to who does not list its own.
 */
static const char manifest_types[] = "application/vnd.oci.image.index.v1+json, "
                                     "application/vnd.oci.image.manifest.v1+json, "
                                     "application/vnd.docker.distribution.manifest.list.v2+json, "
                                     "application/vnd.docker.distribution.manifest.v2+json";

struct shown_image {
    char text[400];
};

static struct shown_image show(const struct image *image)
{
    struct shown_image shown;

    (void)text_printable(shown.text, sizeof(shown.text), image->given, strlen(image->given));
    return shown;
}

static int refuse_pull(struct conversation *c, const struct image *image, struct error *err)
{
    (void)error_set(err, CLASS_FORBIDDEN,
                    "the credential is good, but may not pull '%s': HTTP %d%s", show(image).text,
                    c->response.status, conversation_words(c));
    return error_hint(err,
                      "the token lacks the right to read packages, or its account has no access "
                      "to this one, or there is none of this name: registries answer alike");
}

static int refuse_absent(struct conversation *c, const struct image *image, struct error *err)
{
    bool is_tag_unknown = c->outcome->code == OUTCOME_CODE_MANIFEST_UNKNOWN ||
                          (c->outcome->phrases & OUTCOME_SAYS_MANIFEST_UNKNOWN) != 0;

    (void)error_set(err, CLASS_FORBIDDEN,
                    "the credential is good, but '%s' is not there: HTTP %d%s", show(image).text,
                    c->response.status, conversation_words(c));
    if (is_tag_unknown)
        return error_hint(err,
                          "check its %s '%s'; a registry may also hide what this account has "
                          "no access to",
                          image->is_digest ? "digest" : "tag", image->version);
    return error_hint(err, "check its name; a registry may also hide what this account has no "
                           "access to");
}

static int fetch_scoped_bearer(struct conversation *c, const struct image *image, struct error *err)
{
    char scope[IMAGE_NAME_MAX + sizeof("repository::pull")];
    char what[sizeof(struct shown_image) + 64];
    int ret;

    (void)snprintf(scope, sizeof(scope), "repository:%s:pull", image->name);
    ret = conversation_fetch_bearer(c, scope, err);
    if (ret <= 0)
        return ret;
    if (refusal_is_of_credential(c))
        return refuse_pull(c, image, err);
    (void)snprintf(what, sizeof(what), "the token request for '%s'", show(image).text);
    return refusal_explain(c, what, err);
}

static bool is_called_html(const struct http_response *response)
{
    struct span type;

    return http_response_header(response, "Content-Type", 0, &type) && type.len >= 9 &&
           strncasecmp(type.data, "text/html", 9) == 0;
}

/* HEAD has no body; what was wrong, or whose page it is, stands in that of a GET. */
static int ask_for_manifest(struct conversation *c, const char *url, struct error *err)
{
    struct http_request request = conversation_authorized(c, url);

    request.accept = manifest_types;
    request.is_head = true;
    if (conversation_ask(c, OUTCOME_MANIFEST, &request, err) < 0)
        return -1;
    if ((c->response.status == 200 && !is_called_html(&c->response)) ||
        retry_is_transient_status(c->response.status)) /* asked often enough */
        return 0;
    request.is_head = false;
    return conversation_ask(c, OUTCOME_MANIFEST, &request, err);
}

int pull_check(struct conversation *c, struct image *image, struct error *err)
{
    char path[IMAGE_NAME_MAX + IMAGE_VERSION_MAX + sizeof("/v2//manifests/")];
    char what[sizeof(struct shown_image) + 64];
    char url[URL_MAX];

    (void)snprintf(path, sizeof(path), "/v2/%s/manifests/%s", image->name, image->version);
    (void)conversation_url(c, url, path); /* all parts are far shorter than a URL may be */
    if (c->challenge.scheme == CHALLENGE_BEARER && fetch_scoped_bearer(c, image, err) < 0)
        return -1;
    if (ask_for_manifest(c, url, err) < 0)
        return -1;
    if (refusal_is_of_credential(c))
        return refuse_pull(c, image, err);
    if (c->response.status == 404)
        return refuse_absent(c, image, err);
    (void)snprintf(what, sizeof(what), "the request for the manifest of '%s'", show(image).text);
    if (c->response.status != 200 || answer_is_web_page(&c->response))
        return refusal_explain(c, what, err);
    image->can_pull = true;
    return 0;
}
