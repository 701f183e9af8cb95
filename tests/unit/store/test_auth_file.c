#include "store/auth_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../nth.h"
#include "base/json.h"
#include "scripts.h"
#include "store/text/document.h"
#include "store/file/replace.h"
#include "storing.h"
#include "files.h"

#define AUTH "b2N0b2NhdDp0b2tlbg=="
#define NEW  "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"" AUTH "\"\n\t\t}\n\t}\n}\n"
#define HUB  "https://index.docker.io/v1/"
#define HELD "{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return nth_strikes() ? NULL : __real_malloc(size);
}

static int check(const char *path, struct error *err)
{
    struct secret auth = support_secret(AUTH);
    struct entry file = storing_entry(path, "ghcr.io", &auth);
    int ret;

    *err = ERROR_INIT;
    ret = storing_check(&file, err);
    secret_clear(&auth);
    return ret;
}

static int store_key(const char *path, const char *key, const char *auth_text, int64_t deadline_ms,
                     bool *changed, struct error *err)
{
    struct secret auth = support_secret(auth_text);
    struct entry file = storing_entry(path, key, &auth);
    struct warnings warnings = {.count = 0};
    int ret;

    *err = ERROR_INIT;
    ret = storing_store(&file, deadline_ms, changed, &warnings, err);
    secret_clear(&auth);
    return ret;
}

static int store(const char *path, bool *changed, struct error *err)
{
    return store_key(path, "ghcr.io", AUTH, support_in_ms(2000), changed, err);
}

static void assert_stored(const char *path, bool expected)
{
    struct error err;
    bool changed = !expected;

    assert_int_equal(store(path, &changed, &err), 0);
    assert_int_equal(changed, expected);
    assert_int_equal(err.cls, CLASS_NONE);
}

static void first_entry_makes_the_file(void **state)
{
    struct error err;

    (void)state;
    assert_int_equal(check("home/.docker/config.json", &err), 0);
    assert_int_equal(support_count("."), 0); /* looking makes nothing */
    assert_stored("home/.docker/config.json", true);
    assert_true(support_holds("home/.docker/config.json", NEW));
    assert_int_equal(support_mode("home/.docker/config.json"), 0600);
    assert_int_equal(support_mode("home/.docker"), 0700);
    assert_int_equal(support_count("home/.docker"), 1);
}

