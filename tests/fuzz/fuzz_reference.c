/*
 * Any text as a registry: refused without being shown, or a host in lower case and a namespace of
 * the documented grammar, whose keys name the same registry again.
 */
#include "fuzz.h"

#include "registry/reference.h"
#include "store/reader.h"

#define LABEL "[a-z0-9]([a-z0-9-]*[a-z0-9])?"

static void check_grammar(const struct reference *ref)
{
    static regex_t host;
    static regex_t name_space;

    must(strlen(ref->host) <= REFERENCE_HOST_MAX);
    must(matches(&host, "^(\\[[0-9a-f:.]+]|" LABEL "([.]" LABEL ")*)(:0*[1-9][0-9]{0,4})?$",
                 ref->host));
    must(strlen(ref->name_space) <= REFERENCE_NAMESPACE_MAX);
    must(ref->name_space[0] == '\0' || matches(&name_space, "^(" REPOSITORY ")$", ref->name_space));
    must(reference_is_docker_hub(ref) || strcmp(ref->api_host, ref->host) == 0);
    must(!reference_is_github(ref) || reference_may_be_github(ref));
    must(!reference_is_default(ref) || reference_is_github(ref));
}

static void check_again(const struct reference *ref, const char *key, const char *name_space)
{
    struct reference again;
    struct error err = ERROR_INIT;

    must(reference_parse(&again, key, &err) == 0);
    must(strcmp(again.host, ref->host) == 0 && strcmp(again.api_host, ref->api_host) == 0);
    must(strcmp(again.name_space, name_space) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = feed_of(data, size);
    char *text = take_line(&in);
    struct error err = ERROR_INIT;
    struct reference ref;
    char key[READER_KEY_MAX + 1];

    if (reference_parse(&ref, text, &err) < 0) {
        check_error(&err, CLASS_USAGE);
        must(is_shown(err.message) && strstr(err.message, "ghp_") == NULL);
    } else {
        check_grammar(&ref);
        (void)reader_key(key, &reader_podman, ref.host, ref.name_space);
        check_again(&ref, key, ref.name_space);
        check_again(&ref, reader_host(&reader_docker, ref.host), "");
    }
    (void)reference_is_loopback(text);
    free(text);
    return 0;
}
