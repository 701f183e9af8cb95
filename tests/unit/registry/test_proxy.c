/*
 * proxy: what libcurl's texts tell of a proxy, and what they do not.
 * tests/cli/test_proxies.py meets real ones.
 */
#include "../support.h"

#include "registry/http/fault.h"
#include "registry/http/proxy.h"

static void test_texts(void **state)
{
    static const struct {
        const char *url;
        CURLcode code;
        const char *text;
        const char *part; /* NULL: it is not the proxy */
    } rows[] = {
        {"https://ghcr.io/v2/", CURLE_COULDNT_CONNECT,
         "Failed to connect to proxy.example port 3128 after 1 ms: Couldn't connect to server",
         "cannot connect to the proxy 'proxy.example:3128'"},
        {"https://ghcr.io/v2/", CURLE_COULDNT_CONNECT,
         "Failed to connect to ghcr.io port 8443 after 1 ms: x", "the proxy 'ghcr.io:8443'"},
        {"https://ghcr.io/v2/", CURLE_COULDNT_CONNECT,
         "Failed to connect to ghcr.io port 443 after 1 ms: Couldn't connect to server", NULL},
        {"https://[::1]:5000/v2/", CURLE_COULDNT_CONNECT,
         "Failed to connect to ::1 port 5000 after 0 ms: Couldn't connect to server", NULL},
        {"https://[::1]:5000/v2/", CURLE_COULDNT_CONNECT,
         "Failed to connect to ::1 port 3128 after 0 ms: Couldn't connect to server",
         "the proxy '[::1]:3128'"},
        {"https://[::1]:5000/v2/", CURLE_COULDNT_CONNECT,
         "Failed to connect to proxy.example port 5000 after 0 ms: Couldn't connect to server",
         "the proxy 'proxy.example:5000'"},
        {"https://ghcr.io/v2/", CURLE_COULDNT_CONNECT, "Connection refused", NULL},
        {"https://ghcr.io/v2/", CURLE_COULDNT_CONNECT, "Failed to connect to nowhere", NULL},
        {"https://ghcr.io/v2/", CURLE_COULDNT_CONNECT, "Failed to connect to p port x", NULL},
        {"https://ghcr.io/v2/", CURLE_COULDNT_CONNECT, "", NULL},
        {"https://ghcr.io/v2/", CURLE_COULDNT_RESOLVE_PROXY,
         "Could not resolve proxy: proxy.example", "'proxy.example'"},
        {"https://ghcr.io/v2/", CURLE_COULDNT_RESOLVE_PROXY, "no such proxy me:s3cret@h",
         "cannot find the proxy's address (DNS)"},
        {"https://ghcr.io/v2/", CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host: ghcr.io",
         NULL},
    };
    CURL *easy = curl_easy_init();

    (void)state;
    assert_non_null(easy);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url url;
        struct proxy_fault fault = {
            .easy = easy, .code = rows[i].code, .text = rows[i].text, .url = &url};
        struct error err = ERROR_INIT;
        bool is_transient = true;

        assert_int_equal(url_parse(&url, rows[i].url, &err), 0);
        assert_row(rows[i].text,
                   proxy_report(&fault, &is_transient, &err) == (rows[i].part != NULL));
        if (rows[i].part != NULL) {
            assert_error(rows[i].text, &err, CLASS_UNREACHABLE, rows[i].part);
            assert_not_shown(rows[i].text, &err, "s3cret");
        }
    }
    curl_easy_cleanup(easy);
}

/* No request has such a URL; if one had, it would be told of and not read past its end. */
static void test_a_url_that_is_none(void **state)
{
    struct fault fault = {.code = CURLE_COULDNT_CONNECT, .text = "", .url = "ghcr.io"};
    struct error err = ERROR_INIT;
    bool is_transient;

    (void)state;
    fault.easy = curl_easy_init();
    assert_non_null(fault.easy);
    assert_int_equal(fault_report(&fault, &is_transient, &err), -1);
    assert_error("no URL", &err, CLASS_UNPROVED, "not an absolute http or https URL");
    curl_easy_cleanup(fault.easy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_a_url_that_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
