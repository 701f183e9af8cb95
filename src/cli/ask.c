#include "cli/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/ask_result.h"
#include "cli/sandbox.h"
#include "registry/handshake.h"
#include "registry/http.h"
#include "registry/message.h"
#include "registry/retry.h"

enum {
    GRACE_MS = 2000,            /* what is late says so by itself, if it can */
    SLOW_MS = 3000,             /* without a word somebody takes the program for hung */
    GITHUB_TIME_MAX_MS = 10000, /* for what a login can do without */
    GITHUB_RETRIES_MAX = 1,
};

/* A run that has to wait says so, once: after the first failed try, or after a while. */
struct teller {
    const char *host;
    const struct question_limits *limits;
    bool is_quiet;
    bool *has_told;
    const struct secret *token; /* NULL: none */
};

/* Words of a fault, which may be the server's, into shown[size]. */
static const char *teller_show(const struct teller *teller, const struct error *fault, char *shown,
                               size_t size)
{
    bool has_token = teller->token != NULL && teller->token->len >= REDACT_RUN; /* else by chance */
    struct redact redact = REDACT_INIT;
    struct error no_memory = ERROR_INIT;
    bool is_known = !has_token || redact_add(&redact, teller->token, &no_memory) == 0;
    const char *text = is_known ? redact_value(&redact, fault->message) : REDACT_VALUE;

    redact_clear(&redact);
    return text_printable(shown, size, text, strlen(text));
}

static bool ask_may_tell(struct teller *teller)
{
    bool may = !teller->is_quiet && !*teller->has_told;

    *teller->has_told = true;
    return may;
}

static long long whole_seconds(int64_t ms)
{
    return (long long)(ms + 999) / 1000;
}

static void tell_of_slowness(void *ctx)
{
    struct teller *teller = ctx;
    int64_t left_ms = clock_left(teller->limits->clock, teller->limits->deadline_ms);

    if (ask_may_tell(teller))
        (void)fprintf(stderr, "ghcr-login: waiting for '%s', for up to %lld s more (--timeout)\n",
                      teller->host, whole_seconds(left_ms));
}

static void tell_of_retry(void *ctx, const struct http_response *response,
                          const struct error *fault, int64_t left_ms)
{
    struct teller *teller = ctx;
    char shown[512];

    if (!ask_may_tell(teller))
        return;
    if (fault->cls != CLASS_NONE)
        (void)teller_show(teller, fault, shown, sizeof(shown));
    else
        (void)snprintf(shown, sizeof(shown), "'%s' answered HTTP %d", teller->host,
                       response->status);
    (void)fprintf(stderr, "ghcr-login: %s; trying again for up to %lld s (--timeout)\n", shown,
                  whole_seconds(left_ms));
}

/* What the requests of a run go over; not to be moved while it is open. */
struct connection {
    struct teller teller;
    struct trust trust;
    struct http *http;
    struct retry retry; /* what to send requests with */
};

/* An http_send_fn round http_send(), for --verbose. Queries are left out: they are long. */
static int send_aloud(void *ctx, const struct http_request *request, struct http_response *response,
                      struct error *err)
{
    const struct connection *c = ctx;
    char shown[1024];
    int ret = http_send(c->http, request, response, err);

    (void)text_printable(shown, sizeof(shown), request->url, strcspn(request->url, "?"));
    (void)fprintf(stderr, "ghcr-login: %s %s -> ", request->is_head ? "HEAD" : "GET", shown);
    if (ret == 0)
        (void)fprintf(stderr, "%d\n", response->status);
    else
        (void)fprintf(stderr, "%s\n", teller_show(&c->teller, err, shown, sizeof(shown)));
    return ret;
}

/* If there are retries, a server that is silent leaves time for another try. */
static int64_t try_timeout_ms(const struct question_limits *limits)
{
    if (limits->retries == 0 || limits->connect_timeout_ms > limits->timeout_ms)
        return limits->timeout_ms;
    return limits->connect_timeout_ms > limits->timeout_ms / 2 ? limits->connect_timeout_ms
                                                               : limits->timeout_ms / 2;
}

static void connection_close(struct connection *c)
{
    http_close(c->http);
    trust_clear(&c->trust);
}

