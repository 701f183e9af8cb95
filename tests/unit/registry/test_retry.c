/*
 * retry: only what waiting can mend, with full jitter, as the registry asks, before the deadline.
 */
#include "answers.h"

#include "registry/retry.h"

enum { NOW = 1700000000 }; /* Tue, 14 Nov 2023 22:13:20 GMT */

#define MICRO "\xc2\xb5" /* U+00B5, as Go writes it */
#define MU    "\xce\xbc" /* U+03BC */

static void test_retry_after_field(void **state)
{
    static const struct {
        const char *value;
        int64_t ms;
    } rows[] = {
        {"0", 0},
        {"1", 1000},
        {"120", 120000},
        {" 7 ", 7000},
        {"007", 7000},
        {"86400", 86400000},
        {"-5", 0},
        {"+5", 0},
        {"", 0},
        {"soon", 0},
        {"5 seconds", 0},
        {"1,2", 0},
        {"1e3", 0},
        {"0x10", 0},
        {"120s", 120000},
        {"1.5s", 1500},
        {"880.092" MICRO "s", 1},
        {"880.092" MU "s", 1},
        {"333.939671ms", 334},
        {"1m0.5s", 60500},
        {"1.5", 0},
        {"-1s", 0},
        {"Tue, 14 Nov 2023 22:13:21 GMT", 1000},
        {"Tue, 14 Nov 2023 22:15:20 GMT", 120000},
        {"Tuesday, 14-Nov-23 22:13:50 GMT", 30000},
        {"Tue Nov 14 22:13:50 2023", 30000},
        {"Tue, 14 Nov 2023 22:13:20 GMT", 0},
        {"Tue, 14 Nov 2023 22:13:19 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 86400000},
        {"Tue, 45 Nov 2023 99:99:99 GMT", 0},
        {"2023-11-14T22:15:20Z", 0},
        {"Tue, 14 Nov 2023 22:15:20 GMT, and then some more words that make it too long", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char headers[256];
        struct http_response response;
        int64_t ms;

        (void)snprintf(headers, sizeof(headers), "HTTP/1.1 429 x\r\nretry-after: %s\r\n\r\n",
                       rows[i].value);
        response = answer_of(429, headers, "");
        ms = http_retry_after_ms(&response, NOW);
        if (ms != rows[i].ms)
            fail_msg("row '%s': %jd ms", rows[i].value, (intmax_t)ms);
        http_response_clear(&response);
    }
}

/* Past a day: as a date does, so do seconds and durations mean "not before the deadline". */
static void test_absurd_waits_are_not_taken_for_none(void **state)
{
    static const char *const rows[] = {
        "86401", "1000000",  "99999999999999999999999",      "1700000000",
        "25h",   "9999999h", "Fri, 31 Dec 9999 23:59:59 GMT"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char headers[128];
        struct http_response response;
        int64_t ms;

        (void)snprintf(headers, sizeof(headers), "Retry-After: %s\n", rows[i]);
        response = answer_of(429, headers, "");
        ms = http_retry_after_ms(&response, NOW);
        assert_row(rows[i], ms >= 86400000 && ms <= INT64_C(10000) * 86400000);
        http_response_clear(&response);
    }
}

static void test_retry_after_in_the_body(void **state)
{
    static const struct {
        int status;
        const char *body;
        int64_t ms;
    } rows[] = {
        {429,
         "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"retry-after: 880.092" MICRO
         "s, allowed: 44000/minute\"}]}\n",
         1},
        {429, "retry-after: 880.092" MU "s, allowed", 1},
        {429, "retry-after: 880.092us", 1},
        {429, "retry-after: 333.939671ms", 334},
        {429, "retry-after: 1ms", 1},
        {429, "retry-after: 1s", 1000},
        {429, "retry-after: 1.000001s", 1001},
        {429, "retry-after: 1m30s, x", 90000},
        {429, "retry-after: 1h0m0s", 3600000},
        {429, "retry-after: 24h0m0s", 86400000},
        {429, "retry-after: 2m59.999999999s", 180000},
        {429, "retry-after: 0s", 0},
        {429, "retry-after: -1s", 0},
        {429, "retry-after: .5s", 0},
        {429, "retry-after: 1.s", 0},
        {429, "retry-after: 1", 0},
        {429, "retry-after: 1.5", 0},
        {429, "retry-after: 1x", 0},
        {429, "retry-after: 1\xc2", 0},
        {429, "retry-after: 1\xc2s", 0},
        {429, "retry-after: soon", 0},
        {429, "retry-after: ", 0},
        {429, "retry-after:", 0},
        {429, "retry-afte", 0},
        {429, "allowed: 5s", 0},
        {429, "", 0},
        {503, "retry-after: 1s", 0}, /* GHCR says it with 429 only */
        {200, "retry-after: 1s", 0},
        {403, "retry-after: 1s", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = answer_of(rows[i].status, "", rows[i].body);
        int64_t ms = http_retry_after_ms(&response, NOW);

        if (ms != rows[i].ms)
            fail_msg("row '%s': %jd ms", rows[i].body, (intmax_t)ms);
        http_response_clear(&response);
    }
}

/* A machine's clock may be wrong by years; the wait is that between the answer's two dates. */
static void test_the_registrys_own_clock(void **state)
{
    static const char after[] = "Retry-After: Tue, 14 Nov 2023 22:13:50 GMT\r\n";
    static const struct {
        const char *date;
        int64_t ms;
    } rows[] = {
        {"Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n", 30000},
        {"Date: Tue, 14 Nov 2023 22:13:51 GMT\r\n", 0},
        {"Date: yesterday\r\n", 0}, /* then the machine's, which is years ahead */
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char headers[256];
        struct http_response response;

        (void)snprintf(headers, sizeof(headers), "%s%s", rows[i].date, after);
        response = answer_of(503, headers, "");
        assert_int_equal(http_retry_after_ms(&response, NOW + 100000000), rows[i].ms);
        http_response_clear(&response);
    }
}

static void test_field_comes_before_body(void **state)
{
    struct http_response response = answer_of(429, "Retry-After: 3\n", "retry-after: 9s");

    (void)state;
    assert_int_equal(http_retry_after_ms(&response, NOW), 3000);
    http_response_clear(&response);
    response = answer_of(503, "Retry-After: 3\n", "");
    assert_int_equal(http_retry_after_ms(&response, NOW), 3000);
    http_response_clear(&response);
}

static void test_statuses(void **state)
{
    (void)state;
    for (int status = 0; status < 1000; status++) {
        bool expected =
            status == 429 || status == 500 || status == 502 || status == 503 || status == 504;

        assert_int_equal(http_status_is_transient(status), expected);
    }
}

/* A sender that answers by script; the last line of it is repeated. */
struct reply {
    int status;        /* 0: none came */
    bool is_transient; /* of no answer */
    const char *headers;
};

struct sender {
    const struct reply *replies;
    size_t count;
    size_t calls;
    const struct http_request *request;
    struct fake_clock *clock;
    int64_t cost_ms; /* of every try */
};

static int play(void *ctx, const struct http_request *request, struct http_response *response,
                struct error *err)
{
    struct sender *sender = ctx;
    size_t at = sender->calls < sender->count ? sender->calls : sender->count - 1;
    const struct reply *reply = &sender->replies[at];

    sender->calls++;
    sender->clock->now_ms += sender->cost_ms;
    assert_ptr_equal(request, sender->request);
    http_response_clear(response);
    if (reply->status == 0) {
        response->is_transient = reply->is_transient;
        return error_set(err, CLASS_UNREACHABLE, "try %zu failed", sender->calls);
    }
    *response = answer_of(reply->status, reply->headers != NULL ? reply->headers : "", "");
    return 0;
}

/* What became of a script. */
struct outcome {
    int ret;
    int status;
    size_t calls;
    struct error err;
};

static struct outcome run(struct fake_clock *fake, const struct reply *replies, size_t count,
                          unsigned retries, int64_t deadline_ms, int64_t cost_ms)
{
    struct clock clock = fake_clock_face(fake);
    struct http_request request = {.url = "https://ghcr.io/v2/"};
    struct sender sender = {
        .replies = replies,
        .count = count,
        .request = &request,
        .clock = fake,
        .cost_ms = cost_ms,
    };
    struct retry retry = {
        .send = play,
        .send_ctx = &sender,
        .clock = &clock,
        .deadline_ms = deadline_ms,
        .retries = retries,
    };
    struct http_response response = HTTP_RESPONSE_INIT;
    struct outcome out = {.err = ERROR_INIT};

    out.ret = retry_send(&retry, &request, &response, &out.err);
    out.status = response.status;
    out.calls = sender.calls;
    http_response_clear(&response);
    assert_int_equal(out.err.cls != CLASS_NONE, out.ret < 0);
    return out;
}

static void test_what_is_asked_again(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++) {
        struct fake_clock fake = {.unix_s = NOW};
        struct reply replies[] = {{.status = status}, {.status = 200}};
        struct outcome out = run(&fake, replies, 2, 4, 60000, 0);
        bool again = http_status_is_transient(status);

        assert_int_equal(out.ret, 0);
        assert_int_equal(out.calls, again ? 2 : 1);
        assert_int_equal(out.status, again ? 200 : status);
        assert_int_equal(fake.sleeps, again ? 1 : 0);
    }
}

/* Not even when the answer asks for it. */
static void test_refusals_are_final(void **state)
{
    static const int statuses[] = {401, 403, 404, 400, 301, 200};

    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct fake_clock fake = {.unix_s = NOW};
        struct reply reply = {.status = statuses[i], .headers = "Retry-After: 1\n"};
        struct outcome out = run(&fake, &reply, 1, 100, 60000, 0);

        assert_int_equal(out.calls, 1);
        assert_int_equal(out.status, statuses[i]);
        assert_int_equal(fake.sleeps, 0);
    }
}

static void test_no_answer(void **state)
{
    static const struct reply transient[] = {
        {.is_transient = true}, {.is_transient = true}, {.status = 200}};
    static const struct reply lasting[] = {
        {.is_transient = true}, {.is_transient = false}, {.status = 200}};
    struct fake_clock fake = {.unix_s = NOW};
    struct outcome out = run(&fake, transient, 3, 4, 60000, 0);

    (void)state;
    assert_int_equal(out.ret, 0);
    assert_int_equal(out.calls, 3);
    fake = (struct fake_clock){.unix_s = NOW};
    out = run(&fake, lasting, 3, 4, 60000, 0);
    assert_int_equal(out.ret, -1);
    assert_int_equal(out.calls, 2);
    assert_string_equal(out.err.message, "try 2 failed");
}

/* The error, and the answer, are those of the last try. */
static void test_last_try_counts(void **state)
{
    static const struct reply replies[] = {
        {.status = 503}, {.is_transient = true}, {.status = 504}};
    static const int statuses[] = {503, 0, 504};

    (void)state;
    for (unsigned retries = 0; retries < 3; retries++) {
        struct fake_clock fake = {.unix_s = NOW};
        struct outcome out = run(&fake, replies, 3, retries, 600000, 0);

        assert_int_equal(out.calls, retries + 1);
        assert_int_equal(out.status, statuses[retries]);
        assert_int_equal(out.ret, statuses[retries] == 0 ? -1 : 0);
    }
}

/* Between 0 and min(2^n, 30) seconds. */
static void test_full_jitter(void **state)
{
    static const uint32_t bounds[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    static const struct reply reply = {.status = 503};

    (void)state;
    for (int unlucky = 0; unlucky < 2; unlucky++) {
        struct fake_clock fake = {.unix_s = NOW, .is_unlucky = unlucky == 1};
        struct outcome out = run(&fake, &reply, 1, COUNT(bounds), 600000, 0);

        assert_int_equal(out.calls, COUNT(bounds) + 1);
        assert_int_equal(out.status, 503);
        assert_int_equal(fake.sleeps, COUNT(bounds));
        for (size_t i = 0; i < COUNT(bounds); i++) {
            assert_int_equal(fake.bounds[i], bounds[i]);
            assert_int_equal(fake.waits_ms[i], unlucky == 1 ? bounds[i] - 1 : 0);
        }
    }
}

static void test_hundred_retries_do_not_overflow(void **state)
{
    static const struct reply reply = {.status = 503};
    struct fake_clock fake = {.unix_s = NOW, .is_unlucky = true};
    struct outcome out = run(&fake, &reply, 1, 100, INT64_C(86400000), 0);

    (void)state;
    assert_int_equal(out.calls, 101);
    for (size_t i = 5; i < fake.sleeps; i++)
        assert_int_equal(fake.waits_ms[i], 29999);
}

static void test_wait_that_is_asked_for(void **state)
{
    static const struct reply replies[] = {{429, false, "Retry-After: 5\n"}, {.status = 200}};
    struct fake_clock fake = {.unix_s = NOW, .is_unlucky = true};
    struct outcome out = run(&fake, replies, 2, 4, 60000, 0);

    (void)state;
    assert_int_equal(out.status, 200);
    assert_int_equal(fake.waits_ms[0], 5000 + 999); /* on top of the jitter */
}

/* What puts us off is asked again to the deadline, and no longer; what fails, `retries` times. */
static void test_put_off(void **state)
{
    static const struct {
        struct reply reply;
        bool is_put_off;
    } rows[] = {
        {{.status = 429}, true},
        {{429, false, "Retry-After: 1\n"}, true},
        {{429, false, "Retry-After: soon\n"}, true},
        {{503, false, "Retry-After: 1\n"}, true},
        {{503, false, "Retry-After: 0\n"}, false},
        {{503, false, "Retry-After: soon\n"}, false},
        {{.status = 503}, false},
        {{500, false, "Retry-After: 1\n"}, false},
        {{502, false, "Retry-After: 1\n"}, false},
        {{504, false, "Retry-After: 1\n"}, false},
        {{.is_transient = true}, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake_clock fake = {.unix_s = NOW, .is_unlucky = true};
        struct outcome out = run(&fake, &rows[i].reply, 1, 4, 300000, 0);

        assert_int_equal(out.status, rows[i].reply.status);
        if (rows[i].is_put_off)
            assert_true(out.calls > 10 && fake.now_ms > 298000);
        else
            assert_int_equal(out.calls, 5);
        fake = (struct fake_clock){.unix_s = NOW, .is_unlucky = true};
        out = run(&fake, &rows[i].reply, 1, 0, 300000, 0);
        assert_int_equal(out.calls, 1);
    }
}

static void test_impatience(void **state)
{
    static const struct reply reply = {.status = 429};
    struct fake_clock fake = {.unix_s = NOW};
    struct clock clock = fake_clock_face(&fake);
    struct http_request request = {.url = "https://ghcr.io/v2/"};
    struct sender sender = {.replies = &reply, .count = 1, .request = &request, .clock = &fake};
    struct retry retry = {.send = play,
                          .send_ctx = &sender,
                          .clock = &clock,
                          .deadline_ms = 60000,
                          .retries = 1,
                          .is_impatient = true};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(retry_send(&retry, &request, &response, &err), 0);
    assert_int_equal(sender.calls, 2);
    http_response_clear(&response);
}

/* Being put off in between costs no retry, and the waits go on growing. */
static void test_failures_between(void **state)
{
    static const struct reply replies[] = {{.status = 429}, {.status = 503}, {.status = 429},
                                           {.status = 429}, {.status = 503}, {.status = 429},
                                           {.status = 503}, {.status = 200}};
    static const uint32_t bounds[] = {1000, 2000, 4000, 8000, 16000, 30000};
    struct fake_clock fake = {.unix_s = NOW, .is_unlucky = true};
    struct outcome out = run(&fake, replies, COUNT(replies), 2, 300000, 0);

    (void)state;
    assert_int_equal(out.calls, 7); /* the third failure */
    assert_int_equal(out.status, 503);
    for (size_t i = 0; i < COUNT(bounds); i++)
        assert_int_equal(fake.bounds[i], bounds[i]);
    fake = (struct fake_clock){.unix_s = NOW, .is_unlucky = true};
    out = run(&fake, replies, COUNT(replies), 3, 300000, 0);
    assert_int_equal(out.status, 200);
}

/* There is a last try near the deadline, but no swarm of them. */
static void test_waits_near_the_deadline(void **state)
{
    static const struct reply reply = {.status = 429};
    struct fake_clock fake = {.unix_s = NOW, .is_unlucky = true};
    struct outcome out = run(&fake, &reply, 1, 4, 40000, 0);
    static const uint32_t bounds[] = {1000, 2000, 4000, 8000, 16000, 9005};

    (void)state;
    assert_int_equal(out.calls, 7);
    for (size_t i = 0; i < COUNT(bounds); i++)
        assert_int_equal(fake.bounds[i], bounds[i]);
    assert_int_equal(fake.bounds[COUNT(bounds)], 1000); /* more than is left: not begun */
    assert_int_equal(fake.sleeps, COUNT(bounds));
}

/* A wait that ends at the deadline or behind it is not begun. */
static void test_deadline(void **state)
{
    static const struct {
        const char *headers;
        int64_t deadline_ms;
        int64_t cost_ms;
        size_t calls;
    } rows[] = {
        {"Retry-After: 5\n", 5001, 0, 2},
        {"Retry-After: 5\n", 5000, 0, 1},
        {"Retry-After: 5\n", 4999, 0, 1},
        {"Retry-After: 5\n", 6000, 1000, 1},
        {"Retry-After: 5\n", 6001, 1000, 2},
        {"Retry-After: 86400\n", 60000, 0, 1},
        {"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\n", 60000, 0, 1},
        {"", 1, 0, 5},
        {"", 0, 0, 1},
        {"", -1000, 0, 1},
        {"", 1000, 2000, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake_clock fake = {.unix_s = NOW};
        struct reply reply = {.status = 503, .headers = rows[i].headers};
        struct outcome out = run(&fake, &reply, 1, 4, rows[i].deadline_ms, rows[i].cost_ms);
        char label[96];

        (void)snprintf(label, sizeof(label), "%zu: %.60s", i, rows[i].headers);
        assert_row(label, out.status == 503 && out.ret == 0);
        assert_row(label, rows[i].calls == 2 ? out.calls >= 2 : out.calls == rows[i].calls);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after_field),
        cmocka_unit_test(test_absurd_waits_are_not_taken_for_none),
        cmocka_unit_test(test_retry_after_in_the_body),
        cmocka_unit_test(test_the_registrys_own_clock),
        cmocka_unit_test(test_field_comes_before_body),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_what_is_asked_again),
        cmocka_unit_test(test_refusals_are_final),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_last_try_counts),
        cmocka_unit_test(test_full_jitter),
        cmocka_unit_test(test_hundred_retries_do_not_overflow),
        cmocka_unit_test(test_wait_that_is_asked_for),
        cmocka_unit_test(test_put_off),
        cmocka_unit_test(test_impatience),
        cmocka_unit_test(test_failures_between),
        cmocka_unit_test(test_waits_near_the_deadline),
        cmocka_unit_test(test_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
