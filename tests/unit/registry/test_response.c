/*
 * response: header fields by name and number, and nothing taken for a field that is none.
 */
#include "../support.h"

#include "registry/response.h"

static struct http_response response_of(const char *headers)
{
    struct http_response response = HTTP_RESPONSE_INIT;

    response.status = 200;
    response.headers = secret_of(headers);
    return response;
}

static void test_fields(void **state)
{
    static const struct {
        const char *headers;
        const char *name;
        size_t nth;
        const char *value; /* NULL: none */
    } rows[] = {
        {"", "A", 0, NULL},
        {"A: b\n", "A", 0, "b"},
        {"A: b\r\n", "a", 0, "b"},
        {"a:b\n", "A", 0, "b"},
        {"A: \t b \t\r\n", "A", 0, "b"},
        {"A:\n", "A", 0, ""},
        {"A: \r\n", "A", 0, ""},
        {"A: b: c\n", "A", 0, "b: c"},
        {"A: \xc3\xa9\n", "A", 0, "\xc3\xa9"},
        {"A: 1\nA: 2\na: 3\n", "A", 0, "1"},
        {"A: 1\nA: 2\na: 3\n", "A", 1, "2"},
        {"A: 1\nA: 2\na: 3\n", "A", 2, "3"},
        {"A: 1\nA: 2\na: 3\n", "A", 3, NULL},
        {"A: 1\nB: 2\nA: 3\n", "A", 1, "3"},
        {"A: 1\nB: 2\nA: 3\n", "B", 1, NULL},
        {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer x\r\n\r\n", "www-authenticate", 0,
         "Bearer x"},
        {"\r\n\n\r\nA: b\n", "A", 0, "b"},
        {"AB: 1\nA: 2\n", "A", 0, "2"},
        {"XA: 1\n", "A", 0, NULL},
        {"A-B: 1\n", "A", 0, NULL},
        {"A : 1\n", "A", 0, NULL}, /* RFC 9112 section 5.1 */
        {" A: 1\n", "A", 0, NULL}, /* a folded line is no field */
        {"B: x\n A: 1\n", "A", 0, NULL},
        {"B: A: 1\n", "A", 0, NULL},
        {"B\nA: 1\n", "A", 0, "1"},
        {": 1\nA: 2\n", "A", 0, "2"},
        {"Date: A: 1\n", "1", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = response_of(rows[i].headers);
        struct span value = {.len = 99};
        char text[64] = "";
        bool found = http_response_header(&response, rows[i].name, rows[i].nth, &value);

        assert_row(rows[i].headers, found == (rows[i].value != NULL));
        if (found) {
            assert_row(rows[i].headers, span_copy(value, text, sizeof(text)));
            assert_row_string(rows[i].headers, text, rows[i].value);
        }
        http_response_clear(&response);
    }
}

static void test_field_with_nul(void **state)
{
    static const char headers[] = "A\0: 1\nB: 2\0x\n";
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    struct span value;

    (void)state;
    assert_int_equal(secret_append(&response.headers, headers, sizeof(headers) - 1, 99, &err), 0);
    assert_false(http_response_header(&response, "A", 0, &value));
    assert_true(http_response_header(&response, "B", 0, &value));
    assert_int_equal(value.len, 3);
    assert_memory_equal(value.data, "2\0x", 3);
    http_response_clear(&response);
}

static void test_clear(void **state)
{
    struct http_response response = response_of("A: b\n");
    struct span value;

    (void)state;
    response.body = secret_of("body");
    response.is_body_cut = true;
    response.is_transient = true;
    http_response_clear(&response);
    assert_int_equal(response.status, 0);
    assert_null(response.headers.data);
    assert_null(response.body.data);
    assert_false(response.is_body_cut);
    assert_false(response.is_transient);
    assert_false(http_response_header(&response, "A", 0, &value));
    http_response_clear(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_field_with_nul),
        cmocka_unit_test(test_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
