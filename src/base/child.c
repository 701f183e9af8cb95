#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"

#if defined(__linux__)
#include <sys/prctl.h>
#endif

extern char **environ;

enum {
    TICK_MS = 50,           /* between looks at a child that is silent */
    PAUSE_MS = 1,           /* between looks at one that is about to end */
    LINGER_MS = 500,        /* for the output of others, when the child itself has exited */
    GRACE_MS = 500,         /* from SIGTERM to SIGKILL */
    WARDEN_GRACE_MS = 200,  /* the same, by a warden */
    WARDEN_SWEEP_MS = 1000, /* of a warden, for what does not die at once */
    WARDEN_STOP_MS = 2000,  /* for a warden, which needs both */
    READ_BLOCK = 16384,
};

enum child_found child_find(char path[PATH_MAX], const char *name, const char *search)
{
    enum child_found found = CHILD_ABSENT;
    char each[PATH_MAX];
    struct stat st;

    for (const char *dir = search; dir != NULL; dir = strchr(dir, ':')) {
        dir += *dir == ':';
        /* A path that is too long is skipped, like one that does not exist. */
        if (*dir != '/' || snprintf(each, sizeof(each), "%.*s/%s", (int)strcspn(dir, ":"), dir,
                                    name) >= (int)sizeof(each))
            continue;
        if (stat(each, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        memcpy(path, each, sizeof(each));
        if (faccessat(AT_FDCWD, each, X_OK, AT_EACCESS) == 0)
            return CHILD_FOUND;
        found = CHILD_NOT_EXECUTABLE;
    }
    return found;
}

/* It is about the environment, which is one for the whole process too. */
static struct {
    const char *names[CHILD_WITHHELD_MAX];
    size_t count;
} withheld;

void child_withhold(const char *name)
{
    if (withheld.count < CHILD_WITHHELD_MAX)
        withheld.names[withheld.count++] = name;
}

static bool child_is_variable(const char *text, const char *name)
{
    size_t len = strlen(name);

    return strncmp(text, name, len) == 0 && text[len] == '=';
}

static bool is_withheld(const char *text)
{
    for (size_t i = 0; i < withheld.count; i++) {
        if (child_is_variable(text, withheld.names[i]))
            return true;
    }
    return false;
}

char **child_environment(const char *without)
{
    size_t count = 0;
    char **kept;

    while (environ != NULL && environ[count] != NULL)
        count++;
    /* Not a copy of the texts: there would be one more place where a secret stands. */
    kept = calloc(count + 1, sizeof(*kept));
    for (size_t i = 0, used = 0; kept != NULL && i < count; i++) {
        if (!child_is_variable(environ[i], without) && !is_withheld(environ[i]))
            kept[used++] = environ[i];
    }
    return kept;
}

/* The pipes, by the descriptor that the program has at the other end. */
enum {
    IN = STDIN_FILENO,
    OUT = STDOUT_FILENO,
    ERR = STDERR_FILENO,
    STANDARD_PIPES,
    STATUS = STANDARD_PIPES, /* one more: it tells why exec failed */
    ALL_PIPES,
};

struct running_child {
    const struct child *child;
    pid_t pid;          /* also its process group */
    int fds[ALL_PIPES]; /* our ends; -1 when closed */
    size_t written;     /* of the input */
    struct child_result result;
};

static void child_close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* a pipe: nothing is lost */
    *fd = -1;
}

static void close_ends(int *fds)
{
    for (size_t i = 0; i < ALL_PIPES; i++)
        child_close_end(&fds[i]);
}

static int open_pipes(int *ours, int *theirs)
{
    for (size_t i = 0; i < ALL_PIPES; i++) {
        bool we_write = i == IN;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            return -1;
        ours[i] = ends[we_write];
        theirs[i] = ends[!we_write];
        /* The two ends have flags of their own: the program's ends block, as it expects. */
        if (i != STATUS && fcntl(ours[i], F_SETFL, O_NONBLOCK) < 0)
            return -1;
    }
    return 0;
}

/* It is not waited for yet, so that its number stays its own while signals are sent to it. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == pid;
}

static void wait_a_while(pid_t pid, int64_t while_ms, const struct clock *clock)
{
    int64_t deadline_ms = clock_now(clock) + while_ms;

    while (!has_ended(pid) && clock_left(clock, deadline_ms) > 0)
        clock->sleep_ms(clock->ctx, PAUSE_MS);
}

#if defined(__linux__)
/*
 * The warden: a process between this one and a program of which nothing may be left. Whatever that
 * starts, in whatever session, becomes the warden's own child when it is orphaned, and is killed
 * when the program has ended, or this process. Where /proc does not list children, only the
 * program's group is.
 */
static void warden_kill_children(void)
{
    char text[4096] = ""; /* more of them are killed the next time */
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    const char *next;

    for (const char *p = text; n > 0 && (next = strchr(p, ' ')) != NULL; p = next + 1)
        (void)kill((pid_t)strtoul(p, NULL, 10), SIGKILL);
    child_close_end(&fd);
}

/* Wait for all; *status is that of `pid`, and stays as it is if that does not end. */
static void warden_sweep(pid_t pid, int *status, const struct clock *clock)
{
    int64_t deadline_ms = clock_now(clock) + WARDEN_SWEEP_MS;
    pid_t ended;
    int each;

    (void)kill(-pid, SIGKILL);
    do {
        warden_kill_children();
        while ((ended = waitpid(-1, &each, WNOHANG)) > 0) {
            if (ended == pid)
                *status = each;
        }
        if (ended < 0)
            return;
        clock->sleep_ms(clock->ctx, PAUSE_MS);
    } while (clock_left(clock, deadline_ms) > 0);
}

/* As the program did. */
__attribute__((noreturn)) static void warden_end(int status)
{
    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    fork_reset_signals();
    (void)kill(getpid(), WTERMSIG(status));
    _exit(fork_exit_status(status));
}

/* SIGTERM comes from the process that waits for it, or because that has ended. */
__attribute__((noreturn)) static void warden_watch(pid_t pid, const sigset_t *awaited,
                                                   const struct clock *clock)
{
    int status = SIGKILL; /* as waitpid(2) has it */

    fork_close_range(0, UINT_MAX, false);
    while (!has_ended(pid) && sigwaitinfo(awaited, NULL) != SIGTERM)
        ;
    if (!has_ended(pid)) {
        (void)kill(-pid, SIGTERM);
        wait_a_while(pid, WARDEN_GRACE_MS, clock);
    }
    warden_sweep(pid, &status, clock);
    warden_end(status);
}

/* Returns 0 in the program-to-be, with a warden where there can be one, or -1 with errno set. */
static int stand_guard(const struct clock *clock)
{
    sigset_t awaited;
    pid_t pid;

    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return 0;
    (void)sigemptyset(&awaited);
    (void)sigaddset(&awaited, SIGCHLD);
    (void)sigaddset(&awaited, SIGTERM);
    /* A signal that is not blocked is not waited for, but lost. */
    if (sigprocmask(SIG_BLOCK, &awaited, NULL) < 0)
        return -1;
    pid = fork_child(SIGKILL);
    if (pid > 0)
        warden_watch(pid, &awaited, clock);
    if (pid < 0)
        return -1;
    (void)setsid(); /* cannot fail: see above */
    fork_reset_signals();
    return 0;
}
#else
static int stand_guard(const struct clock *clock)
{
    (void)clock;
    return 0;
}
#endif

/*
 * The child before exec. Only what is async-signal-safe, for libcurl may have threads. Our own
 * descriptors are close-on-exec anyhow; others are those that we were started with.
 */
static void child_become(const struct child *child, const int *theirs)
{
    int errnum;
    int in = child->input != NULL ? theirs[IN] : open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)setsid(); /* cannot fail: a new process leads no group */
    fork_reset_signals();
    if ((!child->ends_all || stand_guard(child->clock) == 0) &&
        (child->directory == NULL || chdir(child->directory) == 0) && in >= 0 &&
        dup2(in, STDIN_FILENO) >= 0 && dup2(theirs[OUT], STDOUT_FILENO) >= 0 &&
        dup2(theirs[ERR], STDERR_FILENO) >= 0) {
        fork_close_range(STDERR_FILENO + 1, UINT_MAX, true);
        (void)execve(child->path, (char *const *)(uintptr_t)child->argv, child->environment);
    }
    errnum = errno;
    /* An int into a pipe that is empty: written whole, or not at all (pipe(7), PIPE_BUF). */
    while (write(theirs[STATUS], &errnum, sizeof(errnum)) < 0 && errno == EINTR)
        ;
    _exit(EXIT_FAILURE);
}

