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
         "cannot resolve the proxy's name (DNS)"},
        {"https://ghcr.io/v2/", CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host: ghcr.io",
         NULL},
    };
    CURL *easy = curl_easy_init();

    (void)state;
    assert_non_null(easy);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url url;
        struct proxy_fault fault = {
            .easy = easy, .code = rows[i].code, .text = rows[i].text, .url = &url, .proxy = ""};
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
    struct fault fault = {.code = CURLE_COULDNT_CONNECT, .text = "", .url = "ghcr.io", .proxy = ""};
    struct error err = ERROR_INIT;
    bool is_transient;

    (void)state;
    fault.easy = curl_easy_init();
    assert_non_null(fault.easy);
    assert_int_equal(fault_report(&fault, &is_transient, &err), -1);
    assert_error("no URL", &err, CLASS_UNPROVED, "not an absolute http or https URL");
    curl_easy_cleanup(fault.easy);
}

static const char *list;
static const char *variable;
static const char *value;

static bool is_cgi;

static const char *environment(const char *name)
{
    if (strcmp(name, "REQUEST_METHOD") == 0)
        return is_cgi ? "GET" : NULL;
    return strcmp(name, "NO_PROXY") == 0 ? list : strcmp(name, variable) == 0 ? value : NULL;
}

/* As golang.org/x/net/http/httpproxy has it. */
static void test_no_proxy(void **state)
{
    static const struct {
        const char *list;
        const char *url;
        bool is_direct;
    } rows[] = {
        {"*.corp.example", "https://r.corp.example/", true},
        {"*.corp.example", "https://a.r.corp.example/", true},
        {"*.corp.example", "https://corp.example/", false},
        {"*.corp.example", "https://evilcorp.example/", false},
        {".corp.example", "https://r.corp.example/", true},
        {".corp.example", "https://corp.example/", false},
        {"corp.example", "https://r.corp.example/", true},
        {"corp.example", "https://corp.example/", true},
        {"corp.example", "https://corp.example.org/", false},
        {"CORP.example", "https://r.Corp.Example/", true},
        {"r.example:5000", "https://r.example:5000/", true},
        {"r.example:5000", "https://r.example/", false},
        {"r.example:443", "https://r.example/", true},
        {"*", "https://r.example/", true},
        {"a.example,*,b.example", "https://r.example/", true},
        {" a.example , r.example\t,", "https://r.example/", true},
        {"a.example r.example", "https://r.example/", false},
        {",,", "https://r.example/", false},
        {"", "https://r.example/", false},
        {"10.0.0.0/8", "https://10.1.2.3:5000/", true},
        {"10.0.0.0/8", "https://11.1.2.3/", false},
        {"10.0.0.0/8", "https://r.example/", false},
        {"192.168.16.0/20", "https://192.168.31.1/", true},
        {"192.168.16.0/20", "https://192.168.32.1/", false},
        {"0.0.0.0/0", "https://192.168.32.1/", true},
        {"10.0.0.0/33", "https://10.0.0.1/", false},
        {"10.1.2.3", "https://10.1.2.3/", true},
        {"10.1.2.3:5000", "https://10.1.2.3:5000/", true},
        {"10.1.2.3:5000", "https://10.1.2.3/", false},
        {"2001:db8::1", "https://[2001:db8::1]:5000/", true},
        {"[2001:db8::1]:5000", "https://[2001:db8::1]:5000/", true},
        {"[2001:db8::1]:5000", "https://[2001:db8::1]/", false},
        {"2001:db8::/32", "https://[2001:db8:1::1]/", true},
        {"2001:db8::/32", "https://[2001:db9::1]/", false},
    };
    struct error err = ERROR_INIT;

    (void)state;
    variable = "HTTPS_PROXY";
    value = "http://proxy.example:3128";
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proxy_choice choice;
        struct url url;

        list = rows[i].list;
        assert_int_equal(url_parse(&url, rows[i].url, &err), 0);
        proxy_choose(&choice, &url, environment);
        assert_row(rows[i].list, (choice.url[0] == '\0') == rows[i].is_direct);
    }
}

