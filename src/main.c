/*
 * ghcr-login: process hygiene, dispatch, exit status.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "base/json.h"
#include "cli/login.h"
#include "cli/logout.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/status.h"
#include "cli/usage.h"
#include "registry/http.h"

/*
 * A closed descriptor 0, 1 or 2 would be given to the next file: to the auth file, say. Where all
 * are open, /dev/null need not be there: a container from scratch has none.
 */
static int open_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return -1;
    }
    return 0;
}

/* Nothing of this process is for others: no core, no ptrace, no file that they can read. */
static int harden_process(void)
{
    struct rlimit no_core = {.rlim_cur = 0, .rlim_max = 0};

    if (open_standard_descriptors() < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
        return -1;
#if defined(__linux__)
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -1;
#endif
    /* libcurl would write the keys of the TLS session there. */
    (void)unsetenv("SSLKEYLOGFILE");
    (void)umask(077);
    /* What they would kill for is reported by write(2): EPIPE, EFBIG. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return -1;
    return 0;
}

/* Both libraries let go of what they were given only through the allocator that wipes. */
static int init_libraries(struct error *err)
{
    json_init();
    return http_init(err);
}

int main(int argc, char *argv[])
{
    struct report report = {.subject = NULL};
    struct error err = ERROR_INIT;
    struct options options;

    if (harden_process() < 0) {
        (void)fputs("ghcr-login: cannot set the process up\n", stderr);
        return CLASS_INTERNAL;
    }
    if (options_parse(&options, argc, argv, &err) < 0)
        return report_print(&report, &options, &err);
    if (options.help || options.version) {
        options.help ? usage_print_help(stdout) : usage_print_version(stdout);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : CLASS_INTERNAL;
    }
    if (init_libraries(&err) < 0)
        return report_print(&report, &options, &err);
    switch (options.command) {
    case COMMAND_LOGIN:
        return login_run(&options);
    case COMMAND_LOGOUT:
        return logout_run(&options);
    case COMMAND_STATUS:
        return status_run(&options);
    }
    return CLASS_INTERNAL;
}
