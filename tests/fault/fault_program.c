/*
 * The whole program with the N-th call of every kind failing, for N = 1, 2, ... until the last.
 * Whatever fails: it ends, with a status that tells success from failure, and says what failed in
 * one line; every file is the old one or the new one, whole, and no other is left, nor a process;
 * no secret is shown. Built with the address sanitizer, no memory is lost either; as a run then
 * takes ten times as long, every ninth is walked there (GHCR_LOGIN_FAULT_STRIDE).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "inject.h"
#include "program.h"
#include "registry.h"
#include "scenes.h"
#include "unit/store/files.h"
#include "verdict.h"

enum { USER = 1234 /* in the scenes */, REPEATS_MOST = 40 };

static struct verdict_norm norm;
static unsigned counts[INJECT_CALLS];

static unsigned port;
static unsigned part; /* of the failing calls, which this program walks: of `parts` */
static unsigned parts = 1;
static unsigned stride = 1; /* of each call, every how many fails */
static unsigned wrongs;
static unsigned runs;

/* The sanitizers' verdict must not be taken for the program's own. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "exitcode=99";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "exitcode=99";
}

static const char *lead_here(const char *url)
{
    static char here[PATH_MAX];
    const char *path = strstr(url, "://");

    path = path != NULL ? strchr(path + 3, '/') : NULL;
    (void)snprintf(here, sizeof(here), "http://127.0.0.1:%u%s", port, path != NULL ? path : "");
    return here;
}

static void make_directories(const char *path, unsigned owner)
{
    char dir[PATH_MAX];

    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
        support_must(mkdir(dir, 0700) == 0 || errno == EEXIST, dir);
        support_must(owner == 0 || chown(dir, owner, owner) == 0, dir);
    }
}

static void set_scene(const struct scene *scene)
{
    (void)support_teardown(NULL);
    support_must(mkdir(support_dir, 0755) == 0 && chdir(support_dir) == 0, "mkdir");
    support_must(mkdir("home", 0700) == 0 && mkdir("run", 0700) == 0, "mkdir");
    for (size_t i = 0; i < SCENE_FILES_MAX && scene->files[i].path != NULL; i++) {
        const struct scene_file *file = &scene->files[i];

        make_directories(file->path, file->owner);
        support_write(file->path, file->text);
        support_must(file->mode == 0 || chmod(file->path, file->mode) == 0, file->path);
    }
    registry_set(scene->mood, false);
}

static void run(struct program_end *end, const struct scene *scene,
                const struct inject_fault *fault)
{
    set_scene(scene);
    program_run(end, &scene->start, fault);
    runs++;
}

static void walk_one(const struct scene *scene, const struct inject_fault *fault)
{
    static struct program_end end;
    const char *wrong;
    const char *path;

    /* Every scene is shared out: one takes as long as many others. */
    if (((fault->nth - 1) / stride + (unsigned)fault->call) % parts != part)
        return;
    run(&end, scene, fault);
    wrong = verdict_of(scene, &norm, fault, &end, &path);
    if (wrong == NULL)
        return;
    print_error("%s, %s number %u, %d, way %d: %s%s%s (status %x)\n%s%s", scene->name,
                inject_name(fault->call), fault->nth, fault->errnum, (int)fault->how, wrong,
                path != NULL ? ": " : "", path != NULL ? path : "", (unsigned)end.status, end.out,
                end.err);
    wrongs++;
}

/* Other ways to fail that have other consequences. */
static const struct {
    enum inject_call call;
    int errnum;
} ways[] = {
    {INJECT_read, EINTR},
    {INJECT_write, EINTR},
    {INJECT_poll, ENOMEM},
    {INJECT_execve, EACCES},
    {INJECT_execvp, ENOENT},
    {INJECT_openat, EMFILE},
    {INJECT_open, EACCES},
    {INJECT_curl_easy_perform, CURLE_OUT_OF_MEMORY},
    {INJECT_curl_easy_perform, CURLE_OPERATION_TIMEDOUT},
    {INJECT_curl_easy_perform, CURLE_PEER_FAILED_VERIFICATION},
    {INJECT_curl_easy_perform, CURLE_SSL_CONNECT_ERROR},
    {INJECT_curl_easy_perform, CURLE_RECV_ERROR},
    {INJECT_curl_easy_perform, CURLE_GOT_NOTHING},
    {INJECT_curl_url_set, CURLUE_MALFORMED_INPUT},
};