static void same_credential_writes_nothing(void **state)
{
    struct stat before;
    struct stat after;

    (void)state;
    assert_stored("config.json", true);
    before = support_stat("config.json");
    assert_stored("config.json", false);
    after = support_stat("config.json");
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

static void other_entries_stay(void **state)
{
    struct error err;
    bool changed;

    (void)state;
    support_write("config.json", "{\"psFormat\":\"x\",\"auths\":{\"a\":{}}}");
    assert_stored("config.json", true);
    assert_int_equal(
        store_key("config.json", "b:5000", "Yg==", support_in_ms(2000), &changed, &err), 0);
    assert_int_equal(
        store_key("config.json", "ghcr.io", "Yw==", support_in_ms(2000), &changed, &err), 0);
    assert_true(support_holds("config.json",
                              "{\"psFormat\":\"x\",\"auths\":{\"a\":{},\"ghcr.io\":{\"auth\":"
                              "\"Yw==\"},\"b:5000\":{\"auth\":\"Yg==\"}}}"));
}

static void empty_files_are_filled(void **state)
{
    (void)state;
    support_write("empty.json", "");
    support_write("blank.json", "\n \n");
    support_must(chmod("blank.json", 0640) == 0, "chmod");
    assert_stored("empty.json", true);
    assert_stored("blank.json", true);
    assert_true(support_holds("empty.json", NEW));
    assert_true(support_holds("blank.json", NEW));
    assert_int_equal(support_mode("blank.json"), 0640);
}

static void links_stay(void **state)
{
    (void)state;
    support_must(mkdir("real", 0700) == 0 && symlink("real/config.json", "link") == 0, "symlink");
    assert_stored("link", true);
    assert_true(S_ISLNK(support_stat("link").st_mode));
    assert_true(support_holds("real/config.json", NEW));
    assert_stored("real/config.json", false);
}

/* Neither looking nor storing changes what is there; both fail, and nothing is quoted. */
static void assert_refused(const char *path, const char *word)
{
    struct stat before = support_stat(path);
    struct stat after;
    struct error err;
    bool changed = true;

    (void)alarm(10); /* no refusal may wait for anything */
    for (int round = 0; round < 2; round++) {
        assert_int_equal(round == 0 ? check(path, &err) : store(path, &changed, &err), -1);
        assert_int_equal(err.cls, CLASS_AUTHFILE);
        assert_non_null(strstr(err.message, word));
        assert_non_null(strstr(err.message, path));
        assert_null(strstr(err.message, "c2VjcmV0"));
    }
    (void)alarm(0);
    assert_false(changed);
    after = support_stat(path);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void malformed_files_are_left_alone(void **state)
{
    static const char *const texts[] = {
        "{\"auths\":{\"a\":{\"auth\":\"c2VjcmV0\"}}",
        "{\"auths\":{},\"c2VjcmV0\":1,\"c2VjcmV0\":2}",
        "{} c2VjcmV0",
        "\xef\xbb\xbf{}",
        "[\"c2VjcmV0\"]",
        "{\"auths\":\"c2VjcmV0\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        support_write("config.json", texts[i]);
        assert_refused("config.json", "");
        assert_true(support_holds("config.json", texts[i]));
        assert_int_equal(support_count("."), 1);
    }
}

static void directories_are_refused(void **state)
{
    (void)state;
    support_must(mkdir("config.json", 0700) == 0, "mkdir");
    assert_refused("config.json", strerror(EISDIR));
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    support_must(mkfifo("fifo", 0600) == 0 && symlink("/dev/null", "null") == 0 &&
                     symlink("/dev/zero", "zero") == 0,
                 "mkfifo");
    assert_refused("fifo", "not a regular file");
    assert_refused("null", "");
    assert_refused("zero", "");
}

/* As nobody, in a directory that nobody may write. */
static int use_read_only_directory(void)
{
    struct error err;
    bool changed = true;

    if (check("held.json", &err) < 0 || store("held.json", &changed, &err) < 0 || changed)
        return 1;
    if (check("other.json", &err) == 0 || err.cls != CLASS_AUTHFILE || err.hint[0] == '\0')
        return 2;
    if (check("absent.json", &err) == 0 || err.cls != CLASS_AUTHFILE)
        return 3;
    if (store("other.json", &changed, &err) == 0 || err.cls != CLASS_AUTHFILE)
        return 4;
    return check("secret.json", &err) == 0 || err.cls != CLASS_AUTHFILE ? 5 : 0;
}

static void read_only_is_fine_where_nothing_is_due(void **state)
{
    (void)state;
    support_write("held.json", HELD);
    support_write("other.json", "{}");
    support_write("secret.json", HELD);
    support_must(chmod("held.json", 0444) == 0 && chmod("other.json", 0666) == 0 &&
                     chmod("secret.json", 0000) == 0 && chmod(".", 0555) == 0,
                 "chmod");
    assert_int_equal(support_in_child(true, use_read_only_directory), 0);
    support_must(chmod(".", 0700) == 0, "chmod");
    assert_int_equal(support_count("."), 3);
    assert_true(support_holds("other.json", "{}"));
}

static void helpers_stand_in_the_way(void **state)
{
    static const struct {
        const char *text;
        enum exit_class cls;
    } table[] = {
        {"{\"credsStore\":\"nobody-s\"}", CLASS_HELPER},
        {"{\"credHelpers\":{\"ghcr.io\":\"nobody-s\"}}", CLASS_HELPER},
        {"{\"credsStore\":\"nobody-s\",\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}",
         CLASS_HELPER},
        {"{\"credHelpers\":{\"ghcr.io\":\"\"},\"credsStore\":\"nobody-s\"}", CLASS_NONE},
        {"{\"credHelpers\":{\"gcr.io\":\"gcloud\"}}", CLASS_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct error err;
        bool changed;

        support_write("config.json", table[i].text);
        assert_int_equal(check("config.json", &err), table[i].cls == CLASS_NONE ? 0 : -1);
        assert_int_equal(err.cls, table[i].cls);
        if (err.cls == CLASS_NONE)
            continue;
        assert_non_null(strstr(err.hint, "--no-helper"));
        /* It may have gone since. */
        assert_int_equal(store("config.json", &changed, &err), -1);
        assert_int_equal(err.cls, table[i].cls);
        assert_false(changed);
    }
}

/* The limit is for waiting: where there is nothing to wait for, the entry is stored. */
static void deadline_is_for_waiting_only(void **state)
{
    struct error err;
    bool changed = false;

    (void)state;
    assert_int_equal(store_key("config.json", "ghcr.io", AUTH, support_in_ms(0), &changed, &err),
                     0);
    assert_true(changed);
    assert_int_equal(err.cls, CLASS_NONE);
    assert_true(support_holds("config.json", NEW));
}

/* A run that was killed behind the replacing has left its entry, and the temporary file. */
static void leftovers_go_also_when_nothing_changes(void **state)
{
    (void)state;
    support_write("config.json", HELD);
    support_write(".config.json.ghcr-login.aBc123", "{\"auths\":{}}");
    assert_stored("config.json", false);
    assert_int_equal(support_count("."), 1);
}

static void descriptors_are_closed(void **state)
{
    size_t before = support_count("/proc/self/fd");
    struct error err;
    bool changed;

    (void)state;
    assert_stored("config.json", true);
    assert_stored("config.json", false);
    support_write("config.json", "{");
    assert_int_equal(store("config.json", &changed, &err), -1);
    assert_int_equal(check("config.json", &err), -1);
    assert_int_equal(support_count("/proc/self/fd"), before);
}

/* What swap_in() says, before it is let do its work. */
static unsigned stale_rounds;
static void (*on_swap)(void);

enum swap_result __real_swap_in(int dir_fd, char *temporary, const char *name,
                                const struct stat *seen);
enum swap_result __wrap_swap_in(int dir_fd, char *temporary, const char *name,
                                const struct stat *seen);

enum swap_result __wrap_swap_in(int dir_fd, char *temporary, const char *name,
                                const struct stat *seen)
{
    if (on_swap != NULL)
        on_swap();
    on_swap = NULL;
    if (stale_rounds == 0)
        return __real_swap_in(dir_fd, temporary, name, seen);
    stale_rounds--;
    return SWAP_STALE;
}

static bool keeps_files; /* nothing can be removed */

int __real_unlinkat(int dir_fd, const char *name, int flags);
int __wrap_unlinkat(int dir_fd, const char *name, int flags);

int __wrap_unlinkat(int dir_fd, const char *name, int flags)
{
    if (!keeps_files)
        return __real_unlinkat(dir_fd, name, flags);
    errno = EROFS; /* as Linux has it, before it looks for the name */
    return -1;
}

static int store_and_warn(struct warnings *warnings, struct error *err)
{
    struct secret auth = support_secret(AUTH);
    struct entry file = {.owner = &reader_docker,
                         .reader = &reader_docker,
                         .path = "config.json",
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .auth = &auth};
    bool changed;
    int ret;

    *warnings = (struct warnings){.count = 0};
    *err = ERROR_INIT;
    ret = storing_store(&file, support_in_ms(2000), &changed, warnings, err);
    secret_clear(&auth);
    return ret;
}

static void warnings_are_given_once(void **state)
{
    struct warnings warnings;
    struct error err;

    (void)state;
    support_write("config.json", "{}");
    support_must(link("config.json", "other") == 0, "link");
    stale_rounds = 3;
    assert_int_equal(store_and_warn(&warnings, &err), 0);
    assert_int_equal(stale_rounds, 0);
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.items[0], "hard links"));
}

/* As ansible's docker_login does, within the tick of the clock in which it was read. */
static void write_at_the_same_time(void)
{
    struct stat st = support_stat("config.json");
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    int fd = open("config.json", O_WRONLY | O_CLOEXEC);

    support_must(fd >= 0 && pwrite(fd, "b", 1, 11) == 1 && futimens(fd, times) == 0 &&
                     close(fd) == 0,
                 "config.json");
}

static void one_length_and_time_do_not_make_one_text(void **state)
{
    struct warnings warnings;
    struct error err;
    struct secret text;

    (void)state;
    support_write("config.json", "{\"auths\":{\"a\":{}}}");
    on_swap = write_at_the_same_time;
    assert_int_equal(store_and_warn(&warnings, &err), 0);
    text = support_read("config.json");
    assert_non_null(strstr(secret_text(&text), "{\"auths\":{\"b\":{},\"ghcr.io\":"));
    assert_int_equal(support_count("."), 1);
    secret_clear(&text);
}

static void what_cannot_be_removed_is_named(void **state)
{
    struct warnings warnings;
    struct error err;
    int ret;

    (void)state;
    support_write("config.json", "{}");
    keeps_files = true;
    ret = store_and_warn(&warnings, &err);
    keeps_files = false;
    assert_int_equal(ret, 0);
    assert_int_equal(support_count("."), 2);
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.items[0], "'./.config.json.ghcr-login."));
    assert_non_null(strstr(warnings.items[0], "could not be removed"));
}

