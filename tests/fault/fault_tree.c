/*
 * tree_remove() of a directory that nobody may open, with every failing call beside that: it is
 * told, and the directory holds what it held.
 */
#include "store/exec/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "inject.h"
#include "unit/store/support.h"

static void every_failing_call_is_told(void **state)
{
    struct inject_fault fault = {.call = 0};

    (void)state;
    for (; fault.call < INJECT_CALLS; fault.call++) {
        bool struck = true;

        fault.errnum = inject_errnum(fault.call);
        for (fault.nth = 1; struck; fault.nth++) {
            int ret;

            support_must(mkdir("tree", 0700) == 0 || errno == EEXIST, "mkdir");
            support_write("tree/x", "x");
            inject_arm(&fault, INJECT_openat, EACCES);
            ret = tree_remove(AT_FDCWD, "tree");
            struck = inject_disarm();
            assert_int_equal(ret, -1);
            assert_true(support_holds("tree/x", "x"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_failing_call_is_told, support_setup,
                                        support_teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    inject_report("fault_tree");
    return failed;
}
