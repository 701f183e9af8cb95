/*
 * url: what libcurl will make of a URL is what is checked.
 */
#include "../support.h"

#include <strings.h>

#include "registry/http/url.h"

static void test_what_is_accepted(void **state)
{
    static const struct {
        const char *text;
        const char *scheme;
        const char *host;
        unsigned port;
        bool has_userinfo;
    } rows[] = {
        {"https://ghcr.io/token", "https", "ghcr.io", 443, false},
        {"http://ghcr.io/token", "http", "ghcr.io", 80, false},
        {"https://ghcr.io", "https", "ghcr.io", 443, false},
        {"HTTPS://GHCR.io:443", "https", "ghcr.io", 443, false},
        {"https://h:1/", "https", "h", 1, false},
        {"https://h:65535/", "https", "h", 65535, false},
        {"https://h:0443/", "https", "h", 443, false},
        {"https://h:/", "https", "h", 443, false},
        {"https://[::1]:5000/", "https", "[::1]", 5000, false},
        {"https://[2001:DB8::1]/", "https", "[2001:db8::1]", 443, false},
        {"https://127.0.0.1/", "https", "127.0.0.1", 443, false},
        {"https://2130706433/", "https", "127.0.0.1", 443, false},
        {"https://0x7f.1/", "https", "127.0.0.1", 443, false},
        {"https://017700000001/", "https", "127.0.0.1", 443, false},
        {"https://127.1/", "https", "127.0.0.1", 443, false},
        {"https://h/?a=b&c=d", "https", "h", 443, false},
        {"https://h?@evil.com", "https", "h", 443, false},
        {"https://h#@evil.com", "https", "h", 443, false},
        {"https://me@h/", "https", "h", 443, true},
        {"https://me:pw@h/", "https", "h", 443, true},
        {"https://me:@h/", "https", "h", 443, true},
        {"https://:pw@h/", "https", "h", 443, true},
        {"https://ghcr.io@evil.com/", "https", "evil.com", 443, true},
        {"https://ghcr.io:443@evil.com/", "https", "evil.com", 443, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url url = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i].text, url_parse(&url, rows[i].text, &err) == 0);
        assert_row_string(rows[i].text, url.scheme, rows[i].scheme);
        assert_row_string(rows[i].text, url.host, rows[i].host);
        assert_row(rows[i].text, url.port == rows[i].port);
        assert_row(rows[i].text, url.has_userinfo == rows[i].has_userinfo);
    }
}

static void assert_refused(const char *text)
{
    struct url url = {.scheme = "old", .host = "old", .port = 7};
    struct error err = ERROR_INIT;

    assert_row(text, url_parse(&url, text, &err) == -1);
    assert_error(text, &err, CLASS_UNPROVED, "not an absolute http or https URL");
    assert_not_shown(text, &err, "s3cret");
    assert_row_string(text, url.scheme, "old");
    assert_row_string(text, url.host, "old");
    assert_row(text, url.port == 7);
}

