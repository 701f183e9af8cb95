/*
 * A credential helper that is run with the N-th call of every kind failing, for N = 1, 2, ... until
 * the run does not reach it. Whatever fails: success means that the helper got and gave all of it,
 * a failure has an error without the token, and no process, no descriptor is left.
 */
#include "store/helper/helper.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "inject.h"
#include "unit/store/scripts.h"

#define TOKEN  "ghp_exampleToken1234567890"
#define ANSWER "{\"ServerURL\":\"ghcr.io\",\"Username\":\"octocat\",\"Secret\":\"" TOKEN "\"}"

static struct secret token;
static unsigned walked;

static int act(const char *action, struct secret *username, struct secret *found, struct error *err)
{
    struct helper helper = {
        .name = "x", .clock = clock_system(), .deadline_ms = support_in_ms(SCRIPTS_PATIENCE_MS)};

    if (strcmp(action, "store") == 0)
        return helper_store(&helper, "ghcr.io", "octocat", &token, err);
    if (strcmp(action, "get") == 0)
        return helper_get(&helper, "ghcr.io", username, found, err);
    return helper_erase(&helper, "ghcr.io", err);
}

static const char *judge(const char *action, int ret, const struct secret *username,
                         const struct secret *found, const struct error *err)
{
    bool is_get = strcmp(action, "get") == 0;

    if (ret < 0 && (err->cls == CLASS_NONE || err->message[0] == '\0'))
        return "a failure without an error";
    if (ret < 0 && err->cls != CLASS_HELPER && strstr(err->message, "out of memory") == NULL)
        return "a failure of another class";
    if (strstr(err->message, secret_text(&token)) != NULL)
        return "the error has the token";
    if (ret >= 0 && err->cls != CLASS_NONE)
        return "success with an error";
    if (ret >= 0 && !support_holds("input", strcmp(action, "store") == 0 ? ANSWER "\n" : "ghcr.io"))
        return "success, but the helper did not get its request";
    if (ret == 0 && is_get)
        return "a failure is taken for an answer";
    if (ret > 0 &&
        (strcmp(secret_text(username), "octocat") != 0 || !secret_is_equal(found, &token)))
        return "another pair than the helper has";
    if (ret < 0 && (username->data != NULL || found->data != NULL))
        return "output of a failure";
    return NULL;
}

/* One run with the fault that is armed; returns what is wrong, or NULL. */
static const char *run(const char *action, const struct inject_fault *fault, bool *struck)
{
    size_t descriptors = support_count("/proc/self/fd");
    struct secret username = SECRET_INIT;
    struct secret found = SECRET_INIT;
    struct error err = ERROR_INIT;
    const char *wrong;
    int ret;

    (void)unlink("input");
    inject_arm(fault, INJECT_CALLS, 0);
    ret = act(action, &username, &found, &err);
    *struck = inject_disarm();
    wrong = judge(action, ret, &username, &found, &err);
    if (support_count("/proc/self/fd") != descriptors)
        wrong = "a descriptor is left open";
    if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
        wrong = "a process is left";
    secret_clear(&username);
    secret_clear(&found);
    return wrong;
}

static void walk(const char *action, struct inject_fault fault)
{
    bool struck = true;

    for (fault.nth = 1; struck; fault.nth++) {
        const char *wrong = run(action, &fault, &struck);

        if (wrong != NULL)
            fail_msg("%s, %s number %u, %s, way %d: %s", action, inject_name(fault.call), fault.nth,
                     strerror(fault.errnum), (int)fault.how, wrong);
        walked += struck;
    }
}

static void walk_all(const char *action)
{
    static const int errors[] = {EIO, ENOMEM, EMFILE, EINTR, EAGAIN};
    static const enum inject_call others[] = {INJECT_calloc, INJECT_pipe2, INJECT_fork,
                                              INJECT_waitpid};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct inject_fault fault = {.errnum = errors[i]};

        for (fault.call = 0; fault.call <= INJECT_STORE_LAST; fault.call++)
            walk(action, fault);
        for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++) {
            fault.call = others[j];
            walk(action, fault);
        }
    }
    walk(action, (struct inject_fault){.call = INJECT_write, .how = INJECT_SHORT});
    walk(action, (struct inject_fault){.call = INJECT_read, .how = INJECT_SHORT});
}

static void every_failing_call_is_an_error_or_mended(void **state)
{
    static const char *const actions[] = {"store", "get", "erase"};

    (void)state;
    scripts_make("docker-credential-x",
                 "cat >input; [ $1 != get ] || echo '" ANSWER "'; echo chat >&2");
    for (size_t i = 0; i < 3; i++)
        walk_all(actions[i]);
    print_message("fault points walked: %u\n", walked);
    assert_true(walked > 100);
}

static int setup(void **state)
{
    char path[PATH_MAX + 32];
    int ret = support_setup(state);

    (void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", support_dir);
    support_must(setenv("PATH", path, 1) == 0, "setenv");
    return ret;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_failing_call_is_an_error_or_mended, setup,
                                        support_teardown),
    };
    int failed;

    json_init();
    support_must(signal(SIGPIPE, SIG_IGN) != SIG_ERR, "signal"); /* as main() does */
    token = support_secret(TOKEN);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    secret_clear(&token);
    inject_report("fault_helper");
    return failed;
}
