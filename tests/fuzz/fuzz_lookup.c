/*
 * Any text as the auth file in which docker or podman looks for an entry (first line: any key).
 * What a reader finds is under the key or one that stands for it; what a store would put there, it
 * finds; and what docker takes from DOCKER_AUTH_CONFIG, it would take from a file of that text.
 */
#include "fuzz.h"

#include <stdio.h>
#include <unistd.h>

#include "../unit/store/documents.h"
#include "store/lookup.h"

static const char *variable; /* DOCKER_AUTH_CONFIG */

static const char *environment_of(const char *name)
{
    return strcmp(name, "DOCKER_AUTH_CONFIG") == 0 ? variable : NULL;
}

static char path[PATH_MAX];

static void remove_file(void)
{
    (void)unlink(path);
}

/* TMPDIR is best in memory: on a disk the writes take nearly all the time. */
static int open_file(void)
{
    const char *dir = getenv("TMPDIR");
    int fd;

    must(snprintf(path, PATH_MAX, "%s/fuzz-XXXXXX", dir != NULL ? dir : "/tmp") < PATH_MAX);
    fd = mkstemp(path);
    must(fd >= 0 && atexit(remove_file) == 0);
    must(setenv("PATH", "", 1) == 0); /* no helper is ever there */
    return fd;
}

static void write_file(const struct secret *text)
{
    static int fd = -1;

    if (fd < 0)
        fd = open_file();
    must(ftruncate(fd, 0) == 0);
    must(pwrite(fd, secret_text(text), text->len, 0) == (ssize_t)text->len);
}

/* Into the file as it is now. */
static int look(struct lookup *out, const struct reader *format, const char *key)
{
    struct location_request places = {.environment = environment_of};
    struct location file = {.owner = format};
    const char *slash = strchr(key, '/');
    bool is_hub = strcmp(key, reader_docker.hub_key) == 0;
    char host[512];
    struct lookup_request request = {.registry = is_hub ? "docker.io"
                                                        : reader_key_host(host, sizeof(host), key),
                                     .name_space = !is_hub && slash != NULL ? slash + 1 : "",
                                     .places = &places,
                                     .clock = clock_system()};
    struct error err = ERROR_INIT;
    int ret;

    memcpy(file.path, path, sizeof(path));
    ret = lookup_file(out, &file, file.owner, &request, &err);
    if (ret < 0)
        must(err.message[0] != '\0' && (err.cls == CLASS_AUTHFILE || err.cls == CLASS_HELPER));
    if (ret > 0)
        must(strcmp(out->path, path) == 0 && out->helper[0] == '\0');
    return ret;
}

static void check_found(const struct reader *format, const char *key)
{
    char host[512];
    struct lookup found = LOOKUP_INIT;

    (void)reader_key_host(host, sizeof(host), key);
    if (look(&found, format, key) > 0) {
        must(strncmp(found.key, key, strlen(found.key)) == 0 || strcmp(found.key, host) == 0 ||
             reader_docker.is_fallback(found.key, host) ||
             reader_is_spelling(format, found.key, host));
        must(found.held.token.len == 0 || found.held.username.len > 0 || format == &reader_podman);
    }
    lookup_clear(&found);
}

static void check_variable(const char *key)
{
    struct location_request places = {.environment = environment_of, .config_dir = "/nowhere"};
    struct lookup_request request = {.registry = key, .name_space = "", .places = &places};
    struct lookup found = LOOKUP_INIT;
    struct lookup in_file = LOOKUP_INIT;
    struct error err = ERROR_INIT;

    if (lookup_find(&found, &reader_docker, &request, &err) > 0) {
        must(found.path[0] == '\0' && strcmp(found.key, key) == 0);
        must(look(&in_file, &reader_docker, key) == 1 && strcmp(in_file.key, key) == 0);
        must(secret_is_equal(&found.held.username, &in_file.held.username));
        must(secret_is_equal(&found.held.token, &in_file.held.token));
    }
    lookup_clear(&found);
    lookup_clear(&in_file);
}

static void check_stored(const struct secret *text, const struct reader *format, const char *key)
{
    static const char encoded[] = "dXNlcjp0b2tlbg=="; /* user:token */
    struct secret auth = secret_of(encoded, strlen(encoded));
    struct document_edit edit = {.change = DOCUMENT_STORE, .key = key, .auth = &auth};
    struct document document = DOCUMENT_INIT;
    struct lookup found = LOOKUP_INIT;
    struct secret stored = SECRET_INIT;
    struct error err = ERROR_INIT;
    char helper[READER_HELPER_MAX + 1];
    bool changed;

    if (documents_parse(&document, text, "it", &err) == 0 &&
        document_helper(helper, &document, format, key)[0] == '\0' &&
        documents_edit(&stored, text, "it", &edit, &changed, &err) == 0 &&
        stored.len <= DOCUMENT_MAX) {
        write_file(&stored);
        must(look(&found, format, key) == 1 && strcmp(found.key, key) == 0);
        must(strcmp(secret_text(&found.held.username), "user") == 0);
        must(strcmp(secret_text(&found.held.token), "token") == 0 && found.held.token_kind == NULL);
    }
    lookup_clear(&found);
    document_clear(&document);
    secret_clear(&auth);
    secret_clear(&stored);
}

static void check_keys(const char *a, const char *b)
{
    char host[512];
    char again[512];

    must(strcmp(reader_key_host(again, sizeof(again), reader_key_host(host, sizeof(host), a)),
                host) == 0);
    must(!reader_docker.is_fallback(a, b) || strcmp(host, b) == 0);
    must(reader_is_spelling(&reader_docker, a, b) == reader_is_spelling(&reader_docker, b, a));
    must(!reader_is_spelling(&reader_docker, a, a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"ghcr.io", "https://index.docker.io/v1/", "h.example/a/b"};
    struct feed in = feed_of(data, size);
    char *line = take_line(&in);
    struct secret text = secret_of(in.p, in.left);

    write_file(&text);
    variable = memchr(secret_text(&text), '\0', text.len) == NULL ? secret_text(&text) : NULL;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        check_keys(line, keys[i]);
        check_found(&reader_docker, keys[i]);
        check_found(&reader_podman, keys[i]);
        check_variable(keys[i]);
    }
    check_stored(&text, &reader_docker, keys[0]);
    check_stored(&text, &reader_podman, keys[0]);
    free(line);
    secret_clear(&text);
    return 0;
}
