/*
 * Many processes at once, each storing into one file; and a peer among them that knows no lock and
 * replaces the file as docker does: read, add an entry, write beside, put in place.
 */
#include "store/auth_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "base/json.h"
#include "unit/store/documents.h"
#include "unit/store/storing.h"
#include "unit/store/files.h"

#define PATH "home/config.json"

enum {
    RUNS = 200,
    LIMIT_MS = 60000,
    PEER_ENTRIES_MAX = 100000,
};

/* What the processes tell each other. */
struct board {
    volatile bool go;
    volatile bool enough;
    bool displaced[RUNS]; /* entries that the peer has written over */
    int64_t round_ms;     /* what one run takes when it is alone */
    unsigned peer_rounds;
    unsigned peer_missing;  /* its own entries, gone */
    unsigned peer_glimpses; /* gone only while a swap was under way */
};

static struct board *board;

static void name_key(char key[32], unsigned number)
{
    (void)snprintf(key, 32, "host%u.example", number);
}

static void name_peer_key(char key[32], unsigned number)
{
    (void)snprintf(key, 32, "peer%u.example", number);
}

/* base64 of no importance, another for each number */
static struct secret auth_of(unsigned number)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%08u", number);
    return support_secret(text);
}

static int store(unsigned key_number, unsigned auth_number)
{
    struct secret auth = auth_of(auth_number);
    struct warnings warnings = {.count = 0};
    struct error err = ERROR_INIT;
    bool changed;
    char key[32];
    struct entry file = {.owner = &reader_docker,
                         .reader = &reader_docker,
                         .path = PATH,
                         .key = key,
                         .registry = key,
                         .auth = &auth};
    int ret;

    name_key(key, key_number);
    ret = storing_store(&file, support_in_ms(LIMIT_MS), &changed, &warnings, &err);
    if (ret != 0)
        print_error("run %u: %s\n", auth_number, err.message);
    secret_clear(&auth);
    return ret;
}

static json_t *parse(const struct secret *text)
{
    return json_loadb(secret_text(text), text->len, JSON_REJECT_DUPLICATES, NULL);
}

static bool has_key(const json_t *root, const char *key)
{
    return json_object_get(json_object_get(root, "auths"), key) != NULL;
}

static json_t *read_file(void)
{
    struct secret text = support_read(PATH);
    json_t *root = parse(&text);

    secret_clear(&text);
    return root;
}

/* Start all, let them go at once, and wait. Returns the milliseconds it took; none may fail. */
static int64_t race(bool one_key)
{
    pid_t children[RUNS];
    unsigned failed = 0;
    int64_t begin;

    board->go = false;
    (void)fflush(NULL);
    for (unsigned i = 0; i < RUNS; i++) {
        children[i] = fork();
        support_must(children[i] >= 0, "fork");
        if (children[i] == 0) {
            while (!board->go)
                (void)usleep(1000);
            _exit(store(one_key ? 0 : i, i) == 0 ? 0 : 1);
        }
    }
    begin = support_in_ms(0);
    board->go = true;
    for (unsigned i = 0; i < RUNS; i++) {
        int status;

        support_must(waitpid(children[i], &status, 0) == children[i], "waitpid");
        failed += status != 0;
    }
    assert_int_equal(failed, 0);
    return support_in_ms(0) - begin;
}

static void every_key_is_there(void **state)
{
    int64_t ms = race(false);
    json_t *root = read_file();
    char key[32];

    (void)state;
    print_message("%d runs at once, a key each: %lld ms\n", RUNS, (long long)ms);
    assert_int_equal(json_object_size(json_object_get(root, "auths")), RUNS);
    for (unsigned i = 0; i < RUNS; i++) {
        name_key(key, i);
        assert_true(has_key(root, key));
    }
    json_decref(root);
    assert_int_equal(support_count("home"), 1);
    assert_int_equal(support_mode(PATH), 0600);
    assert_in_range(ms, 0, LIMIT_MS / 2);
}

static void one_key_is_whole(void **state)
{
    int64_t ms = race(true);
    json_t *root = read_file();
    const json_t *entry = json_object_get(json_object_get(root, "auths"), "host0.example");
    const char *auth = json_string_value(json_object_get(entry, "auth"));

    (void)state;
    print_message("%d runs at once, one key: %lld ms, the last was %s\n", RUNS, (long long)ms,
                  auth != NULL ? auth : "none");
    assert_int_equal(json_object_size(json_object_get(root, "auths")), 1);
    assert_non_null(auth);
    assert_int_equal(strlen(auth), 8);
    assert_in_range(strtol(auth, NULL, 10), 0, RUNS - 1);
    json_decref(root);
    assert_int_equal(support_count("home"), 1);
}