static void add_a_helper(void)
{
    support_replace("config.json", "{\"credsStore\":\"pass\"}");
}

/* Its user may have run `docker login` with a helper while the registry was asked. */
static void helper_that_comes_in_between_is_seen(void **state)
{
    struct warnings warnings;
    struct error err;

    (void)state;
    support_write("config.json", "{}");
    on_swap = add_a_helper;
    assert_int_equal(store_and_warn(&warnings, &err), -1);
    assert_int_equal(err.cls, CLASS_HELPER);
    assert_true(support_holds("config.json", "{\"credsStore\":\"pass\"}"));
}

static void point_elsewhere(void)
{
    support_must(unlink("config.json") == 0 && symlink("two", "config.json") == 0, "symlink");
}

/* Its user may point the link elsewhere meanwhile: that file is to have the entry then. */
static void link_that_is_pointed_elsewhere_is_followed(void **state)
{
    struct warnings warnings;
    struct error err;

    (void)state;
    support_write("one", "{}");
    support_write("two", "{}");
    support_must(symlink("one", "config.json") == 0, "symlink");
    on_swap = point_elsewhere;
    if (store_and_warn(&warnings, &err) < 0)
        fail_msg("%s", err.message);
    assert_null(on_swap);
    assert_false(support_holds("two", "{}"));
    assert_int_equal(support_count("."), 3);
}

