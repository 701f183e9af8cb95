/*
 * ask: that what comes back from the sandbox is believed only where all of it can be.
 * sandbox_run() is linked through here, and hands back what a process would that a stranger rules:
 * any bytes at all.
 */
#include "../support.h"

#include "cli/ask.h"

#include "base/text.h"
#include "cli/sandbox.h"

#include <stdlib.h>

/* How many bytes the result has, and what is done to it; NULL: all of it becomes `fill`. */
static size_t at;
static unsigned char fill;
static bool is_whole;
static size_t len = 1;

int __wrap_sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err);

int __wrap_sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err)
{
    unsigned char *bytes = result;

    (void)job;
    (void)err;
    if (is_whole)
        memset(bytes, fill, size);
    else if (at < size)
        memset(bytes + at, fill, len < size - at ? len : size - at);
    return 0;
}

/* Goes on by a second a look. */
static int64_t now_ms(void *ctx)
{
    static int64_t now = 1000000;

    (void)ctx;
    return now += 1000;
}

static const struct clock test_clock = {.now_ms = now_ms};

struct asked {
    struct reference registry;
    struct secret token;
    struct warnings warnings;
    struct image images[2];
    struct diagnosis diagnosis;
    struct ask ask;
    struct error err;
};

static int ask(struct asked *asked)
{
    static const struct options options = {.diagnose = true};

    *asked = (struct asked){.err = ERROR_INIT};
    warnings_add(&asked->warnings, "what was said before");
    asked->ask = (struct ask){
        .question = {.registry = &asked->registry,
                     .username = "octocat",
                     .token = &asked->token,
                     .images = asked->images,
                     .image_count = COUNT(asked->images),
                     .limits = {.clock = &test_clock, .deadline_ms = 2000000}},
        .options = &options,
        .warnings = &asked->warnings,
        .diagnosis = &asked->diagnosis,
    };
    return ask_registry(&asked->ask, &asked->err);
}

/* A terminal and a runner of jobs find nothing to obey. */
static void assert_shown(const char *text)
{
    char shown[1024];

    assert_string_equal(text_printable(shown, sizeof(shown), text, strlen(text)), text);
}

static void assert_sane(const struct asked *asked, int ret)
{
    assert_true(ret == 0 ? asked->err.cls == CLASS_NONE : asked->err.cls != CLASS_NONE);
    assert_true(asked->warnings.count <= WARNINGS_MAX);
    for (size_t i = 0; i < asked->warnings.count; i++)
        assert_true(strnlen(asked->warnings.items[i], WARNING_LEN_MAX + 1) <= WARNING_LEN_MAX);
    assert_true(strnlen(asked->err.message, sizeof(asked->err.message)) <
                sizeof(asked->err.message));
    assert_true(strnlen(asked->err.hint, sizeof(asked->err.hint)) < sizeof(asked->err.hint));
    assert_true((unsigned)asked->ask.outcome.phase < OUTCOME_PHASE_COUNT);
    assert_true((unsigned)asked->ask.outcome.code < OUTCOME_CODE_COUNT);
    assert_true(asked->ask.outcome.phrases <= OUTCOME_PHRASES);
    assert_true(asked->ask.outcome.status >= 0 && asked->ask.outcome.status <= 999);
    assert_shown(asked->diagnosis.findings.owner);
    assert_shown(asked->diagnosis.findings.scopes);
    assert_shown(asked->diagnosis.findings.sso_url);
    assert_shown(asked->diagnosis.expires_at);
    /* From which the time that is left is computed. */
    assert_true(llabs(asked->diagnosis.findings.expires_at) <= INT64_C(1) << 40);
    assert_true(llabs(asked->diagnosis.days_left) <= INT64_C(1) << 40);
    assert_true(asked->ask.question.limits.deadline_ms >= 2000000 &&
                asked->ask.question.limits.deadline_ms < 2010000);
}

static void test_as_it_was(void **state)
{
    struct asked asked;

    (void)state;
    at = SIZE_MAX;
    assert_int_equal(ask(&asked), 0);
    assert_sane(&asked, 0);
    assert_true(asked.ask.is_diagnosed);
    assert_string_equal(asked.warnings.items[0], "what was said before");
}

/* Texts without an end, flags that are none, numbers beyond all that could be. */
static void test_one_byte_over_and_over(void **state)
{
    static const unsigned char fills[] = {0x01, 0x02, 0x7f, 0xff};
    struct asked asked;

    (void)state;
    for (unsigned i = 0; i < COUNT(fills); i++) {
        is_whole = true;
        fill = fills[i];
        assert_int_equal(ask(&asked), -1);
        assert_int_equal(asked.err.cls, CLASS_INTERNAL);
        assert_string_equal(asked.err.message,
                            "internal error: malformed result of asking the registry");
        assert_int_equal(asked.ask.outcome.is_good, false);
        assert_int_equal(asked.warnings.count, 1);
        is_whole = false;
    }
}

/* A warning is the longest text; each stands somewhere. */
static void test_a_text_without_an_end(void **state)
{
    unsigned refused = 0;
    struct asked asked;

    (void)state;
    fill = 'x';
    len = WARNING_LEN_MAX + 1;
    for (at = 0; at < 16000; at++) {
        int ret = ask(&asked);

        assert_sane(&asked, ret);
        refused += ret != 0;
    }
    len = 1;
    assert_true(refused > 0);
}

static void test_any_byte_in_any_place(void **state)
{
    static const unsigned char fills[] = {0x01, 0x02, 0x04, 0x80, 0xff};
    struct asked asked;

    (void)state;
    for (size_t i = 0; i < COUNT(fills); i++) {
        fill = fills[i];
        for (at = 0; at < 16000; at++)
            assert_sane(&asked, ask(&asked));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_it_was),
        cmocka_unit_test(test_one_byte_over_and_over),
        cmocka_unit_test(test_any_byte_in_any_place),
        cmocka_unit_test(test_a_text_without_an_end),
    };

    return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
