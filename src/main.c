/*
 * ghcr-login: process hygiene, dispatch, exit status.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/command_line.h"
#include "cli/exec.h"
#include "cli/help.h"
#include "cli/helper_verbs.h"
#include "cli/login.h"
#include "cli/logout.h"
#include "cli/options.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/status.h"

static int run(const struct options *options)
{
    switch (options->command) {
    case COMMAND_LOGIN:
        return login_run(options);
    case COMMAND_LOGOUT:
        return logout_run(options);
    case COMMAND_STATUS:
        return status_run(options);
    case COMMAND_EXEC:
        break;
    }
    return exec_run(options);
}

static int end_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    (void)fputs("ghcr-login: cannot write to standard output\n", stderr);
    return CLASS_INTERNAL;
}

int main(int argc, char *argv[])
{
    struct report report = {.subject = NULL};
    struct error err = ERROR_INIT;
    struct options options;

    if (process_harden() < 0) {
        (void)fputs("ghcr-login: cannot harden the process\n", stderr);
        return CLASS_INTERNAL;
    }
    if (helper_verbs_are_meant(argv[0])) {
        json_init();
        process_end(helper_verbs_run(argc, argv));
    }
    if (command_line_parse(&options, argc, argv, &err) < 0)
        return report_print(&report, &options, &err);
    if (options.help || options.version) {
        options.help ? help_print(stdout, options.help_topic) : help_print_version(stdout);
        return end_output();
    }
    json_init();
    helper_verbs_serve();
    process_end(run(&options));
}
