/*
 * response: taken in line by line, within its limits; header fields by name and number, and nothing
 * taken for a field that is none.
 */
#include "answers.h"

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
        struct http_response response = answer_of(200, rows[i].headers, "");
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
    struct http_response response = answer_of(200, "A: b\n", "body");
    struct span value;

    (void)state;
    response.is_header_bad = true;
    response.is_body_cut = true;
    response.is_transient = true;
    http_response_clear(&response);
    assert_int_equal(response.status, 0);
    assert_null(response.headers.data);
    assert_null(response.body.data);
    assert_false(response.is_header_bad);
    assert_false(response.is_body_cut);
    assert_false(response.is_transient);
    assert_false(http_response_header(&response, "A", 0, &value));
    http_response_clear(&response);
}

static bool add_line(struct http_response *response, const char *line)
{
    return http_response_add_line(response, line, strlen(line));
}

static void test_lines(void **state)
{
    static const struct {
        const char *lines[5];
        const char *headers; /* NULL: the last line is refused */
    } rows[] = {
        {{"HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n"}, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"},
        {{"http/1.0 401\n"}, "http/1.0 401\n"},
        {{"HTTP/1.1 401\r\n"}, "HTTP/1.1 401\r\n"},
        {{"A: b\n"}, "A: b\n"},
        /* an interim answer, a proxy's */
        {{"HTTP/1.1 100 Continue\r\n", "A: 1\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "B: 2\r\n"},
         "HTTP/1.1 200 OK\r\nB: 2\r\n"},
        /* RFC 9112 section 5.2 */
        {{"A: b\r\n", " c\r\n", "\td\r\n"}, "A: b c\td\r\n"},
        {{" c\r\n"}, " c\r\n"},
        {{"A: b\r\n", "\r\n", " c\r\n"}, "A: b c\r\n"},
        /* RFC 9112 section 4 */
        {{"HTTP/1.1 200OK\r\n"}, NULL},
        {{"HTTP/1.1 099 x\r\n"}, NULL},
        {{"HTTP/1.1 20 x\r\n"}, NULL},
        {{"HTTP/1.1 2000 x\r\n"}, NULL},
        {{"HTTP/1.1  200 x\r\n"}, NULL},
        {{"HTTP/11 200 x\r\n"}, NULL},
        {{"HTTP/1.1\r\n"}, NULL},
        {{"HTTP/\n"}, NULL},
        {{"HTTP/1.1 200 OK\r\n", "A: b"}, NULL},
        {{"HTTP/1.1 200"}, NULL},
        {{""}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = HTTP_RESPONSE_INIT;
        const char *row = rows[i].lines[0];
        size_t last = 0;

        while (last + 1 < COUNT(rows[i].lines) && rows[i].lines[last + 1] != NULL)
            assert_row(row, add_line(&response, rows[i].lines[last++]));
        assert_row(row, add_line(&response, rows[i].lines[last]) == (rows[i].headers != NULL));
        assert_row(row, response.is_header_bad == (rows[i].headers == NULL));
        if (rows[i].headers != NULL)
            assert_row_string(row, secret_text(&response.headers), rows[i].headers);
        http_response_clear(&response);
    }
}

static char much[HTTP_HEADER_MAX + HTTP_BODY_MAX];

static void test_header_has_a_limit(void **state)
{
    static const char status[] = "HTTP/1.1 200 OK\n";
    struct http_response response = HTTP_RESPONSE_INIT;
    size_t room = HTTP_HEADER_MAX - (sizeof(status) - 1);

    (void)state;
    memset(much, 'x', sizeof(much));
    much[room - 1] = '\n';
    assert_true(add_line(&response, status));
    assert_true(http_response_add_line(&response, much, room));
    assert_int_equal(response.headers.len, HTTP_HEADER_MAX);
    assert_false(add_line(&response, "\n"));
    assert_true(response.is_header_bad);
    assert_int_equal(response.headers.len, HTTP_HEADER_MAX);
    assert_true(add_line(&response, status)); /* room again */
    much[room] = '\n';
    assert_false(http_response_add_line(&response, much, room + 1));
    http_response_clear(&response);
    assert_false(response.is_header_bad);
}

static void test_body_has_a_limit(void **state)
{
    static const struct {
        size_t lens[3];
        size_t len;
        bool is_cut;
    } rows[] = {
        {{0, 0, 0}, 0, false},
        {{1, 2, 3}, 6, false},
        {{HTTP_BODY_MAX, 0, 0}, HTTP_BODY_MAX, false},
        {{HTTP_BODY_MAX - 1, 0, 1}, HTTP_BODY_MAX, false},
        {{0, 0, HTTP_BODY_MAX + 1}, HTTP_BODY_MAX, true},
        {{HTTP_BODY_MAX, 0, 1}, HTTP_BODY_MAX, true},
        {{1, 1, HTTP_BODY_MAX}, HTTP_BODY_MAX, true},
    };

    (void)state;
    memset(much, 'x', sizeof(much));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = HTTP_RESPONSE_INIT;

        assert_true(http_response_add_body(&response, much, rows[i].lens[0]));
        assert_true(http_response_add_body(&response, much, rows[i].lens[1]));
        assert_int_equal(http_response_add_body(&response, much, rows[i].lens[2]), !rows[i].is_cut);
        assert_int_equal(response.is_body_cut, rows[i].is_cut);
        assert_int_equal(response.body.len, rows[i].len);
        http_response_clear(&response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_field_with_nul),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_header_has_a_limit),
        cmocka_unit_test(test_body_has_a_limit),
        cmocka_unit_test(test_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