static void test_what_is_refused(void **state)
{
    static const char *const rows[] = {"",
                                       "/",
                                       "/token",
                                       "token",
                                       "//ghcr.io/token",
                                       "ghcr.io",
                                       "ghcr.io/token",
                                       "ghcr.io:443/token",
                                       "ftp://h/s3cret",
                                       "file:///s3cret",
                                       "data:s3cret",
                                       "httpsx://h/",
                                       "https://",
                                       "https:///",
                                       "https://:443/",
                                       "https://h:65536/",
                                       "https://h:4294967739/",
                                       "https://h:-443/",
                                       "https://h:x/",
                                       "https://h:443x/",
                                       "https://h /s3cret",
                                       "https://h/s3cret\n",
                                       "https://h\t/",
                                       "https://h\x01/",
                                       "https://h%1b/",
                                       "https://h%7f/",
                                       "https://h\xc3\xa9/",
                                       "https://h%e2%80%aeoi.rchg/",
                                       "https://[::1/",
                                       "https://[::g]/",
                                       "https://[1.2.3.4]/"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(rows[i]);
}

/* The host must fit whole: a host that is cut would be another host. */
static void test_longest_host(void **state)
{
    for (size_t len = URL_HOST_MAX - 1; len <= URL_HOST_MAX + 2; len++) {
        struct url url = {.host = "old"};
        struct error err = ERROR_INIT;
        char text[URL_HOST_MAX + 64];

        (void)state;
        (void)snprintf(text, sizeof(text), "https://a%0*d.example/", (int)len - 9, 0);
        if (len <= URL_HOST_MAX) {
            assert_int_equal(url_parse(&url, text, &err), 0);
            assert_int_equal(strlen(url.host), len);
        } else {
            assert_int_equal(url_parse(&url, text, &err), -1);
            assert_string_equal(url.host, "old");
        }
    }
}

static void test_queries(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        const char *value;
        const char *out;
    } rows[] = {
        {"https://h/t", "service", "ghcr.io", "https://h/t?service=ghcr.io"},
        {"https://h", "a", "b", "https://h/?a=b"},
        {"https://h/t?foo=bar", "a", "b", "https://h/t?foo=bar&a=b"},
        {"https://h/t?a=x", "a", "b", "https://h/t?a=x&a=b"},
        {"https://h/t?foo=a%20b+c", "a", "b", "https://h/t?foo=a%20b+c&a=b"},
        {"https://h/t#frag", "a", "b", "https://h/t?a=b#frag"},
        {"https://h:8443/t", "a", "", "https://h:8443/t?a="},
        {"https://h/t", "a", "a b", "https://h/t?a=a+b"},
        {"https://h/t", "a", "a+b", "https://h/t?a=a%2Bb"},
        {"https://h/t", "a", "x&b=c", "https://h/t?a=x%26b%3Dc"},
        {"https://h/t", "a", "=", "https://h/t?a=%3D"},
        {"https://h/t", "a", "#?%", "https://h/t?a=%23%3F%25"},
        {"https://h/t", "a", "a,b \"q\"", "https://h/t?a=a%2Cb+%22q%22"},
        {"https://h/t", "a", "caf\xc3\xa9", "https://h/t?a=caf%C3%A9"},
        {"https://h/t", "a", "x\r\ny", "https://h/t?a=x%0D%0Ay"},
        {"https://h/t", "a", "robot$x@y/z:1", "https://h/t?a=robot%24x%40y%2Fz%3A1"},
        {"https://h/t", "a", "-._~", "https://h/t?a=-._~"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;
        char out[URL_MAX] = "";

        assert_row(rows[i].value,
                   url_add_query(out, rows[i].text, rows[i].name, rows[i].value, &err) == 0);
        if (strcasecmp(out, rows[i].out) != 0) /* libcurl's versions differ in the hex digits */
            assert_row_string(rows[i].value, out, rows[i].out);
    }
}

static void test_query_onto_itself(void **state)
{
    char url[URL_MAX] = "https://h/t?x";
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(url_add_query(url, url, "a", "1", &err), 0);
    assert_int_equal(url_add_query(url, url, "b", "2", &err), 0);
    assert_string_equal(url, "https://h/t?x&a=1&b=2");
}

/* All of it or an error: never a query that lost its end. */
static void test_longest_query(void **state)
{
    static const size_t prefix = sizeof("https://h/t?a=") - 1;

    (void)state;
    for (size_t len = URL_MAX - 3; len < URL_MAX + 16; len++) {
        static char value[URL_MAX + 16];
        char out[URL_MAX] = "";
        struct error err = ERROR_INIT;
        int ret;

        memset(value, 'v', sizeof(value));
        value[len - prefix] = '\0';
        ret = url_add_query(out, "https://h/t", "a", value, &err);
        assert_int_equal(ret, len < URL_MAX ? 0 : -1);
        if (ret == 0)
            assert_int_equal(strlen(out), len);
        else
            assert_int_equal(err.cls, CLASS_UNPROVED);
    }
}

static void test_what_stays_here(void **state)
{
    static const char *const here[] = {"http://localhost/t", "HTTP://LOCALHOST:80/",
                                       "http://127.0.0.1:5000/v2/", "http://127.1/",
                                       "http://[::1]:5000/v2/"};
    static const char *const away[] = {"https://localhost/t", "http://ghcr.io/",
                                       "http://128.0.0.1",    "http://localhost.example/",
                                       "ftp://localhost/",    ""};

    (void)state;
    for (size_t i = 0; i < COUNT(here); i++)
        assert_row(here[i], url_stays_here(here[i]));
    for (size_t i = 0; i < COUNT(away); i++)
        assert_row(away[i], !url_stays_here(away[i]));
}

static void test_origin_and_reference(void **state)
{
    static const struct {
        const char *reference;
        const char *url; /* NULL: none */
        bool is_same;
    } rows[] = {
        {"/t?b=c", "https://h.example/t?b=c", true},
        {"other", "https://h.example/a/other", true},
        {"?x=y", "https://h.example/a/b?x=y", true},
        {"https://h.example:443/", "https://h.example/", true},
        {"https://H.example/", "https://H.example/", true},
        {"https://h.example:444/", "https://h.example:444/", false},
        {"http://h.example/", "http://h.example/", false},
        {"//other.example/", "https://other.example/", false},
        {"https://", NULL, false},
    };
    struct error err = ERROR_INIT;
    struct url base;
    char out[URL_MAX];

    (void)state;
    assert_int_equal(url_parse(&base, "https://h.example/a/b", &err), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error ignored = ERROR_INIT;
        struct url url;

        assert_row(rows[i].reference, url_resolve(out, "https://h.example/a/b", rows[i].reference,
                                                  &ignored) == (rows[i].url != NULL ? 0 : -1));
        if (rows[i].url == NULL)
            continue;
        assert_row_string(rows[i].reference, out, rows[i].url);
        assert_int_equal(url_parse(&url, out, &err), 0);
        assert_row(rows[i].reference, url_is_same_origin(&base, &url) == rows[i].is_same);
    }
    base.port = 8443;
    assert_int_equal(url_set_origin(out, "http://h.example/t?a=b%20c", &base, &err), 0);
    assert_string_equal(out, "https://h.example:8443/t?a=b%20c");
    assert_int_equal(url_set_origin(out, "nonsense://", &base, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origin_and_reference),
        cmocka_unit_test(test_what_is_accepted),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_longest_host),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_query_onto_itself),
        cmocka_unit_test(test_longest_query),
        cmocka_unit_test(test_what_stays_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