/* To be closed where it returns 0; -1 with *err set, and nothing to close. */
static int connection_open(struct connection *c, const struct trust_request *trusted,
                           const struct question_limits *limits, const struct teller *teller,
                           bool is_aloud, struct error *err)
{
    struct trust_request request = *trusted;
    struct http_options options = {
        .trust = &c->trust,
        .connect_timeout_ms = limits->connect_timeout_ms,
        .try_timeout_ms = try_timeout_ms(limits),
        .clock = limits->clock,
        .deadline_ms = limits->deadline_ms,
        .on_slow = tell_of_slowness,
        .on_slow_ctx = &c->teller,
        .slow_ms = SLOW_MS,
    };

    *c = (struct connection){.teller = *teller};
    http_default_trust(&request.system_file, &request.system_dir);
    if (trust_find(&c->trust, &request, err) < 0 || (c->http = http_open(&options, err)) == NULL) {
        connection_close(c);
        return -1;
    }
    c->retry = (struct retry){
        .send = is_aloud ? send_aloud : http_send,
        .send_ctx = is_aloud ? (void *)c : c->http,
        .clock = limits->clock,
        .deadline_ms = limits->deadline_ms,
        .retries = limits->retries,
        .on_wait = tell_of_retry,
        .on_wait_ctx = &c->teller,
    };
    return 0;
}

static struct teller teller_of(const struct ask *ask, const struct question_limits *limits,
                               bool *has_told)
{
    return (struct teller){.host = ask->question.registry->host,
                           .token = ask->question.token,
                           .limits = limits,
                           .is_quiet = ask->options->quiet || ask->is_one_of_many,
                           .has_told = has_told};
}

static int prove_once(struct ask *ask, bool *has_told, struct error *err)
{
    const struct question *q = &ask->question;
    struct teller teller = teller_of(ask, &q->limits, has_told);
    struct connection connection;
    int ret;

    if (connection_open(&connection, &q->trust, &q->limits, &teller, ask->options->verbose, err) <
        0)
        return -1;
    ret = handshake_prove(q, &connection.retry, &ask->outcome, err);
    connection_close(&connection);
    return ret;
}

static void say_wait(int64_t wait_ms, int64_t left_ms, const struct options *options)
{
    if (!options->quiet)
        (void)fprintf(stderr,
                      "ghcr-login: the token was refused; trying again in %lld s, for up to %lld s "
                      "more (--wait-for-token)\n",
                      (long long)(wait_ms + 999) / 1000, (long long)(left_ms + 999) / 1000);
}

static int prove_patiently(struct ask *ask, struct error *err)
{
    struct question_limits *limits = &ask->question.limits;
    const struct clock *clock = limits->clock;
    struct patience patience = {.clock = clock, .limit_ms = limits->wait_ms};
    bool has_told = false;
    int ret = prove_once(ask, &has_told, err);
    int64_t counted_ms = clock_now(clock);

    while (ret < 0 && (err->cls == CLASS_REJECTED || outcome_is_after_grant(&ask->outcome))) {
        int64_t wait_ms = patience_next(&patience);

        if (wait_ms == 0)
            break;
        say_wait(wait_ms, patience_left(&patience), ask->options);
        clock->sleep_ms(clock->ctx, wait_ms);
        /* Time spent sleeping counts for --wait-for-token, not for --timeout. */
        limits->deadline_ms += clock_now(clock) - counted_ms;
        counted_ms = clock_now(clock);
        *err = ERROR_INIT;
        ret = prove_once(ask, &has_told, err);
    }
    return ret;
}

static void warn_of_insecurity(const struct ask *ask)
{
    warnings_add(ask->warnings,
                 "the certificate of '%s' is not verified (--insecure): an attacker in between can "
                 "read the token and forge the answer",
                 ask->question.registry->host);
}

static int ask_prove(struct ask *ask, struct error *err)
{
    if (ask->question.trust.is_insecure)
        warn_of_insecurity(ask);
    return prove_patiently(ask, err);
}

/* Half of the time that is left is taken at most. */
static struct question_limits limits_at_github(const struct question_limits *whole)
{
    struct question_limits limits = *whole;
    int64_t limit_ms = clock_left(whole->clock, whole->deadline_ms) / 2;

    limits.deadline_ms =
        clock_now(whole->clock) + (limit_ms < GITHUB_TIME_MAX_MS ? limit_ms : GITHUB_TIME_MAX_MS);
    return limits;
}