/* Whether exec failed, and why: when it succeeds, it closes the pipe without a word. */
static bool has_failed(int fd, int *errnum)
{
    ssize_t n;

    do {
        n = read(fd, errnum, sizeof(*errnum));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(*errnum);
}

/* Returns 0, or -1 with errno set and nothing running. */
static int child_start(struct running_child *run)
{
    int theirs[ALL_PIPES] = {-1, -1, -1, -1};
    int errnum;

    run->pid = open_pipes(run->fds, theirs) == 0
                   ? fork_child(run->child->ends_all ? SIGTERM : SIGKILL)
                   : -1;
    errnum = errno;
    if (run->pid == 0)
        child_become(run->child, theirs);
    close_ends(theirs);
    if (run->child->input == NULL)
        child_close_end(&run->fds[IN]);
    if (run->pid > 0 && has_failed(run->fds[STATUS], &errnum)) {
        (void)waitpid(run->pid, NULL, 0);
        run->pid = -1;
    }
    child_close_end(&run->fds[STATUS]);
    errno = errnum;
    return run->pid < 0 ? -1 : 0;
}

static int child_fail(const struct running_child *run, const char *what, struct error *err)
{
    return error_set_errno(err, run->child->cls, errno, "cannot %s '%s'", what, run->child->path);
}

static bool is_passing(ssize_t n)
{
    return n >= 0 || errno == EAGAIN || errno == EINTR;
}

static int feed(struct running_child *run, struct error *err)
{
    const struct secret *input = run->child->input;
    ssize_t n = write(run->fds[IN], secret_text(input) + run->written, input->len - run->written);
    bool is_unread = n < 0 && errno == EPIPE; /* it reads no more; its status will say why */

    if (!is_unread && !is_passing(n))
        return child_fail(run, "write to", err);
    if (n > 0)
        run->written += (size_t)n;
    if (run->written == input->len || is_unread)
        child_close_end(&run->fds[IN]);
    return 0;
}

/* Read once, and keep `max` bytes at most of all that comes; *is_over tells that more came. */
static int drain(struct running_child *run, size_t pipe, struct secret *kept, size_t max,
                 bool *is_over, struct error *err)
{
    char block[READ_BLOCK];
    ssize_t n = read(run->fds[pipe], block, sizeof(block));
    size_t len = n > 0 ? (size_t)n : 0;
    size_t room = max - kept->len;
    int ret;

    if (!is_passing(n))
        return child_fail(run, "read from", err);
    if (n == 0)
        child_close_end(&run->fds[pipe]);
    *is_over = len > room;
    ret = secret_append(kept, block, *is_over ? room : len, max, err);
    explicit_bzero(block, sizeof(block));
    return ret;
}

/* Move what can be moved now, waiting up to `wait_ms` for that. */
static int child_exchange(struct running_child *run, int wait_ms, bool *is_flooded,
                          struct error *err)
{
    const int *fds = run->fds;
    struct pollfd polled[STANDARD_PIPES] = {
        [IN] = {.fd = fds[IN], .events = POLLOUT},
        [OUT] = {.fd = fds[OUT], .events = POLLIN},
        [ERR] = {.fd = fds[ERR], .events = POLLIN},
    };
    bool is_cut; /* error output may be as long as it likes */
    int ready = poll(polled, STANDARD_PIPES, wait_ms);

    if (ready < 0 && errno != EINTR)
        return child_fail(run, "wait for", err);
    if (ready <= 0)
        return 0;
    if (polled[IN].revents != 0 && feed(run, err) < 0)
        return -1;
    if (polled[ERR].revents != 0 &&
        drain(run, ERR, &run->result.errors, CHILD_ERRORS_MAX, &is_cut, err) < 0)
        return -1;
    if (polled[OUT].revents == 0)
        return 0;
    return drain(run, OUT, &run->result.output, CHILD_OUTPUT_MAX, is_flooded, err);
}

/* Until it has ended, or must be ended: *end tells. */
static int converse(struct running_child *run, enum child_end *end, struct error *err)
{
    const struct clock *clock = run->child->clock;
    int64_t deadline_ms = run->child->deadline_ms;
    bool is_flooded = false;

    *end = CHILD_LATE;
    while (!is_flooded) {
        bool is_open = run->fds[OUT] >= 0 || run->fds[ERR] >= 0;
        int64_t left;

        if (*end == CHILD_LATE && has_ended(run->pid)) {
            *end = CHILD_EXITED;
            if (run->child->ends_all)
                (void)kill(-run->pid, SIGKILL);
            deadline_ms = clock_now(clock) + LINGER_MS;
        }
        left = clock_left(clock, deadline_ms);
        if (left == 0 || (*end == CHILD_EXITED && !is_open))
            return 0;
        if (child_exchange(run,
                           !is_open         ? PAUSE_MS
                           : left < TICK_MS ? (int)left
                                            : TICK_MS,
                           &is_flooded, err) < 0)
            return -1;
    }
    *end = CHILD_FLOODED;
    return 0;
}

static void child_stop(const struct running_child *run)
{
    const struct clock *clock = run->child->clock;

    (void)kill(-run->pid, SIGTERM);
    wait_a_while(run->pid, run->child->ends_all ? WARDEN_STOP_MS : GRACE_MS, clock);
    (void)kill(-run->pid, SIGKILL); /* and what is left of its group, if it has ended */
    wait_a_while(run->pid, GRACE_MS, clock);
}

/* Take leave of it. One that even SIGKILL does not end (a dead file system) is not waited for. */
static int child_judge(struct running_child *run, enum child_end end, struct error *err)
{
    bool is_stopped = end != CHILD_EXITED;
    int status = 0;
    pid_t pid = waitpid(run->pid, &status, is_stopped ? WNOHANG : 0);

    run->result.end = end;
    if (is_stopped)
        return 0;
    if (pid < 0)
        return child_fail(run, "get the exit status of", err);
    if (WIFSIGNALED(status))
        run->result.end = CHILD_KILLED;
    run->result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

static int run_to_the_end(struct running_child *run, struct error *err)
{
    enum child_end end;
    int ret;

    if (child_start(run) < 0) {
        run->result = (struct child_result){.end = CHILD_UNSTARTED, .code = errno};
        return 0;
    }
    ret = converse(run, &end, err);
    if (ret < 0)
        end = CHILD_LATE;
    if (end != CHILD_EXITED)
        child_stop(run);
    return child_judge(run, end, err) < 0 ? -1 : ret;
}

int child_run(struct child_result *out, const struct child *child, struct error *err)
{
    struct running_child run = {
        .child = child, .fds = {-1, -1, -1, -1}, .result = CHILD_RESULT_INIT};
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    struct sigaction before;
    bool is_set;
    int ret;

    /* A process that was started with SIGCHLD ignored never learns how its children end. */
    is_set = sigaction(SIGCHLD, &by_default, &before) == 0;
    ret = run_to_the_end(&run, err);
    if (is_set)
        (void)sigaction(SIGCHLD, &before, NULL);
    close_ends(run.fds);
    if (ret == 0) {
        child_result_clear(out);
        *out = run.result;
        run.result = CHILD_RESULT_INIT; /* moved */
    }
    child_result_clear(&run.result);
    return ret;
}

void child_result_clear(struct child_result *result)
{
    secret_clear(&result->output);
    secret_clear(&result->errors);
    *result = CHILD_RESULT_INIT;
}