static void file_that_would_grow_too_long_is_refused(void **state)
{
    char *text = malloc(DOCUMENT_MAX);
    struct error err;
    bool changed;

    (void)state;
    support_must(text != NULL, "malloc");
    memset(text, ' ', DOCUMENT_MAX);
    memcpy(text, "{}", 2);
    support_write_bytes("config.json", text, DOCUMENT_MAX);
    free(text);
    for (int round = 0; round < 2; round++) { /* known before a token is sent */
        err = ERROR_INIT;
        changed = false;
        assert_int_equal(
            round == 0 ? check("config.json", &err) : store("config.json", &changed, &err), -1);
        assert_int_equal(err.cls, CLASS_AUTHFILE);
        assert_non_null(strstr(err.message, "'config.json' would be longer than"));
        assert_non_null(strstr(err.hint, "remove entries"));
        assert_false(changed);
    }
    assert_int_equal(support_stat("config.json").st_size, DOCUMENT_MAX);
}

static int remove_all(struct error *err)
{
    struct entry file = {.owner = &reader_docker,
                         .reader = &reader_docker,
                         .path = "config.json",
                         .username = "octocat",
                         .clock = clock_system(),
                         .deadline_ms = support_in_ms(SCRIPTS_PATIENCE_MS)};
    struct auth_file_result result;
    struct warnings warnings = {.count = 0};

    *err = ERROR_INIT;
    return auth_file_remove(&file, false, &result, &warnings, err);
}

