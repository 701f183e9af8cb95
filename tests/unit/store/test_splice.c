#include "store/text/splice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../nth.h"
#include "files.h"

int __real_secret_append(struct secret *, const char *, size_t, size_t, struct error *);
int __wrap_secret_append(struct secret *, const char *, size_t, size_t, struct error *);

int __wrap_secret_append(struct secret *secret, const char *data, size_t len, size_t max,
                         struct error *err)
{
    return nth_strikes() ? error_no_memory(err) : __real_secret_append(secret, data, len, max, err);
}

struct splice_case {
    const char *in; /* NULL: a new document */
    const char *auths_name;
    const char *out;
};

static void assert_spliced(const struct splice_case *c)
{
    struct secret in = support_secret(c->in != NULL ? c->in : "");
    struct secret auth = support_secret("QQ==");
    struct secret out = support_secret("what was there before");
    struct error err = ERROR_INIT;

    assert_int_equal(splice_set(&out, c->in != NULL ? &in : NULL,
                                &(struct splice){c->auths_name, "h.io", SPLICE_ENTRY, &auth}, &err),
                     0);
    assert_string_equal(secret_text(&out), c->out);
    assert_int_equal(out.len, strlen(c->out));
    assert_int_equal(err.cls, CLASS_NONE);
    secret_clear(&in);
    secret_clear(&auth);
    secret_clear(&out);
}

static void assert_all_spliced(const struct splice_case *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_spliced(&table[i]);
}

#define ASSERT_ALL_SPLICED(table) assert_all_spliced(table, sizeof(table) / sizeof((table)[0]))

static void new_document_is_laid_out_as_docker_does(void **state)
{
    static const struct splice_case table[] = {
        {NULL, "auths",
         "{\n\t\"auths\": {\n\t\t\"h.io\": {\n\t\t\t\"auth\": \"QQ==\"\n\t\t}\n\t}\n}\n"},
    };

    (void)state;
    ASSERT_ALL_SPLICED(table);
}

static void empty_objects_are_filled(void **state)
{
    static const struct splice_case table[] = {
        {"{}", "auths",
         "{\n\t\"auths\": {\n\t\t\"h.io\": {\n\t\t\t\"auth\": \"QQ==\"\n\t\t}\n\t}\n}"},
        {" { } \n", "auths",
         " {\n\t\"auths\": {\n\t\t\"h.io\": {\n\t\t\t\"auth\": \"QQ==\"\n\t\t}\n\t}\n} \n"},
        {"{\"auths\":{}}", "auths", "{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}"},
        {"{\"auths\" : null}", "auths", "{\"auths\" : {\"h.io\":{\"auth\":\"QQ==\"}}}"},
        {"{\n  \"AUTHS\": {\n  }\n}\n", "AUTHS",
         "{\n  \"AUTHS\": {\n    \"h.io\": {\n      \"auth\": \"QQ==\"\n    }\n  }\n}\n"},
        {"{\r\n\t\"auths\": null\r\n}", "auths",
         "{\r\n\t\"auths\": {\r\n\t\t\"h.io\": {\r\n\t\t\t\"auth\": \"QQ==\"\r\n\t\t}\r\n\t}\r\n}"},
    };

    (void)state;
    ASSERT_ALL_SPLICED(table);
}

static void missing_auths_comes_last(void **state)
{
    static const struct splice_case table[] = {
        {"{\"a\":1}", "auths", "{\"a\":1,\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}"},
        {"{ \"a\" : 1 }", "auths", "{ \"a\" : 1, \"auths\" : {\"h.io\":{\"auth\":\"QQ==\"}} }"},
        {"{\n \"a\": {\"auths\": {}}\n}", "auths",
         "{\n \"a\": {\"auths\": {}},\n \"auths\": {\n  \"h.io\": {\n   \"auth\": \"QQ==\"\n  }\n "
         "}\n}"},
    };

    (void)state;
    ASSERT_ALL_SPLICED(table);
}

static void new_entry_comes_last(void **state)
{
    static const struct splice_case table[] = {
        {"{\"auths\":{\"a\":{}}}", "auths", "{\"auths\":{\"a\":{},\"h.io\":{\"auth\":\"QQ==\"}}}"},
        {"{\"auths\":{\"a\":{}},\"h.io\":1}", "auths",
         "{\"auths\":{\"a\":{},\"h.io\":{\"auth\":\"QQ==\"}},\"h.io\":1}"},
        {"{\n\t\"auths\": {\n\t\t\"a\": {}\n\t}\n}", "auths",
         "{\n\t\"auths\": {\n\t\t\"a\": {},\n\t\t\"h.io\": {\n\t\t\t\"auth\": "
         "\"QQ==\"\n\t\t}\n\t}\n}"},
    };

    (void)state;
    ASSERT_ALL_SPLICED(table);
}