static void test_which_proxy(void **state)
{
    static const struct {
        const char *variable;
        const char *value;
        const char *to;
        const char *url;
        const char *name;
    } rows[] = {
        {"HTTPS_PROXY", "http://p.example:3128", "https://r/", "http://p.example:3128",
         "p.example:3128"},
        {"https_proxy", "p.example:3128", "https://r/", "p.example:3128", "p.example:3128"},
        {"https_proxy", "http://p.example/", "https://r/", "http://p.example/", "p.example"},
        {"https_proxy", "socks5://p.example:1080", "https://r/", "socks5://p.example:1080",
         "p.example:1080"},
        /* curl reads these, and Go does not */
        {"all_proxy", "http://p.example/", "https://r/", "", ""},
        {"ALL_PROXY", "http://p.example/", "https://r/", "", ""},
        {"ALL_PROXY", "http://p.example/", "http://r/", "", ""},
        {"http_proxy", "http://p.example", "https://r/", "", ""},
        {"http_proxy", "http://p.example", "http://r/", "http://p.example", "p.example"},
        {"http_proxy", "http://p.example", "http://127.0.0.1/", "", ""},
        {"https_proxy", "http://p.example", "https://127.0.0.1/", "", ""},
        {"https_proxy", "http://p.example", "https://127.9.9.9:5000/", "", ""},
        {"https_proxy", "http://p.example", "https://localhost:5000/", "", ""},
        {"https_proxy", "http://p.example", "https://[::1]:5000/", "", ""},
        {"https_proxy", "http://p.example", "https://r.localhost/", "http://p.example",
         "p.example"},
        {"HTTP_PROXY", "http://p.example", "http://r/", "http://p.example", "p.example"},
        {"HTTPS_PROXY", "http://me:p@ss@w@p.example:1", "https://r/",
         "http://me:p%40ss%40w@p.example:1", "p.example:1"},
        {"HTTPS_PROXY", "me@corp:x@p.example:1", "https://r/", "me%40corp:x@p.example:1",
         "p.example:1"},
        {"HTTPS_PROXY", "http://me:p%40ss@p.example", "https://r/", "http://me:p%40ss@p.example",
         "p.example"},
        {"HTTPS_PROXY", "", "https://r/", "", ""},
    };
    struct error err = ERROR_INIT;

    (void)state;
    list = NULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proxy_choice choice;
        struct url url;

        variable = rows[i].variable;
        value = rows[i].value;
        assert_int_equal(url_parse(&url, rows[i].to, &err), 0);
        proxy_choose(&choice, &url, environment);
        assert_row_string(rows[i].value, choice.url, rows[i].url);
        assert_row_string(rows[i].value, choice.name, rows[i].name);
    }
}

/* There a client's "Proxy:" header would name it. */
static void test_cgi(void **state)
{
    static const struct {
        const char *variable;
        const char *to;
        bool is_read;
    } rows[] = {{"HTTP_PROXY", "http://r/", false},
                {"http_proxy", "http://r/", true},
                {"HTTPS_PROXY", "https://r/", true}};
    struct error err = ERROR_INIT;

    (void)state;
    list = NULL;
    value = "http://p.example";
    is_cgi = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proxy_choice choice;
        struct url url;

        variable = rows[i].variable;
        assert_int_equal(url_parse(&url, rows[i].to, &err), 0);
        proxy_choose(&choice, &url, environment);
        assert_row(variable, (choice.url[0] != '\0') == rows[i].is_read);
    }
    is_cgi = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_no_proxy),
        cmocka_unit_test(test_which_proxy),
        cmocka_unit_test(test_cgi),
        cmocka_unit_test(test_a_url_that_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