static void walk_call(const struct scene *scene, enum inject_call call)
{
    struct inject_fault fault = {.call = call, .errnum = inject_errnum(call)};

    for (fault.nth = 1; fault.nth <= counts[call]; fault.nth += stride)
        walk_one(scene, &fault);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct inject_fault other = {.call = call, .errnum = ways[i].errnum};

        for (other.nth = 1; ways[i].call == call && other.nth <= counts[call]; other.nth += stride)
            walk_one(scene, &other);
    }
    fault.nth = 1;
    fault.how = INJECT_EVER;
    /* What is interrupted is tried again for ever; what is never removed litters other places. */
    if (counts[call] > 1 && fault.errnum != EINTR && call != INJECT_rmdir)
        walk_one(scene, &fault);
}

/* The processor's time, of this process and of what it has waited for. */
static int64_t used_ms(void)
{
    struct rusage own;
    struct rusage children;

    support_must(getrusage(RUSAGE_SELF, &own) == 0 && getrusage(RUSAGE_CHILDREN, &children) == 0,
                 "getrusage");
    timeradd(&own.ru_utime, &own.ru_stime, &own.ru_utime);
    timeradd(&children.ru_utime, &children.ru_stime, &children.ru_utime);
    timeradd(&own.ru_utime, &children.ru_utime, &own.ru_utime);
    return (int64_t)own.ru_utime.tv_sec * 1000 + own.ru_utime.tv_usec / 1000;
}

static void walk_scene(const struct scene *scene)
{
    static const enum inject_call endless[] = {INJECT_readdir, INJECT_waitpid, INJECT_waitid,
                                               INJECT_nanosleep, INJECT_poll};
    const struct inject_fault none = {.call = INJECT_CALLS};
    unsigned begin = runs;
    int64_t begin_ms = used_ms();

    set_scene(scene);
    snapshot_take(&norm.before);
    run(&norm.end, scene, &none);
    snapshot_take(&norm.after);
    for (enum inject_call call = 0; call < INJECT_CALLS; call++) {
        counts[call] = inject_count(call);
        if (scene->most != 0 && counts[call] > scene->most)
            counts[call] = scene->most;
    }
    /* What stands in the machine's own directories for temporary files is looked through; and as
     * sleep takes no time here, a busy machine has a process looked after very often. */
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        if (counts[endless[i]] > REPEATS_MOST)
            counts[endless[i]] = REPEATS_MOST;
    }
    if (!WIFEXITED(norm.end.status) || WEXITSTATUS(norm.end.status) != scene->status)
        fail_msg("%s: status %x\n%s%s", scene->name, (unsigned)norm.end.status, norm.end.out,
                 norm.end.err);
    for (enum inject_call call = 0; call < INJECT_CALLS; call++) {
        if (scene->only == NULL || strcmp(scene->only, inject_name(call)) == 0)
            walk_call(scene, call);
    }
    print_message("%s: %u runs, %lld ms\n", scene->name, runs - begin,
                  (long long)(used_ms() - begin_ms));
}

static void every_failing_call_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < scenes_count; i++)
        walk_scene(&scenes[i]);
    print_message("%u runs\n", runs);
    assert_int_equal(wrongs, 0);
}

static int setup(void **state)
{
    static char home[PATH_MAX + 8];
    static char name[] = "octo";
    static struct passwd user = {.pw_name = name, .pw_uid = USER, .pw_gid = USER, .pw_dir = home};

    (void)support_setup(state);
    (void)snprintf(home, sizeof(home), "%s/home", support_dir);
    inject_user = &user;
    inject_url = lead_here;
    port = registry_start();
    program_init();
    return 0;
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_failing_call_is_told, setup, support_teardown),
    };
    char name[64];
    int failed;

    if (argc >= 3) {
        part = (unsigned)strtoul(argv[1], NULL, 10);
        parts = (unsigned)strtoul(argv[2], NULL, 10);
    }
    if (argc == 4)
        stride = (unsigned)strtoul(argv[3], NULL, 10);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)snprintf(name, sizeof(name), "fault_program_%u", part);
    inject_report(name);
    return failed;
}