static void old_entry_is_replaced_in_its_place(void **state)
{
    static const struct splice_case table[] = {
        {"{\"auths\":{\"h.io\":{\"auth\":\"old\",\"x\":1},\"z\":{}}}", "auths",
         "{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"},\"z\":{}}}"},
        {"{\"auths\":{\"h\\u002eio\" : null}}", "auths",
         "{\"auths\":{\"h\\u002eio\" : {\"auth\":\"QQ==\"}}}"},
        {"{\n    \"auths\": {\n        \"h.io\": {},\n        \"z\": 0\n    }\n}\n", "auths",
         "{\n    \"auths\": {\n        \"h.io\": {\n            \"auth\": \"QQ==\"\n        },\n   "
         " "
         "    \"z\": 0\n    }\n}\n"},
    };

    (void)state;
    ASSERT_ALL_SPLICED(table);
}

/* A member whose key begins no line of its own is answered on that line. */
static void one_line_stays_one_line(void **state)
{
    static const struct splice_case table[] = {
        {"{\n  \"auths\": {\"a\": {}}\n}\n", "auths",
         "{\n  \"auths\": {\"a\": {},\"h.io\": {\"auth\":\"QQ==\"}}\n}\n"},
        {"{\n  \"auths\": {\"a\": {}, \"b\": {}}\n}\n", "auths",
         "{\n  \"auths\": {\"a\": {}, \"b\": {}, \"h.io\": {\"auth\":\"QQ==\"}}\n}\n"},
        {"{\n\t\"auths\": { \"h.io\": {\n\t\t\"x\": 1 } }\n}", "auths",
         "{\n\t\"auths\": { \"h.io\": {\"auth\":\"QQ==\"} }\n}"},
        {"{\n\t\"auths\": {\"h.io\": {}, \"z\": 0}\n}", "auths",
         "{\n\t\"auths\": {\"h.io\": {\"auth\":\"QQ==\"}, \"z\": 0}\n}"},
        /* the line is that of the last member, not of the first */
        {"{\n\t\"a\": 1, \"b\": 2\n}", "auths",
         "{\n\t\"a\": 1, \"b\": 2, \"auths\": {\"h.io\":{\"auth\":\"QQ==\"}}\n}"},
        {"{\n\t\"a\": 1, \"auths\": {}\n}", "auths",
         "{\n\t\"a\": 1, \"auths\": {\"h.io\":{\"auth\":\"QQ==\"}}\n}"},
        /* and the other way round: lines inside a text that begins without */
        {"{\"auths\": {\n\t\"a\": {}\n}}", "auths",
         "{\"auths\": {\n\t\"a\": {},\n\t\"h.io\": {\"auth\":\"QQ==\"}\n}}"},
    };

    (void)state;
    ASSERT_ALL_SPLICED(table);
}

static void no_object_is_an_error(void **state)
{
    struct secret in = support_secret("[]");
    struct secret auth = support_secret("QQ==");
    struct secret out = support_secret("kept");
    struct error err = ERROR_INIT;
    static const bool goes[] = {true, false};

    (void)state;
    assert_int_equal(
        splice_set(&out, &in, &(struct splice){"auths", "h.io", SPLICE_ENTRY, &auth}, &err), -1);
    assert_int_equal(err.cls, CLASS_INTERNAL);
    assert_int_equal(splice_remove(&out, &in, "auths", goes, &err), -1);
    assert_string_equal(secret_text(&out), "kept");
    secret_clear(&in);
    secret_clear(&auth);
    secret_clear(&out);
}