/* A removal from that text; returns whether an allocation failed. */
static bool remove_without_memory(unsigned n, const char *text, const char *gone)
{
    struct error err;
    int ret;

    support_write("held", "");
    support_write("config.json", text);
    nth_arm(n);
    ret = remove_all(&err);
    if (!nth_disarm())
        assert_int_equal(ret, 0);
    /* Some looks are taken again. */
    assert_int_equal(err.cls, ret == 0 ? CLASS_NONE : CLASS_INTERNAL);
    assert_true(ret < 0 || support_holds("config.json", gone));
    return nth.count >= n;
}

/* Whichever allocation fails: it is not taken for an entry that is nobody's. */
static void removal_without_memory_is_an_error(void **state)
{
    static const char text[] = "{\"auths\":{\"quay.io\":{\"auth\":\"" AUTH "\"}}}";
    static const char gone[] = "{\"auths\":{}}";
    struct error err;

    (void)state;
    for (unsigned n = 1; remove_without_memory(n, text, gone); n++) {
        assert_int_equal(remove_all(&err), 0);
        assert_true(support_holds("config.json", gone));
    }
}

static void removal_from_a_helper_without_memory_is_an_error(void **state)
{
    char path[PATH_MAX + 32];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", support_dir);
    support_must(setenv("PATH", path, 1) == 0, "setenv");
    scripts_make("docker-credential-x",
                 "[ $1 = get ] || exec rm held\n[ -e held ] || { echo credentials not found in "
                 "native keychain; exit 1; }\necho '{\"Username\":\"octocat\",\"Secret\":\"x\"}'");
    /* A key that is tried under one name alone. */
    for (unsigned n = 1;
         remove_without_memory(n, "{\"credsStore\":\"x\",\"auths\":{\"" HUB "\":{}}}",
                               "{\"credsStore\":\"x\",\"auths\":{}}");
         n++)
        ;
    assert_int_not_equal(access("held", F_OK), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(first_entry_makes_the_file),
        IN_DIRECTORY(same_credential_writes_nothing),
        IN_DIRECTORY(other_entries_stay),
        IN_DIRECTORY(empty_files_are_filled),
        IN_DIRECTORY(links_stay),
        IN_DIRECTORY(malformed_files_are_left_alone),
        IN_DIRECTORY(directories_are_refused),
        IN_DIRECTORY(what_is_no_file_is_refused),
        IN_DIRECTORY(read_only_is_fine_where_nothing_is_due),
        IN_DIRECTORY(helpers_stand_in_the_way),
        IN_DIRECTORY(deadline_is_for_waiting_only),
        IN_DIRECTORY(leftovers_go_also_when_nothing_changes),
        IN_DIRECTORY(descriptors_are_closed),
        IN_DIRECTORY(warnings_are_given_once),
        IN_DIRECTORY(one_length_and_time_do_not_make_one_text),
        IN_DIRECTORY(what_cannot_be_removed_is_named),
        IN_DIRECTORY(helper_that_comes_in_between_is_seen),
        IN_DIRECTORY(link_that_is_pointed_elsewhere_is_followed),
        IN_DIRECTORY(file_that_would_grow_too_long_is_refused),
        IN_DIRECTORY(removal_without_memory_is_an_error),
        IN_DIRECTORY(removal_from_a_helper_without_memory_is_an_error),
    };

    json_init();
    (void)signal(SIGPIPE, SIG_IGN); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
