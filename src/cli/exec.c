#include "cli/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/environment.h"
#include "cli/guard.h"
#include "cli/login.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/subject.h"
#include "cli/targets.h"
#include "store/document.h"
#include "store/document_edit.h"
#include "store/path.h"
#include "store/private_config.h"
#include "store/private_directory.h"
#include "store/program.h"

enum { CANNOT_RUN = 126, NOT_FOUND = 127 };

extern char **environ;

/* All that one run holds. */
struct exec {
    const struct options *options;
    struct private_directory directory; /* locked, so each file has a directory of its own below */
    struct subject subject;
    char docker_dir[PATH_MAX]; /* what DOCKER_CONFIG is to say */
    char podman_file[PATH_MAX];
    const struct clock *clock;
    int64_t deadline_ms;
};

static int join(char path[PATH_MAX], const char *dir, const char *name, struct error *err)
{
    if (snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX)
        return 0;
    return error_set(err, CLASS_AUTHFILE, "the path of the private directory is too long");
}

/* Docker's whole directory is shown, as --config, DOCKER_CONFIG or HOME have it. */
static int show_docker(const struct exec *exec, const struct location_request *places,
                       struct error *err)
{
    struct location user;
    char copy[PATH_MAX];
    char dir[PATH_MAX];

    if (location_docker(&user, places, err) < 0)
        return -1;
    if (path_make_directory(exec->docker_dir, err) < 0 ||
        join(copy, exec->docker_dir, "config.json", err) < 0)
        return -1;
    path_directory(dir, user.path);
    if (private_config_link(exec->docker_dir, dir, err) < 0)
        return -1;
    return private_config_copy(copy, user.path, exec->clock, exec->deadline_ms, err);
}

/* Podman will be told of one file: the first of those it looks into that is there. */
static int show_podman(const struct exec *exec, const struct location_request *places,
                       struct error *err)
{
    struct location files[LOCATION_PODMAN_MAX];
    char dir[PATH_MAX];
    size_t count;

    path_directory(dir, exec->podman_file);
    if (path_make_directory(dir, err) < 0 || location_podman_way(files, &count, places, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (access(files[i].path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
            return private_config_copy(exec->podman_file, files[i].path, exec->clock,
                                       exec->deadline_ms, err);
    }
    return 0;
}

static bool stop(void *ctx, const char *key)
{
    (void)ctx;
    (void)key;
    return false;
}

/* Docker takes an entry of DOCKER_AUTH_CONFIG before any file: ours goes, and others stay. */
static int unshadow(const struct exec *exec, struct error *err)
{
    static const char variable[] = "DOCKER_AUTH_CONFIG";
    struct document_edit edit = {.change = DOCUMENT_REMOVE,
                                 .key = reference_docker_key(&exec->subject.registry)};
    const char *value = environment(variable);
    struct error malformed = ERROR_INIT; /* docker says so, and goes on to the file */
    struct secret text = SECRET_INIT;
    struct document document = DOCUMENT_INIT;
    bool is_shadow = false;
    int ret = 0;

    if (value != NULL && secret_append_text(&text, value, err) < 0)
        return -1;
    if (value != NULL && document_parse(&document, &text, variable, &malformed) == 0 &&
        document_edit(&document, &edit, &is_shadow, &malformed) == 0 && is_shadow)
        ret = document_each_key(&document, stop, NULL)
                  ? unsetenv(variable)
                  : setenv(variable, secret_text(&document.text), 1);
    secret_clear(&text);
    document_clear(&document);
    return ret < 0 ? error_no_memory(err) : 0;
}

/* The user's configuration into the private directory, and the environment pointed there. */
static int move_in(struct exec *exec, struct error *err)
{
    struct location_request places;

    if (subject_find(&exec->subject, exec->options, err) < 0)
        return -1;
    places = targets_location_request(exec->options, &exec->subject.person);
    if (exec->subject.registry.name_space[0] != '\0')
        return error_set(err, CLASS_USAGE,
                         "'exec' logs in to a registry, not to a namespace: docker keeps one "
                         "credential for all of '%s'",
                         exec->subject.registry.host);
    if (join(exec->docker_dir, exec->directory.path, "docker", err) < 0 ||
        join(exec->podman_file, exec->directory.path, "podman/auth.json", err) < 0 ||
        show_docker(exec, &places, err) < 0 || show_podman(exec, &places, err) < 0 ||
        unshadow(exec, err) < 0)
        return -1;
    if (setenv("DOCKER_CONFIG", exec->docker_dir, 1) < 0 ||
        setenv("REGISTRY_AUTH_FILE", exec->podman_file, 1) < 0)
        return error_no_memory(err);
    return 0;
}

/* Now the places of a login are the private ones, and no helper is to have what ends with them. */
static struct options login_options(const struct exec *exec)
{
    struct options options = *exec->options;

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
    const struct secret hidden[] = {login->credential.token, login->auth};
    char *const *argv = exec->options->run;
    char **inherited = environ;
    char **given;
    int errnum;

    process_restore();
    if (login->credential.used_stdin && drop_stdin() < 0) {
        (void)error_set_errno(err, CLASS_INTERNAL, errno, "cannot open '/dev/null'");
        return REPORT_EXEC_FAILED;
    }
    given = program_environment(hidden, sizeof(hidden) / sizeof(hidden[0]), err);
    if (given == NULL)
        return REPORT_EXEC_FAILED;
    environ = given;
    (void)execvp(argv[0], argv);
    errnum = errno;
    environ = inherited;
    free(given);
    (void)error_set_errno(err, CLASS_USAGE, errnum, "cannot run '%s'", argv[0]);
    return errnum == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

/* What the child does, to the end of it or of the command. */
static int tell(void *ctx)
{
    struct exec *exec = ctx;
    struct options options = login_options(exec);
    struct report report = {.subject = &exec->subject};
    struct error err = ERROR_INIT;
    int status = REPORT_EXEC_FAILED;
    struct login login;

    login_init(&login, &options);
    exec->clock = login.clock;
    exec->deadline_ms = login.deadline_ms;
    report.warnings = &login.warnings;
    if (move_in(exec, &err) == 0 && login_tell(&login, &report, &err) == 0) {
        (void)report_print(&report, &options, NULL);
        login.warnings.count = 0; /* said */
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
    const struct exec *exec = ctx;

    login_forget_variables(exec->options);
}

int exec_run(const struct options *options)
{
    struct exec exec = {.options = options, .directory = PRIVATE_DIRECTORY_INIT};
    struct private_places places;
    struct report report = {.subject = NULL};
    struct error err = ERROR_INIT;
    struct error left = ERROR_INIT;
    int status;

    guard_begin();
    private_directory_places(&places, environment);
    if (private_directory_make(&exec.directory, &places, &err) < 0)
        return report_print(&report, options, &err);
    if (guard_run(tell, forget, &exec, &status, &err) < 0)
        status = report_print(&report, options, &err);
    /* The command's status says more than ours; but what is left is somebody's credential. */
    if (private_directory_remove(&exec.directory, &left) < 0)
        (void)fprintf(stderr, "ghcr-login: %s\n", left.message);
    return status;
}
