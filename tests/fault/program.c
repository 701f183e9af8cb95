#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <curl/curl.h>

#include "unit/store/files.h"

enum { WORDS_MAX = 32, PATIENCE_MS = 60000, LEAVE_MS = 5000 };

int program_main(int argc, char *argv[]);

static int out_fd;
static int err_fd;

void program_init(void)
{
    out_fd = memfd_create("out", MFD_CLOEXEC);
    err_fd = memfd_create("err", MFD_CLOEXEC);
    support_must(out_fd >= 0 && err_fd >= 0, "memfd_create");
    /* What a child's child leaves behind is ours then, and can be seen. */
    support_must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "prctl");
    /* The TLS library takes long to set itself up; every run is born with that. */
    support_must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "curl_global_init");
    curl_global_cleanup();
}

static int split(char *text, char *words[WORDS_MAX])
{
    int count = 0;

    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    return count;
}

/* A place below the working directory. */
static void set_place(const char *name, const char *below, const char *more)
{
    char value[PATH_MAX + 64];
    char here[PATH_MAX];

    support_must(getcwd(here, sizeof(here)) != NULL, "getcwd");
    (void)snprintf(value, sizeof(value), "%s%s%s", here, below, more);
    support_must(setenv(name, value, 1) == 0, "setenv");
}

static void set_environment(const char *given)
{
    static char text[PATH_MAX];
    char *words[WORDS_MAX];

    support_must(clearenv() == 0, "clearenv");
    set_place("PATH", "/bin", ":/usr/bin:/bin");
    set_place("HOME", "/home", "");
    set_place("XDG_RUNTIME_DIR", "/run", "");
    (void)snprintf(text, sizeof(text), "%s", given != NULL ? given : "");
    (void)split(text, words);
    for (size_t i = 0; words[i] != NULL; i++)
        support_must(putenv(words[i]) == 0, "putenv");
}

static int open_input(const char *input)
{
    int ends[2];

    if (input == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    support_must(pipe2(ends, O_CLOEXEC) == 0 &&
                     write(ends[1], input, strlen(input)) == (ssize_t)strlen(input) &&
                     close(ends[1]) == 0,
                 "pipe2");
    return ends[0];
}

static void set_descriptors(const struct program_start *start)
{
    int out = start->output != NULL ? open(start->output, O_WRONLY | O_CLOEXEC) : out_fd;

    support_must(dup2(open_input(start->input), STDIN_FILENO) >= 0 &&
                     dup2(out, STDOUT_FILENO) >= 0 && dup2(err_fd, STDERR_FILENO) >= 0,
                 "dup2");
    for (int fd = STDIN_FILENO; start->is_closed && fd <= STDERR_FILENO; fd++)
        (void)close(fd);
}

/* cmocka would take a crash for a test that failed, and go on. */
static void let_crash(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        support_must(signal(numbers[i], SIG_DFL) != SIG_ERR, "signal");
}

static void become(const struct program_start *start, const struct inject_fault *fault)
{
    static char text[PATH_MAX];
    char *argv[WORDS_MAX];
    int argc;

    support_must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "prctl");
    let_crash();
    set_environment(start->environment);
    (void)snprintf(text, sizeof(text), "%s %s",
                   start->program != NULL ? start->program : "ghcr-login", start->arguments);
    argc = split(text, argv);
    set_descriptors(start);
    inject_pace = start->pace != 0 ? start->pace : 1;
    inject_arm(fault, start->missing_errnum != 0 ? start->missing : INJECT_CALLS,
               start->missing_errnum);
    argc = program_main(argc, argv);
    (void)inject_disarm();
    exit(argc);
}

/* Returns whether the child had to be killed. */
static bool wait_for(pid_t child, int *status)
{
    struct pollfd polled = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    bool is_late;

    support_must(polled.fd >= 0, "pidfd_open");
    is_late = poll(&polled, 1, PATIENCE_MS) == 0;
    if (is_late)
        (void)kill(child, SIGKILL);
    support_must(waitpid(child, status, 0) == child && close(polled.fd) == 0, "waitpid");
    return is_late;
}

/* What was started and not waited for has a moment to end. */
static bool is_process_left(void)
{
    int64_t deadline_ms = support_in_ms(LEAVE_MS);
    pid_t ended;

    while ((ended = waitpid(-1, NULL, WNOHANG)) >= 0) {
        if (ended == 0 && clock_left(clock_system(), deadline_ms) == 0)
            return true;
        if (ended == 0)
            clock_system()->sleep_ms(NULL, 1);
    }
    return false;
}

static void take(int fd, char text[PROGRAM_OUTPUT_MAX])
{
    ssize_t n = pread(fd, text, PROGRAM_OUTPUT_MAX, 0);

    support_must(n >= 0 && n < PROGRAM_OUTPUT_MAX, "pread");
    text[n] = '\0';
    support_must(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0, "ftruncate");
}

void program_run(struct program_end *end, const struct program_start *start,
                 const struct inject_fault *fault)
{
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    support_must(child >= 0, "fork");
    if (child == 0)
        become(start, fault);
    end->is_late = wait_for(child, &end->status);
    end->has_left_process = is_process_left();
    take(out_fd, end->out);
    take(err_fd, end->err);
}