static void other_values_are_written(void **state)
{
    static const struct {
        enum splice_value value;
        const char *in;
        const char *out;
    } rows[] = {
        {SPLICE_EMPTY_OBJECT, "{\"auths\":{}}", "{\"auths\":{\"h.io\":{}}}"},
        {SPLICE_EMPTY_OBJECT, "{\n  \"auths\": {\n    \"h.io\": {\"auth\": \"QQ==\"}\n  }\n}",
         "{\n  \"auths\": {\n    \"h.io\": {}\n  }\n}"},
        {SPLICE_EMPTY_TEXT, "{\"auths\":{\"a\":{},\"b\": {}}}",
         "{\"auths\":{\"a\":{},\"b\": {},\"h.io\": \"\"}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct splice what = {.object = "auths", .key = "h.io", .value = rows[i].value};
        struct secret in = support_secret(rows[i].in);
        struct secret out = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_int_equal(splice_set(&out, &in, &what, &err), 0);
        assert_string_equal(secret_text(&out), rows[i].out);
        secret_clear(&in);
        secret_clear(&out);
    }
}

/* With one comma, and with the line it stood on. */
static void members_are_taken_away(void **state)
{
    static const struct {
        const char *in;
        const char *out;
        bool goes[4];
    } rows[] = {
        {"{\"auths\":{\"h.io\":{}}}", "{\"auths\":{}}", {true}},
        {"{\"auths\":{ \"h.io\" : {} }}", "{\"auths\":{}}", {true}},
        {"{\"auths\":{\"h.io\":{},\"b\":1}}", "{\"auths\":{\"b\":1}}", {true}},
        {"{\"auths\":{\"a\":1,\"h.io\":{}}}", "{\"auths\":{\"a\":1}}", {false, true}},
        {"{\"auths\":{\"a\":1 , \"h.io\":{} , \"c\":2}}",
         "{\"auths\":{\"a\":1 , \"c\":2}}",
         {false, true}},
        {"{\n\t\"auths\": {\n\t\t\"h.io\": {\n\t\t\t\"auth\": \"QQ==\"\n\t\t}\n\t}\n}\n",
         "{\n\t\"auths\": {}\n}\n",
         {true}},
        {"{\n \"auths\": {\n  \"h.io\": {},\n  \"b\": 1\n }\n}",
         "{\n \"auths\": {\n  \"b\": 1\n }\n}",
         {true}},
        {"{\n \"auths\": {\n  \"a\": 1,\n  \"h.io\": {},\n  \"b\": 1\n }\n}",
         "{\n \"auths\": {\n  \"a\": 1,\n  \"b\": 1\n }\n}",
         {false, true}},
        {"{\n \"auths\": {\n  \"a\": 1,\n  \"h.io\": {}\n }\n}",
         "{\n \"auths\": {\n  \"a\": 1\n }\n}",
         {false, true}},
        {"{\"x\":{\"h.io\":1},\"auths\":{\"\\u0068.io\":{\"h.io\":2}},\"h.io\":3}",
         "{\"x\":{\"h.io\":1},\"auths\":{},\"h.io\":3}",
         {true}},
        /* several, wherever they stand */
        {"{\"auths\":{ \"a\":1 ,  \"b\":2 ,   \"c\":3 ,    \"d\":4     }}",
         "{\"auths\":{   \"c\":3     }}",
         {true, true, false, true}},
        {"{\"auths\":{ \"a\":1 ,  \"b\":2 ,   \"c\":3 ,    \"d\":4     }}",
         "{\"auths\":{ \"a\":1 ,    \"d\":4     }}",
         {false, true, true, false}},
        {"{\"auths\":{ \"a\":1 ,  \"b\":2 }}", "{\"auths\":{}}", {true, true}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct secret in = support_secret(rows[i].in);
        struct secret out = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_int_equal(splice_remove(&out, &in, "auths", rows[i].goes, &err), 0);
        assert_string_equal(secret_text(&out), rows[i].out);
        secret_clear(&in);
        secret_clear(&out);
    }
}

static int edit_text(struct secret *out, const char *text, bool is_removal, struct error *err)
{
    struct secret in = support_secret(text != NULL ? text : "");
    struct secret auth = support_secret("QQ==");
    struct splice what = {"auths", "h.io", SPLICE_ENTRY, &auth};
    static const bool goes[] = {true, false}; /* of two */
    int ret = is_removal ? splice_remove(out, &in, what.object, goes, err)
                         : splice_set(out, text != NULL ? &in : NULL, &what, err);

    secret_clear(&in);
    secret_clear(&auth);
    return ret;
}

/* Memory may run out at any piece that is put: then there is no text at all. */
static void no_memory_is_an_error_at_every_piece(void **state)
{
    static const struct {
        const char *in;
        bool is_removal;
    } rows[] = {
        {NULL, false},
        {"{}", false},
        {"{\n \"a\": 1\n}", false},
        {"{\n \"auths\": {}\n}", false},
        {"{\n \"auths\": {\n  \"h.io\": {}\n }\n}", false},
        {"{\n \"auths\": {\n  \"a\": {}\n }\n}", false},
        {"{\"auths\":{\"h.io\":{},\"a\":{}}}", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct secret out = support_secret("kept");
        struct error err = ERROR_INIT;
        unsigned n;
        int ret;

        for (n = 1;
             nth_arm(n), ret = edit_text(&out, rows[i].in, rows[i].is_removal, &err), nth_disarm();
             n++) {
            assert_int_equal(ret, -1);
            assert_int_equal(err.cls, CLASS_INTERNAL);
            assert_string_equal(secret_text(&out), "kept");
            err = ERROR_INIT;
        }
        assert_true(n > 2);
        assert_int_equal(ret, 0);
        secret_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_document_is_laid_out_as_docker_does),
        cmocka_unit_test(empty_objects_are_filled),
        cmocka_unit_test(missing_auths_comes_last),
        cmocka_unit_test(new_entry_comes_last),
        cmocka_unit_test(old_entry_is_replaced_in_its_place),
        cmocka_unit_test(one_line_stays_one_line),
        cmocka_unit_test(no_object_is_an_error),
        cmocka_unit_test(other_values_are_written),
        cmocka_unit_test(members_are_taken_away),
        cmocka_unit_test(no_memory_is_an_error_at_every_piece),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
