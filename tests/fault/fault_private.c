/*
 * A private directory, made, used, swept and removed with the N-th call of every kind failing. A
 * failure is told; success means that all of it is done; and nobody who is told of a failure finds
 * more left than was there. What is in it is closed to its owner, so that as an ordinary user every
 * way to open it is taken.
 */
#include "store/private_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "inject.h"
#include "unit/store/files.h"

enum { ENOUGH_MS = 20000 };

static struct private_places places = {.count = 1};
static const struct private_room room = {.bytes = 1, .files = 1, .links = 1};

static void fill(const char *path)
{
    char below[PATH_MAX + 32];

    (void)snprintf(below, sizeof(below), "%s/closed", path);
    support_must(mkdir(below, 0700) == 0, below);
    (void)snprintf(below, sizeof(below), "%s/closed/x", path);
    support_write(below, "x");
    (void)snprintf(below, sizeof(below), "%s/closed", path);
    support_must(chmod(below, 0) == 0, below);
}

/* Returns what is wrong, or NULL. */
static const char *run(const struct inject_fault *fault, bool *struck)
{
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct private_directory stale = PRIVATE_DIRECTORY_INIT;
    size_t descriptors = support_count("/proc/self/fd");
    struct error err = ERROR_INIT;
    int ret;

    support_must(private_directory_make(&stale, &places, &room, &err) == 0, "make");
    fill(stale.path);
    (void)close(stale.fd);
    inject_arm(fault, INJECT_CALLS, 0);
    private_directory_sweep(&places, clock_system(), support_in_ms(ENOUGH_MS));
    ret = private_directory_make(&made, &places, &room, &err);
    if (ret == 0)
        private_directory_hold(&made);
    *struck = inject_disarm();
    if (ret < 0)
        return err.cls == CLASS_NONE ? "not made, without an error" : NULL;
    fill(made.path);
    if (!*struck) {
        inject_arm(fault, INJECT_CALLS, 0);
        ret = private_directory_remove(&made, clock_system(), support_in_ms(ENOUGH_MS), &err);
        *struck = inject_disarm();
    } else {
        ret = private_directory_remove(&made, clock_system(), support_in_ms(ENOUGH_MS), &err);
    }
    if (ret < 0 && err.cls != CLASS_AUTHFILE)
        return "not removed, without an error";
    if (ret == 0 && access(made.path, F_OK) == 0)
        return "removed, but there";
    if (support_count("/proc/self/fd") != descriptors)
        return "a descriptor is left open";
    /* The next run takes what is left. */
    private_directory_sweep(&places, clock_system(), support_in_ms(ENOUGH_MS));
    return support_count(".") == 0 ? NULL : "something is left for ever";
}

static int walk_all(void)
{
    struct inject_fault fault = {.call = 0};

    for (; fault.call < INJECT_CALLS; fault.call++) {
        bool struck = true;

        fault.errnum = inject_errnum(fault.call);
        for (fault.nth = 1; struck; fault.nth++) {
            const char *wrong = run(&fault, &struck);

            if (wrong == NULL)
                continue;
            print_error("%s number %u: %s\n", inject_name(fault.call), fault.nth, wrong);
            return 1;
        }
    }
    return 0;
}

static void every_failing_call_is_told_or_mended(void **state)
{
    (void)state;
    (void)snprintf(places.items[0], PATH_MAX, "%s", support_dir);
    support_must(geteuid() != 0 || chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    assert_int_equal(support_in_child(true, walk_all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_failing_call_is_told_or_mended, support_setup,
                                        support_teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    inject_report("fault_private");
    return failed;
}
