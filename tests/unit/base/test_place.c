/*
 * place: a workflow, a script over ssh, or anywhere else.
 */
#include "../support.h"

#include "base/place.h"

static const char *const *variables; /* NAME, VALUE, …, NULL */

static const char *environment(const char *name)
{
    for (const char *const *p = variables; *p != NULL; p += 2) {
        if (strcmp(p[0], name) == 0)
            return p[1];
    }
    return NULL;
}

static void test_places(void **state)
{
    static const struct {
        const char *variables[7];
        enum place place;
    } rows[] = {
        {{NULL}, PLACE_HOST},
        {{"GITHUB_ACTIONS", "true", NULL}, PLACE_ACTIONS},
        {{"GITHUB_ACTIONS", "", NULL}, PLACE_HOST},
        {{"GITHUB_ACTIONS", "false", NULL}, PLACE_HOST},
        {{"SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22", NULL}, PLACE_SSH},
        {{"SSH_CONNECTION", "x", "SSH_TTY", "/dev/pts/0", NULL}, PLACE_HOST},
        {{"SSH_TTY", "/dev/pts/0", NULL}, PLACE_HOST},
        /* a runner that was started over ssh */
        {{"GITHUB_ACTIONS", "true", "SSH_CONNECTION", "x", NULL}, PLACE_ACTIONS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char label[16];

        (void)snprintf(label, sizeof(label), "%zu", i);
        variables = rows[i].variables;
        assert_row(label, place_find(environment) == rows[i].place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
