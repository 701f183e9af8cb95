/*
 * The whole program for the targets that run it: main() of src/main.c (program_main() here), in a
 * home of its own in memory, with no helper on PATH and, by --no-verify, no network. All that a run
 * says is kept and judged: one JSON object on standard output, and a status that a user may meet.
 */
#ifndef TESTS_FUZZ_PROGRAM_H
#define TESTS_FUZZ_PROGRAM_H

#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

int program_main(int argc, char *argv[]);

/* The home and the files there: docker's, podman's two, and one that a test may name. */
static char home[PATH_MAX];
static char docker_file[PATH_MAX];
static char podman_file[PATH_MAX];
static char persistent_file[PATH_MAX];
static char other_file[PATH_MAX];

static inline void set_path(char path[PATH_MAX], const char *dir, const char *name)
{
    must(snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX);
}

/* The directories of the auth files. */
static inline void make_directories(void)
{
    static const char *const names[] = {".docker", "containers", ".config", ".config/containers"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        set_path(path, home, names[i]);
        must(mkdir(path, 0700) == 0);
    }
}

/* It must hold nothing but the files. */
static inline void remove_home(void)
{
    static const char *const names[] = {".docker", "containers", ".config/containers", ".config"};
    char path[PATH_MAX];

    (void)unlink(other_file);
    (void)unlink(docker_file);
    (void)unlink(podman_file);
    (void)unlink(persistent_file);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        set_path(path, home, names[i]);
        must(rmdir(path) == 0);
    }
    must(rmdir(home) == 0);
}

/* The next run finds nothing. */
static inline void tidy_home(void)
{
    remove_home();
    must(mkdir(home, 0700) == 0);
    make_directories();
}

/* What the environment says of this machine must not count. Once, first of all. */
static inline void enter_home(void)
{
    const char *below = getenv("TMPDIR");

    if (home[0] != '\0')
        return;
    set_path(home, below != NULL ? below : "/tmp", "fuzz-XXXXXX");
    must(mkdtemp(home) != NULL && atexit(remove_home) == 0 && clearenv() == 0);
    make_directories();
    set_path(docker_file, home, ".docker/config.json");
    set_path(podman_file, home, "containers/auth.json");
    set_path(persistent_file, home, ".config/containers/auth.json");
    set_path(other_file, home, "ghcr-token");
    must(setenv("HOME", home, 1) == 0 && setenv("XDG_RUNTIME_DIR", home, 1) == 0);
    must(setenv("PATH", "/nowhere", 1) == 0);
}

static inline void write_file(const char *path, const struct secret *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    must(fd >= 0 && io_write_all(fd, secret_text(text), text->len) == 0 && close(fd) == 0);
}

/* To be cleared; of a file that is not there: data NULL. */
static inline struct secret read_file(const char *path)
{
    struct io_input input = {.name = path, .cls = CLASS_AUTHFILE, .max = SIZE_MAX / 2};
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    int fault = 0;

    must(io_read_path(&text, path, &input, &fault, &err) == 0 || fault == ENOENT);
    return text;
}

static inline bool has_text(const char *path, const struct secret *text)
{
    struct secret now = read_file(path);
    bool is_same = secret_is_equal(&now, text);

    secret_clear(&now);
    return is_same;
}

struct program_end {
    enum exit_class status;
    char *printed; /* on standard output, and what it says */
    json_t *json;
    char *said; /* on standard error */
};

static inline void run_clear(struct program_end *run)
{
    json_decref(run->json);
    free(run->printed);
    free(run->said);
    *run = (struct program_end){.status = CLASS_NONE};
}

static inline bool run_is(const struct program_end *run, const char *result)
{
    return strcmp(json_string_value(json_object_get(run->json, "result")), result) == 0;
}

/* Lines that a terminal shows and does not obey. */
static inline void check_said(char *said)
{
    for (char *end; (end = strchr(said, '\n')) != NULL; said = end + 1) {
        *end = '\0';
        must(is_shown(said));
        *end = '\n';
    }
    must(said[0] == '\0');
}

static jmp_buf ended;

/* main() ends the process, which is to see many runs. */
void __wrap_process_end(int status) __attribute__((noreturn));
void __wrap_process_end(int status)
{
    longjmp(ended, status + 1);
}

static inline int run_main(int argc, char *argv[])
{
    int status = setjmp(ended);

    return status > 0 ? status - 1 : program_main(argc, argv);
}

/* "ghcr-login" with --json and these words, the last NULL. To be released with run_clear(). */
static inline struct program_end program_run(const char *const *words)
{
    char *argv[24] = {strdup("ghcr-login")};
    FILE *streams[] = {stdout, stderr};
    struct program_end run = {.status = CLASS_NONE};
    size_t printed_len;
    size_t said_len;
    int argc = 1;

    for (; *words != NULL; words++)
        argv[argc++] = strdup(*words);
    argv[argc++] = strdup("--json");
    stdout = open_memstream(&run.printed, &printed_len);
    stderr = open_memstream(&run.said, &said_len);
    must(stdout != NULL && stderr != NULL);
    run.status = (enum exit_class)run_main(argc, argv);
    must(fclose(stdout) == 0 && fclose(stderr) == 0);
    stdout = streams[0];
    stderr = streams[1];
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* or no leak checker can look */
    while (argc > 0)
        free(argv[--argc]);

    run.json = json_loads(run.printed, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(run.json) && strchr(run.printed, '\n') == run.printed + printed_len - 1);
    must(json_is_object(json_object_get(run.json, "error")) == (run.status != CLASS_NONE));
    check_said(run.said);
    return run;
}

#endif