static void ask_github(const struct ask *ask, struct diagnosis *out)
{
    const struct question *q = &ask->question;
    struct question_limits limits = limits_at_github(&q->limits);
    struct trust_request trusted = q->trust;
    bool has_told = true; /* what is not vital is waited for in silence, and not for long */
    struct teller teller = teller_of(ask, &limits, &has_told);
    char organisation[GITHUB_NAME_MAX + 1];
    struct connection connection;
    struct error err = ERROR_INIT;

    if (!diagnosis_begin(out, q, ask->options, ask->warnings))
        return;
    trusted.is_insecure = false; /* that is for the registry; GitHub's API gets the token itself */
    if (connection_open(&connection, &trusted, &limits, &teller, ask->options->verbose, &err) < 0) {
        (void)snprintf(out->findings.trouble, sizeof(out->findings.trouble), "%.*s",
                       GITHUB_TROUBLE_MAX, err.message);
    } else {
        if (connection.retry.retries > GITHUB_RETRIES_MAX)
            connection.retry.retries = GITHUB_RETRIES_MAX;
        connection.retry.is_impatient = true;
        github_ask(
            &(struct github_request){
                .registry = q->registry,
                .token = q->token,
                .organisation =
                    ask->options->diagnose ? diagnosis_organisation(q, organisation) : NULL,
                .retry = connection.retry,
            },
            &out->findings);
        connection_close(&connection);
    }
    diagnosis_end(out, q, ask->options, ask->warnings);
}

static bool is_to_be_diagnosed(const struct ask *ask, const struct ask_result *found)
{
    bool is_answered = found->ret == 0 || found->err.cls == CLASS_REJECTED ||
                       found->err.cls == CLASS_FORBIDDEN || outcome_is_after_grant(&found->outcome);

    return is_answered && diagnosis_is_wanted(ask->options) && ask->diagnosis != NULL;
}

/* Says how far the images are, now and then. */
struct image_teller {
    const struct question *question;
    int64_t told_ms; /* when that was said last */
};

static void tell_of_images(void *ctx, size_t done)
{
    struct image_teller *teller = ctx;
    const struct question *q = teller->question;
    int64_t now_ms = clock_now(q->limits.clock);

    if (now_ms - teller->told_ms < SLOW_MS || done == q->image_count)
        return;
    teller->told_ms = now_ms;
    (void)fprintf(stderr, "ghcr-login: %zu of %zu images of '%s' checked\n", done, q->image_count,
                  q->registry->host);
}

/* In a process of its own: what is changed of *ctx is lost with it, and *result goes back. */
static void ask_in_sandbox(void *ctx, void *result)
{
    struct ask_result *found = result;
    struct ask ask = *(const struct ask *)ctx;
    struct image_teller teller = {.question = &ask.question,
                                  .told_ms = clock_now(ask.question.limits.clock)};

    if (ask.tells_progress) {
        ask.question.on_image = tell_of_images;
        ask.question.on_image_ctx = &teller;
    }
    ask.warnings = &found->warnings;
    found->ret = http_init(&found->err);
    if (found->ret == 0)
        found->ret = ask_prove(&ask, &found->err);
    found->deadline_ms = ask.question.limits.deadline_ms;
    found->outcome = ask.outcome;
    for (size_t i = 0; i < ask.question.image_count; i++) {
        found->images[i].can_pull = ask.question.images[i].can_pull;
        found->images[i].status = ask.question.images[i].status;
    }
    if (is_to_be_diagnosed(&ask, found))
        ask_github(&ask, &found->diagnosis);
}

static void forget_in_sandbox(void *ctx)
{
    const struct ask *ask = ctx;

    ask->forget(ask->holder);
}

static int ask_take_result(struct ask *ask, const struct ask_result *found, struct error *err)
{
    struct question *q = &ask->question;

    *ask->warnings = found->warnings;
    q->limits.deadline_ms = found->deadline_ms;
    ask->outcome = found->outcome;
    for (size_t i = 0; i < q->image_count; i++) {
        q->images[i].can_pull = found->images[i].can_pull;
        q->images[i].status = found->images[i].status;
    }
    ask->is_diagnosed = is_to_be_diagnosed(ask, found);
    if (ask->is_diagnosed)
        *ask->diagnosis = found->diagnosis;
    *err = found->err;
    return found->ret;
}

static const char job_name[] = "asking the registry";

static int64_t give_up_at(const struct question_limits *limits)
{
    return limits->deadline_ms + limits->wait_ms + GRACE_MS;
}

