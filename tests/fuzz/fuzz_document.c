/*
 * Any text given as an auth file: it is refused, or the result is what jansson says it must be
 * (document_set() asks it), begins and ends as the input does, and is current when stored again.
 */
#include "store/document.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const char key[] = "ghcr.io";

static void must(bool condition)
{
    if (!condition)
        abort();
}

static struct secret secret_of(const void *data, size_t len)
{
    struct error err = ERROR_INIT;
    struct secret out = SECRET_INIT;

    must(secret_append(&out, data, len, SIZE_MAX - 1, &err) == 0);
    return out;
}

static bool keep_going(void *ctx, const char *each)
{
    *(size_t *)ctx += strlen(each);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret in = secret_of(data, size);
    struct secret auth = secret_of("dXNlcjp0b2tlbg==", 16);
    struct secret out = SECRET_INIT;
    struct secret again = SECRET_INIT;
    struct error err = ERROR_INIT;
    char helper[DOCUMENT_HELPER_MAX + 1];
    size_t total = 0;
    bool changed = false;

    if (document_set(&out, &in, "it", key, &auth, &changed, &err) < 0) {
        must(err.cls == CLASS_AUTHFILE && err.message[0] != '\0'); /* never CLASS_INTERNAL */
        goto out;
    }
    must(changed || secret_is_equal(&in, &out));
    must(document_set(&again, &out, "it", key, &auth, &changed, &err) == 0);
    must(!changed && secret_is_equal(&out, &again));
    must(document_each_key(&out, "it", "", keep_going, &total, &err) == 0);
    must(total >= strlen(key));
    if (document_helper(helper, &out, "it", key, true, &err) < 0)
        must(err.cls == CLASS_AUTHFILE);
out:
    secret_clear(&in);
    secret_clear(&auth);
    secret_clear(&out);
    secret_clear(&again);
    return 0;
}