/* Whether one of the peer's own entries is gone. */
static bool misses_own(const struct secret *text, unsigned entries)
{
    json_t *root = parse(text);
    bool misses = root == NULL;
    char key[32];

    for (unsigned i = 0; !misses && i < entries; i++) {
        name_peer_key(key, i);
        misses = !has_key(root, key);
    }
    json_decref(root);
    return misses;
}

/* A text in which none is gone; what a swap shows for microseconds is looked at twice. */
static struct secret peer_read(unsigned entries)
{
    struct secret text = support_read(PATH);

    for (int look = 0; misses_own(&text, entries); look++) {
        if (look == 20) {
            board->peer_missing++;
            break;
        }
        board->peer_glimpses++;
        (void)usleep(500);
        secret_clear(&text);
        text = support_read(PATH);
    }
    return text;
}

/* Note what stood in the place and is not in the peer's own text. */
static void note_displaced(const char *path, const struct secret *written)
{
    struct secret text = support_read(path);
    json_t *before = parse(&text);
    json_t *after = parse(written);
    char key[32];

    for (unsigned i = 0; i < RUNS; i++) {
        name_key(key, i);
        if (has_key(before, key) && !has_key(after, key))
            board->displaced[i] = true;
    }
    json_decref(before);
    json_decref(after);
    secret_clear(&text);
}

/*
 * As docker does. Only that it exchanges where docker renames: to the file's other users that is
 * the same, and the peer learns what it has written over.
 */
static void peer_round(unsigned entries)
{
    struct secret text = peer_read(entries);
    struct secret edited = SECRET_INIT;
    struct secret auth = auth_of(entries);
    struct error err = ERROR_INIT;
    bool changed;
    char key[32];

    name_peer_key(key, entries);
    support_must(documents_edit(&edited, &text, "",
                                &(struct document_edit){DOCUMENT_STORE, key, &auth}, &changed,
                                &err) == 0,
                 err.message);
    (void)unlink("peer.json"); /* not to write into what others still read */
    support_write("peer.json", secret_text(&edited));
    support_must(renameat2(AT_FDCWD, "peer.json", AT_FDCWD, PATH, RENAME_EXCHANGE) == 0, "rename");
    note_displaced("peer.json", &edited);
    secret_clear(&text);
    secret_clear(&edited);
    secret_clear(&auth);
}

static pid_t start_peer(void)
{
    pid_t peer;

    (void)fflush(NULL);
    peer = fork();
    support_must(peer >= 0, "fork");
    if (peer == 0) {
        while (!board->enough && board->peer_rounds < PEER_ENTRIES_MAX) {
            peer_round(board->peer_rounds);
            board->peer_rounds++;
            /* far busier than any docker, but not so that nobody else has a turn */
            (void)usleep((useconds_t)(rand() % (4 * (board->round_ms + 1) * 1000)));
        }
        _exit(0);
    }
    return peer;
}

static void a_peer_without_lock_loses_nothing_by_us(void **state)
{
    unsigned by_peer = 0;
    unsigned by_us = 0;
    json_t *root;
    int64_t ms;
    pid_t peer;
    int status;

    (void)state;
    support_must(mkdir("home", 0700) == 0, "mkdir");
    support_write(PATH, "{}");
    board->round_ms = support_in_ms(0);
    assert_int_equal(store(0, 0), 0);
    board->round_ms = support_in_ms(0) - board->round_ms;
    peer = start_peer();
    ms = race(false);
    board->enough = true;
    support_must(waitpid(peer, &status, 0) == peer, "waitpid");
    assert_int_equal(status, 0);
    root = read_file();
    for (unsigned i = 0; i < RUNS; i++) {
        char key[32];

        name_key(key, i);
        if (has_key(root, key))
            continue;
        by_peer += board->displaced[i];
        by_us += !board->displaced[i];
    }
    for (unsigned i = 0; i < board->peer_rounds; i++) {
        char key[32];

        name_peer_key(key, i);
        board->peer_missing += !has_key(root, key);
    }
    json_decref(root);
    print_message("%d runs at once and a peer: %lld ms, %u rounds of the peer; of ours lost: %u by "
                  "the peer, %u by us; of the peer's: %u (%u glimpses)\n",
                  RUNS, (long long)ms, board->peer_rounds, by_peer, by_us, board->peer_missing,
                  board->peer_glimpses);
    assert_int_equal(by_us, 0);
    assert_int_equal(board->peer_missing, 0);
    assert_int_equal(support_count("home"), 1);
    assert_true(board->peer_rounds > 5);
}

static int setup(void **state)
{
    memset(board, 0, sizeof(*board));
    return support_setup(state);
}

/* A test that failed in the middle must not leave the peer behind. */
static int teardown(void **state)
{
    board->enough = true;
    while (wait(NULL) > 0)
        ;
    return support_teardown(state);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(every_key_is_there),
        IN_DIRECTORY(one_key_is_whole),
        IN_DIRECTORY(a_peer_without_lock_loses_nothing_by_us),
    };

    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    support_must(board != MAP_FAILED, "mmap");
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
