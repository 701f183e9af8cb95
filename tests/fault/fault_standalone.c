/*
 * What the static executable has in libc's place, with every failing call: a user is found as
 * /etc/passwd has them or not at all, and of groups none is taken that is not the user's.
 */
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <cmocka.h>
#include <pwd.h>

#include "inject.h"
#include "unit/store/files.h"

/* src/base/standalone.c is built with these names for the test, for libc's are its own here. */
struct passwd *standalone_getpwnam(const char *name);
struct passwd *standalone_getpwuid(uid_t uid);
int standalone_initgroups(const char *name, gid_t first);

enum { WRONG = 1, NONE = 2, OTHER_GROUP = 4242 };

static int find_by_name(void)
{
    const struct passwd *user = standalone_getpwnam("root");

    if (user == NULL)
        return NONE;
    return strcmp(user->pw_name, "root") == 0 && user->pw_uid == 0 ? 0 : WRONG;
}

static int find_by_number(void)
{
    const struct passwd *user = standalone_getpwuid(0);

    if (user == NULL)
        return NONE;
    return user->pw_uid == 0 ? 0 : WRONG;
}

/* Nobody is in no other group. */
static int join_groups(void)
{
    gid_t groups[8];
    int ret = standalone_initgroups("nobody", OTHER_GROUP);

    (void)inject_disarm();
    if (ret < 0)
        return NONE;
    return getgroups(8, groups) == 1 && groups[0] == OTHER_GROUP ? 0 : WRONG;
}

static int (*act)(void);
static struct inject_fault fault;

static int act_armed(void)
{
    int verdict;

    inject_arm(&fault, INJECT_CALLS, 0);
    verdict = act();
    (void)inject_disarm();
    return verdict;
}

static void every_failing_call_finds_nobody_else(void **state)
{
    static int (*const acts[])(void) = {find_by_name, find_by_number, join_groups};

    (void)state;
    for (size_t i = geteuid() == 0 ? 3 : 2; i-- > 0;) {
        act = acts[i];
        fault = (struct inject_fault){.call = INJECT_CALLS};
        assert_int_equal(support_in_child(false, act_armed), 0);
        for (fault.call = 0; fault.call < INJECT_CALLS; fault.call++) {
            bool struck = true;

            fault.errnum = inject_errnum(fault.call);
            for (fault.nth = 1; struck; fault.nth++) {
                assert_int_not_equal(support_in_child(false, act_armed), WRONG);
                struck = inject_disarm();
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_call_finds_nobody_else),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    inject_report("fault_standalone");
    return failed;
}
