/*
 * view: without memory nothing is led elsewhere by half. What it shows is in
 * tests/cli/test_exec.py.
 */
#include "../nth.h"
#include "../support.h"

#include <stdlib.h>

#include "base/json.h"
#include "cli/view.h"

#define VARIABLE "DOCKER_AUTH_CONFIG"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return nth_strikes() ? NULL : __real_malloc(size);
}

/* An entry that shadows ours must not stay because it could not be looked at. */
static void test_without_memory(void **state)
{
    static struct view view = {.docker_dir = "/x/docker", .podman = {.path = "/x/auth.json"}};
    struct reference registry;
    struct error err = ERROR_INIT;
    unsigned n;
    int ret;

    (void)state;
    assert_int_equal(reference_parse(&registry, "ghcr.io", &err), 0);
    for (n = 1;; n++) {
        assert_int_equal(setenv(VARIABLE, "{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}}}", 1), 0);
        err = ERROR_INIT;
        nth_arm(n);
        ret = view_enter(&view, &registry, &err);
        if (!nth_disarm())
            break;
        assert_int_equal(ret, -1);
        assert_error("memory", &err, CLASS_INTERNAL, "memory");
    }
    assert_true(n > 3);
    assert_int_equal(ret, 0);
    assert_null(getenv(VARIABLE));
    assert_string_equal(getenv("DOCKER_CONFIG"), "/x/docker");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_memory),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
