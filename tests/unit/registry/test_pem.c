/*
 * pem: of a bundle whatever is whole counts, and nothing else.
 */
#include "../support.h"

#include "base/base64.h"
#include "registry/http/pem.h"

#include "../store/files.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"
#define WHOLE "MAcwADAAAwEA" /* a sequence of two sequences and a bit string */
#define BLOCK BEGIN WHOLE "\n" END

static const struct {
    const char *text;
    const char *expected;
} rows[] = {
    {"", ""},
    {"no certificate\n", ""},
    {BLOCK, BLOCK},
    {BLOCK BLOCK, BLOCK BLOCK},
    {"Subject: CN = example\n" BLOCK "words between\n" BLOCK "words behind", BLOCK BLOCK},
    {BEGIN "MAcw\r\nADAA\t\r\n  AwEA\r\n" END, BLOCK},
    {BEGIN WHOLE END, BLOCK},
    {BEGIN "%%%%\n" END BLOCK, BLOCK},
    {BLOCK BEGIN WHOLE "\n", BLOCK},
    {BEGIN WHOLE "\n" BLOCK, BLOCK},
    {BEGIN END BLOCK, BLOCK},
    {"-----BEGIN PRIVATE KEY-----\n" WHOLE "\n-----END PRIVATE KEY-----\n" BLOCK, BLOCK},
    {"-----BEGIN CERTIFICATE", ""},
    {BEGIN, ""},
    {END BEGIN, ""},
    {BEGIN "Proc-Type: 4,ENCRYPTED\n\n" WHOLE "\n" END BLOCK, BLOCK},
    {BEGIN "MAUwADAAAA==\n" END, ""},         /* no bit string */
    {BEGIN "MAYwADAAAwEA\n" END, ""},         /* shorter than it is */
    {BEGIN "MAgwADAAAwEA\n" END, ""},         /* longer */
    {BEGIN "MAcwADAAAwEAAA==\n" END, ""},     /* something behind it */
    {BEGIN "MIAwADAAAwEAAAA=\n" END, ""},     /* a length that DER has not */
    {BEGIN "MIWAAAAAADAAMAADAQA=\n" END, ""}, /* one of five bytes */
    {BEGIN "MIEHMAAwAAMBAA==\n" END, BEGIN "MIEHMAAwAAMBAA==\n" END}, /* one of one byte */
    {BEGIN "MAk wAjAFMAADAQA=\n" END, ""}, /* an inner one that is too long */
    {BEGIN "MIL\n" END, ""},
    {BEGIN "MA==\n" END, ""},
};

static void test_what_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret text = secret_of(rows[i].text);
        struct secret out = SECRET_INIT;
        struct error err = ERROR_INIT;

        if (pem_append_certificates(&out, &text, 4096, &err) < 0)
            fail_msg("row %zu: %s", i, err.message);
        if (strcmp(secret_text(&out), rows[i].expected) != 0)
            fail_msg("row %zu: %s", i, secret_text(&out));
        secret_clear(&out);
        secret_clear(&text);
    }
}

/* As deep as none is: neither memory nor stack is at stake. */
static void test_sequences_in_sequences(void **state)
{
    struct secret der = SECRET_INIT;
    struct secret line = SECRET_INIT;
    struct secret text = SECRET_INIT;
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    for (unsigned left = 120; left > 0; left -= 2) {
        unsigned char element[] = {0x30, (unsigned char)(left - 2)};

        assert_int_equal(secret_append(&der, element, sizeof(element), 4096, &err), 0);
    }
    assert_int_equal(base64_encode(&line, &der, &err), 0);
    assert_int_equal(secret_append_text(&text, BEGIN, &err), 0);
    assert_int_equal(secret_append_text(&text, secret_text(&line), &err), 0);
    assert_int_equal(secret_append_text(&text, "\n" END, &err), 0);
    assert_int_equal(pem_append_certificates(&out, &text, 4096, &err), 0);
    assert_string_equal(secret_text(&out), "");
    secret_clear(&der);
    secret_clear(&line);
    secret_clear(&text);
    secret_clear(&out);
}

static void test_more_than_may_be_held(void **state)
{
    struct secret text = secret_of(BLOCK BLOCK);
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(pem_append_certificates(&out, &text, strlen(BLOCK), &err), -1);
    assert_int_equal(err.cls, CLASS_INTERNAL);
    secret_clear(&text);
    secret_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_whole),
        cmocka_unit_test(test_sequences_in_sequences),
        cmocka_unit_test(test_more_than_may_be_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
