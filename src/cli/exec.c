#include "cli/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/login.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/view.h"
#include "credential/github_token.h"
#include "store/private_directory.h"

enum {
    CANNOT_RUN = 126,
    NOT_FOUND = 127,
    SWEEP_MS = 5 * 1000,   /* for what other runs have left */
    REMOVE_MS = 10 * 1000, /* for what this one has made, while signals wait */
};

/* All that one run holds. */
struct exec {
    struct private_directory directory; /* locked, so each file has a directory of its own below */
    struct run run;                     /* about the user's own files */
    struct view view;
};

/* `exec -u NAME -- "$TOKEN"`: if the command cannot be run, its name would be shown. */
static int check_command(const char *command, struct error *err)
{
    if (!github_token_is_told(command))
        return 0;
    return error_set_hint(
        err, CLASS_USAGE,
        "revoke the token: every process can read command lines, and logs keep them; then pass it "
        "with --password-stdin, --token-env VAR or --token-file FILE",
        "the command after '--' looks like a GitHub token");
}

static int find_user_files(struct exec *exec, struct error *err)
{
    return check_command(exec->run.options->run[0], err) < 0 ? -1
                                                             : run_find_subject(&exec->run, err);
}

/* The user's configuration into the private directory, and the environment pointed there. */
static int move_in(struct exec *exec, struct error *err)
{
    return view_make(&exec->view, exec->directory.path, &exec->run, err) < 0
               ? -1
               : view_enter(&exec->view, &exec->run.subject.registry, err);
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

/* What ends at once when it is read: a pipe, where a container has no /dev/null. */
static int open_nothing(void)
{
    static const char device[] = "/dev/null";
    struct stat st;
    int fds[2];
    int fd =
        stat(device, &st) == 0 && S_ISCHR(st.st_mode) ? open(device, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0 || pipe2(fds, O_CLOEXEC) < 0)
        return fd;
    (void)close(fds[1]);
    return fds[0];
}

/* Whose input was the token has none; the pipe it came from may still be open. */
static int drop_stdin(const struct login *login, struct error *err)
{
    int fd = login->credential.used_stdin ? open_nothing() : STDIN_FILENO;
    int ret = fd;

    if (fd > STDIN_FILENO) {
        ret = dup2(fd, STDIN_FILENO);
        (void)close(fd);
    }
    return ret >= 0 ? 0 : error_set_errno(err, CLASS_INTERNAL, errno, "cannot create a pipe");
}

static int log_in(const struct exec *exec, struct login *login, struct report *report,
                  struct error *err)
{
    if (login_begin(login, report, err) < 0 || drop_stdin(login, err) < 0)
        return -1;
    view_name_originals(&exec->view, &login->targets);
    return login_finish(login, report, err);
}

/* Become the command. Comes back only if that fails, with the status to exit with. */
static int exec_become(const struct exec *exec, struct error *err)
{
    char *const *argv = exec->run.options->run;
    int errnum;

    process_restore();
    (void)execvp(argv[0], argv);
    errnum = errno;
    (void)error_set_errno(err, CLASS_USAGE, errnum, "cannot run '%s'", argv[0]);
    return errnum == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

/* What the child does, to the end of it or of the command. */
static int exec_tell(void *ctx)
{
    struct exec *exec = ctx;
    struct options options = login_options(exec);
    struct report report = {.subject = &exec->run.subject};
    struct error err = ERROR_INIT;
    int status = REPORT_EXEC_FAILED;
    struct login login;

    login_init(&login, &options);
    report.warnings = &login.run.warnings;
    if (move_in(exec, &err) == 0 && log_in(exec, &login, &report, &err) == 0) {
        (void)report_print(&report, &options, NULL);
        login.run.warnings.count = 0; /* said */
        status = exec_become(exec, &err);
    }
    report.targets = NULL; /* they go with the directory */
    (void)report_print(&report, &options, &err);
    login_clear(&login);
    return status;
}

/* The child has its own copy; this process waits as long as the command runs. */
static void exec_stay(void *ctx)
{
    struct exec *exec = ctx;

    private_directory_hold(&exec->directory);
    environment_forget_all();
}

/* Make the directory and run what needs it. Returns the status to exit with. */
static int run_apart(struct exec *exec, const struct private_places *places)
{
    const struct clock *clock = exec->run.clock;
    struct report report = {.subject = &exec->run.subject};
    struct error err = ERROR_INIT;
    struct error left = ERROR_INIT;
    struct private_room room;
    int status;

    view_room(&room, &exec->run);
    if (process_guard(&err) < 0 ||
        private_directory_make(&exec->directory, places, &room, &err) < 0)
        return report_print(&report, exec->run.options, &err);
    if (process_run_guarded(exec_tell, exec_stay, exec, &status, &err) < 0)
        status = report_print(&report, exec->run.options, &err);
    /* The command's status says more than ours; but what is left is somebody's credential. */
    if (private_directory_remove(&exec->directory, clock, clock_now(clock) + REMOVE_MS, &left) < 0)
        (void)fprintf(stderr, "ghcr-login: %s\n", left.message);
    return status;
}

int exec_run(const struct options *options)
{
    struct exec exec = {.directory = PRIVATE_DIRECTORY_INIT};
    struct report report = {.subject = &exec.run.subject};
    struct private_places places;
    struct error err = ERROR_INIT;

    run_begin(&exec.run, options);
    if (find_user_files(&exec, &err) < 0)
        return report_print(&report, options, &err);
    private_directory_places(&places, environment);
    private_directory_sweep(&places, exec.run.clock, clock_now(exec.run.clock) + SWEEP_MS);
    return run_apart(&exec, &places);
}
