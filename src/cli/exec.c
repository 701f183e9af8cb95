#include "cli/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/environment.h"
#include "cli/guard.h"
#include "cli/login.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/view.h"
#include "store/private_directory.h"

enum { CANNOT_RUN = 126, NOT_FOUND = 127 };

/* All that one run holds. */
struct exec {
    struct private_directory directory; /* locked, so each file has a directory of its own below */
    struct run run;                     /* about the user's own files */
    struct view view;
};

/* The user's configuration into the private directory, and the environment pointed there. */
static int move_in(struct exec *exec, struct error *err)
{
    const struct reference *registry = &exec->run.subject.registry;

    if (run_find_subject(&exec->run, err) < 0)
        return -1;
    if (registry->name_space[0] != '\0')
        return error_set(err, CLASS_USAGE,
                         "'exec' logs in to a registry, not to a namespace: docker keeps one "
                         "credential for all of '%s'",
                         registry->host);
    return view_make(&exec->view, exec->directory.path, &exec->run, err) < 0
               ? -1
               : view_enter(&exec->view, registry, err);
}

/* Now the places of a login are the private ones, and no helper is to have what ends with them. */
static struct options login_options(const struct exec *exec)
{
    struct options options = *exec->run.options;

    options.config_dir = NULL;
    options.authfile = NULL;
    options.docker = true;
    options.podman = true;
    options.no_helper = true;
    return options;
}

/* Whose input was the token has none; the pipe it came from may still be open. */
static int drop_stdin(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int ret = fd >= 0 ? dup2(fd, STDIN_FILENO) : -1;

    if (fd >= 0)
        (void)close(fd);
    return ret < 0 ? -1 : 0;
}

/* Become the command. Comes back only where that fails, with the status to exit with. */
static int become(const struct exec *exec, const struct login *login, struct error *err)
{
    char *const *argv = exec->run.options->run;
    int errnum;

    process_restore();
    if (login->credential.used_stdin && drop_stdin() < 0) {
        (void)error_set_errno(err, CLASS_INTERNAL, errno, "cannot open '/dev/null'");
        return REPORT_EXEC_FAILED;
    }
    (void)execvp(argv[0], argv);
    errnum = errno;
    (void)error_set_errno(err, CLASS_USAGE, errnum, "cannot run '%s'", argv[0]);
    return errnum == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

/* What the child does, to the end of it or of the command. */
static int tell(void *ctx)
{
    struct exec *exec = ctx;
    struct options options = login_options(exec);
    struct report report = {.subject = &exec->run.subject};
    struct error err = ERROR_INIT;
    int status = REPORT_EXEC_FAILED;
    struct login login;

    login_init(&login, &options);
    report.warnings = &login.run.warnings;
    if (move_in(exec, &err) == 0 && login_tell(&login, &report, &err) == 0) {
        view_name_originals(&exec->view, &login.run.warnings);
        (void)report_print(&report, &options, NULL);
        login.run.warnings.count = 0; /* said */
        status = become(exec, &login, &err);
    }
    report.targets = NULL; /* they go with the directory */
    (void)report_print(&report, &options, &err);
    login_clear(&login);
    return status;
}

/* The child has its own copy; this process waits as long as the command runs. */
static void forget(void *ctx)
{
    (void)ctx;
    environment_forget_all();
}

int exec_run(const struct options *options)
{
    struct exec exec = {.directory = PRIVATE_DIRECTORY_INIT};
    struct private_places places;
    struct report report = {.subject = NULL};
    struct error err = ERROR_INIT;
    struct error left = ERROR_INIT;
    int status;

    run_begin(&exec.run, options);
    private_directory_places(&places, environment);
    if (guard_begin(&err) < 0 || private_directory_make(&exec.directory, &places, &err) < 0)
        return report_print(&report, options, &err);
    if (guard_run(tell, forget, &exec, &status, &err) < 0)
        status = report_print(&report, options, &err);
    /* The command's status says more than ours; but what is left is somebody's credential. */
    if (private_directory_remove(&exec.directory, &left) < 0)
        (void)fprintf(stderr, "ghcr-login: %s\n", left.message);
    return status;
}