/* `began_ms` is when it was asked. */
static int ask_judge_result(struct ask *ask, const struct ask_result *found, int64_t began_ms,
                            struct error *err)
{
    if (!ask_result_is_sound(found, &ask->question.limits, began_ms))
        return error_set(err, CLASS_INTERNAL, "internal error: malformed result of %s", job_name);
    return ask_take_result(ask, found, err);
}

int ask_registry(struct ask *ask, struct error *err)
{
    const struct question_limits *limits = &ask->question.limits;
    struct sandbox_job job = {
        .name = job_name,
        .work = ask_in_sandbox,
        .forget = forget_in_sandbox,
        .ctx = ask,
        .clock = limits->clock,
        .deadline_ms = give_up_at(limits),
    };
    struct ask_result found = {.warnings = *ask->warnings, .deadline_ms = limits->deadline_ms};
    int64_t began_ms = clock_now(limits->clock);

    if (sandbox_run(&job, &found, sizeof(found), err) < 0)
        return -1;
    return ask_judge_result(ask, &found, began_ms, err);
}

/* Many. */

/* One of many that ask. */
struct asking {
    const struct ask_many *many;
    struct ask *ask;
    int64_t began_ms;
    struct ask_result found;
};

static void many_enter(void *ctx)
{
    const struct asking *asking = ctx;

    asking->many->isolate(asking->many->holder, asking->ask);
}

static void many_work(void *ctx, void *result)
{
    ask_in_sandbox(((struct asking *)ctx)->ask, result);
}

static void many_forget(void *ctx)
{
    forget_in_sandbox(((struct asking *)ctx)->ask);
}

/* Of the time that is left each has its share, as if all those before it took theirs. */
static int64_t share_of(const struct ask_many *many, const struct asking *asking)
{
    const struct question_limits *limits = &asking->ask->question.limits;
    size_t rest = many->count - (size_t)(asking->ask - many->asks);
    int64_t turns = (int64_t)((rest + SANDBOX_AT_ONCE - 1) / SANDBOX_AT_ONCE);
    int64_t left_ms = clock_left(many->clock, many->deadline_ms);
    int64_t share_ms = left_ms / turns;

    if (share_ms < limits->connect_timeout_ms)
        share_ms = limits->connect_timeout_ms;
    return share_ms < left_ms ? share_ms : left_ms;
}

static void many_start(void *ctx, struct sandbox_task *task)
{
    struct asking *asking = task->job.ctx;
    struct question_limits *limits = &asking->ask->question.limits;

    asking->began_ms = clock_now(limits->clock);
    limits->timeout_ms = share_of(ctx, asking);
    limits->deadline_ms = asking->began_ms + limits->timeout_ms;
    asking->found.warnings = *asking->ask->warnings;
    asking->found.deadline_ms = limits->deadline_ms;
    task->job.deadline_ms = give_up_at(limits);
}

static void many_wait(void *ctx, size_t done)
{
    const struct ask_many *many = ctx;

    if (many->on_wait != NULL)
        many->on_wait(many->holder, done);
}

static void many_run(struct ask_many *many, struct sandbox_task *tasks, struct asking *askings)
{
    struct sandbox_watch watch = {.on_start = many_start, .on_wait = many_wait, .ctx = many};

    for (size_t i = 0; i < many->count; i++) {
        askings[i].many = many;
        askings[i].ask = &many->asks[i];
        askings[i].ask->is_one_of_many = many->count > 1;
        tasks[i] = (struct sandbox_task){
            .job = {.name = job_name,
                    .work = many_work,
                    .forget = many_forget,
                    .enter = many_enter,
                    .ctx = &askings[i],
                    .clock = many->clock},
            .result = &askings[i].found,
            .size = sizeof(askings[i].found),
        };
    }
    sandbox_run_all(tasks, many->count, &watch);
    for (size_t i = 0; i < many->count; i++) {
        many->errs[i] = tasks[i].err;
        if (tasks[i].ret == 0)
            (void)ask_judge_result(&many->asks[i], &askings[i].found, askings[i].began_ms,
                                   &many->errs[i]);
    }
}

int ask_registries(struct ask_many *many, struct error *err)
{
    struct sandbox_task *tasks = NULL;
    struct asking *askings = NULL;
    bool has_room;

    if (many->count == 0)
        return 0;
    tasks = calloc(many->count, sizeof(*tasks));
    askings = calloc(many->count, sizeof(*askings));
    has_room = tasks != NULL && askings != NULL;
    if (has_room)
        many_run(many, tasks, askings);
    free(tasks);
    free(askings);
    return has_room ? 0 : error_no_memory(err);
}
