/*
 * trust: which directory counts, what is read in it, and what --cacert and the environment change.
 */
#include "../support.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/trust.h"

/* Not a registry that this machine could know: /etc has no certs.d for it. */
#define HOST    "registry.invalid:5000"
#define CERTS_D "/.config/containers/certs.d/" HOST

static char home[] = "/tmp/ghcr-login-trust-XXXXXX";
static const char *variables[3]; /* HOME, SSL_CERT_FILE, SSL_CERT_DIR */

static const char *environment(const char *name)
{
    static const char *const names[] = {"HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"};

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return variables[i];
    }
    return NULL;
}

struct path {
    char text[512];
};

static struct path below_home(const char *name)
{
    struct path path;

    assert_true(snprintf(path.text, sizeof(path.text), "%s%s", home, name) <
                (int)sizeof(path.text));
    return path;
}

static void make_directories_above(struct path path)
{
    for (char *slash = path.text + strlen(home) + 1; (slash = strchr(slash, '/')) != NULL;) {
        *slash = '\0';
        (void)mkdir(path.text, 0700); /* it may be there */
        *slash++ = '/';
    }
}

static void make_directory(const char *name)
{
    make_directories_above(below_home(name));
    assert_int_equal(mkdir(below_home(name).text, 0700), 0);
}

static void write_file(const char *name, const char *content)
{
    FILE *file = fopen(below_home(name).text, "w");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* An empty file and every directory above it. */
static void write_below(const char *name)
{
    make_directories_above(below_home(name));
    write_file(name, "");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    memcpy(home + strlen(home) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(home));
    variables[0] = home;
    variables[1] = variables[2] = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct trust_request request_of(void)
{
    return (struct trust_request){.host = HOST,
                                  .system_file = "/system/bundle.pem",
                                  .system_dir = "/system/certs",
                                  .system_root = home,
                                  .environment = environment};
}

static struct trust find(const struct trust_request *request)
{
    struct trust trust = TRUST_INIT;
    struct error err = ERROR_INIT;

    if (trust_find(&trust, request, &err) < 0)
        fail_msg("%s", err.message);
    return trust;
}

static void find_nothing(const struct trust_request *request, const char *part)
{
    struct trust trust = {.file = "untouched"};
    struct error err = ERROR_INIT;

    assert_int_equal(trust_find(&trust, request, &err), -1);
    assert_error(part, &err, CLASS_UNREACHABLE, part);
    assert_string_equal(trust.file, "untouched");
}

static void check_extra(const struct trust *trust, const char *expected)
{
    assert_string_equal(secret_text(&trust->extra), expected);
}

static void check_client(const struct trust *trust, const char *cert, const char *key)
{
    assert_string_equal(trust->client_cert, cert != NULL ? below_home(cert).text : "");
    assert_string_equal(trust->client_key, key != NULL ? below_home(key).text : "");
}

static void test_the_system_alone(void **state)
{
    struct trust_request request = request_of();
    struct trust trust = find(&request);

    (void)state;
    assert_string_equal(trust.file, "/system/bundle.pem");
    assert_string_equal(trust.dir, "/system/certs");
    check_extra(&trust, "");
    check_client(&trust, NULL, NULL);
    trust_clear(&trust);
}

static void test_an_unknown_system(void **state)
{
    struct trust_request request = request_of();
    struct trust trust;

    (void)state;
    request.system_file = request.system_dir = NULL;
    variables[0] = NULL;
    trust = find(&request);
    assert_string_equal(trust.file, "");
    assert_string_equal(trust.dir, "");
    trust_clear(&trust);
}

static void test_the_variables_of_openssl(void **state)
{
    static const struct {
        const char *file_variable, *dir_variable;
        const char *file, *dir;
    } rows[] = {
        {"/my/bundle", NULL, "/my/bundle", "/system/certs"},
        {NULL, "/my/certs", "/system/bundle.pem", "/my/certs"},
        {"/my/bundle", "/my/certs", "/my/bundle", "/my/certs"},
        {"", "", "/system/bundle.pem", "/system/certs"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trust_request request = request_of();
        struct trust trust;

        variables[1] = rows[i].file_variable;
        variables[2] = rows[i].dir_variable;
        trust = find(&request);
        assert_string_equal(trust.file, rows[i].file);
        assert_string_equal(trust.dir, rows[i].dir);
        trust_clear(&trust);
    }
}

/* A file that is not there leaves the directories of common systems, as with Go. */
static void test_a_named_file_that_cannot_be_read(void **state)
{
    static const struct {
        const char *name; /* below home */
        bool is_unread;
        bool has_dirs;
    } rows[] = {{"/missing", true, true}, {"/dir", true, true}, {"/bundle.pem", false, false}};
    struct path dirs = below_home("/etc/ssl/certs:");
    struct trust_request request = request_of();

    (void)state;
    (void)strcat(dirs.text, below_home("/etc/pki/tls/certs").text);
    write_below("/etc/ssl/certs/any.pem");
    write_below("/etc/pki/tls/certs/ca-bundle.crt");
    write_below("/bundle.pem");
    make_directory("/dir");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path named = below_home(rows[i].name);
        struct trust trust;

        variables[1] = named.text;
        request.system_dir = NULL;
        trust = find(&request);
        assert_string_equal(trust.file, named.text);
        assert_row(rows[i].name, trust.is_file_unread == rows[i].is_unread);
        assert_row(rows[i].name, (strcmp(trust.dir, dirs.text) == 0) == rows[i].has_dirs);
        trust_clear(&trust);
    }
}

/* A file of a system, and what is then trusted; the first row that is there counts. */
static void test_where_common_systems_keep_their_roots(void **state)
{
    static const struct {
        const char *there[3]; /* files */
        const char *file, *dir;
    } rows[] = {
        {{"/etc/ssl/certs/x.0"}, NULL, "/etc/ssl/certs"},
        {{"/etc/openssl/certs/ca-certificates.crt"},
         "/etc/openssl/certs/ca-certificates.crt",
         "/etc/openssl/certs"},
        {{"/etc/ssl/cert.pem"}, "/etc/ssl/cert.pem", NULL},
        {{"/etc/pki/tls/certs/ca-bundle.crt"}, "/etc/pki/tls/certs/ca-bundle.crt", NULL},
        {{"/etc/ssl/ca-bundle.pem", "/etc/ssl/certs/x.0"},
         "/etc/ssl/ca-bundle.pem",
         "/etc/ssl/certs"},
        {{"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"},
         "/etc/ssl/certs/ca-certificates.crt",
         "/etc/ssl/certs"},
        {{"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/certs/ca-bundle.crt"},
         "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
         NULL},
        {{"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/etc/pki/ca-trust/extracted/pem/directory-hash/x.0"},
         "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
         "/etc/pki/ca-trust/extracted/pem/directory-hash"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trust_request request = request_of();
        struct trust trust;

        for (size_t j = 0; j < COUNT(rows[i].there) && rows[i].there[j] != NULL; j++)
            write_below(rows[i].there[j]);
        trust = find(&request);
        assert_string_equal(trust.file, rows[i].file ? below_home(rows[i].file).text : "");
        assert_string_equal(trust.dir, rows[i].dir ? below_home(rows[i].dir).text : "");
        trust_clear(&trust);
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

/* Even one of the two says that this is the system the TLS library was built for. */
static void test_the_library_s_own_places_come_first(void **state)
{
    struct path own = below_home("/own/bundle.pem");
    struct trust_request request = request_of();
    struct trust trust;

    (void)state;
    write_below("/own/bundle.pem");
    write_below("/etc/ssl/cert.pem");
    request.system_file = own.text;
    trust = find(&request);
    assert_string_equal(trust.file, own.text);
    assert_string_equal(trust.dir, "/system/certs");
    trust_clear(&trust);
}

static void test_roots_in_order_of_names(void **state)
{
    struct trust_request request = request_of();
    struct trust trust;

    (void)state;
    make_directory(CERTS_D);
    write_file(CERTS_D "/b.crt", "second\n");
    write_file(CERTS_D "/a.crt", "first");
    write_file(CERTS_D "/c.crt", "");
    write_file(CERTS_D "/a.pem", "no root");
    write_file(CERTS_D "/a.crt.old", "no root");
    trust = find(&request);
    check_extra(&trust, "first\nsecond\n\n\n");
    check_client(&trust, NULL, NULL);
    assert_string_equal(trust.file, "/system/bundle.pem");
    trust_clear(&trust);
}

static void test_only_the_directory_of_this_host(void **state)
{
    static const char *const others[] = {"registry.invalid", "registry.invalid:5001",
                                         "registry.invalid:50000"};
    struct trust_request request = request_of();
    struct trust trust;

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        char name[128];

        (void)snprintf(name, sizeof(name), "/.config/containers/certs.d/%s", others[i]);
        make_directory(name);
        (void)strcat(name, "/ca.crt");
        write_file(name, "other");
    }
    trust = find(&request);
    check_extra(&trust, "");
    trust_clear(&trust);
}

/* The first pair in the order of names; keys alone are nothing. */
static void test_a_client_certificate(void **state)
{
    struct trust_request request = request_of();
    struct trust trust;

    (void)state;
    make_directory(CERTS_D);
    write_file(CERTS_D "/a.key", "k");
    trust = find(&request);
    check_client(&trust, NULL, NULL);
    trust_clear(&trust);
    write_file(CERTS_D "/b.cert", "c");
    write_file(CERTS_D "/b.key", "k");
    write_file(CERTS_D "/c.cert", "c");
    trust = find(&request);
    check_client(&trust, CERTS_D "/b.cert", CERTS_D "/b.key");
    check_extra(&trust, "");
    trust_clear(&trust);
}

static void test_a_certificate_without_its_key(void **state)
{
    struct trust_request request = request_of();

    (void)state;
    make_directory(CERTS_D);
    write_file(CERTS_D "/client.cert", "c");
    write_file(CERTS_D "/other.key", "k");
    find_nothing(&request, "client.key");
}

/* --cert-dir stands in the place of all others, even where it holds nothing. */
static void test_cert_dir(void **state)
{
    struct trust_request request = request_of();
    struct path given = below_home("/given");
    struct trust trust;

    (void)state;
    make_directory(CERTS_D);
    write_file(CERTS_D "/ca.crt", "of the home\n");
    make_directory("/given");
    request.cert_dir = given.text;
    trust = find(&request);
    check_extra(&trust, "");
    trust_clear(&trust);
    write_file("/given/ca.crt", "given\n");
    trust = find(&request);
    check_extra(&trust, "given\n\n");
    trust_clear(&trust);
}

static void test_a_cert_dir_that_is_not_there(void **state)
{
    struct trust_request request = request_of();
    struct path given = below_home("/missing");

    (void)state;
    request.cert_dir = given.text;
    find_nothing(&request, "/missing");
}

/* --cacert is trusted alone; who we are still comes from the directory. */
static void test_cacert(void **state)
{
    struct trust_request request = request_of();
    struct trust trust;

    (void)state;
    make_directory(CERTS_D);
    write_file(CERTS_D "/ca.crt", "of the home\n");
    write_file(CERTS_D "/client.cert", "c");
    write_file(CERTS_D "/client.key", "k");
    variables[1] = "/my/bundle";
    variables[2] = "/my/certs";
    request.ca_file = "/given/ca.pem";
    trust = find(&request);
    assert_string_equal(trust.file, "/given/ca.pem");
    assert_string_equal(trust.dir, "");
    check_extra(&trust, "");
    check_client(&trust, CERTS_D "/client.cert", CERTS_D "/client.key");
    trust_clear(&trust);
}

/* A pipe's text, which was read already, is trusted alone, too. */
static void test_the_text_of_cacert(void **state)
{
    struct trust_request request = request_of();
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    struct trust trust;

    (void)state;
    make_directory(CERTS_D);
    write_file(CERTS_D "/ca.crt", "of the home\n");
    variables[1] = "/my/bundle";
    request.ca_file = "/dev/fd/63";
    request.ca_text = &text;
    find_nothing(&request, "'/dev/fd/63' contains no certificate");
    assert_int_equal(secret_append_text(&text, "of the pipe\n", &err), 0);
    trust = find(&request);
    assert_string_equal(trust.file, "");
    assert_string_equal(trust.dir, "");
    check_extra(&trust, "of the pipe\n");
    trust_clear(&trust);
    secret_clear(&text);
}

/* Nor is what the system trusts taken in its place. */
static void test_a_path_that_is_too_long(void **state)
{
    struct trust_request request = request_of();
    static char path[PATH_MAX + 1];

    (void)state;
    memset(path, 'x', PATH_MAX);
    for (size_t i = 1; i <= 2; i++) {
        variables[i] = path;
        find_nothing(&request, "CA certificates");
        variables[i] = NULL;
    }
    request.system_dir = path;
    find_nothing(&request, "CA certificates");
    request.ca_file = path;
    find_nothing(&request, "CA certificates");
}

/* A root that is a directory, or far too long, is named. */
static void test_a_root_that_cannot_be_read(void **state)
{
    struct trust_request request = request_of();
    char *filler = malloc(1024 * 1024 + 2);

    (void)state;
    assert_non_null(filler);
    memset(filler, 'x', 1024 * 1024 + 1);
    filler[1024 * 1024 + 1] = '\0';
    make_directory(CERTS_D);
    write_file(CERTS_D "/long.crt", filler);
    free(filler);
    find_nothing(&request, "long.crt");
    make_directory(CERTS_D "/a.crt");
    find_nothing(&request, "a.crt");
}

/* What is no directory is passed over. */
static void test_a_file_in_its_place(void **state)
{
    struct trust_request request = request_of();
    struct trust trust;

    (void)state;
    make_directory("/.config/containers/certs.d");
    write_file(CERTS_D, "a file");
    trust = find(&request);
    check_extra(&trust, "");
    trust_clear(&trust);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_system_alone),
        TEST(test_an_unknown_system),
        TEST(test_where_common_systems_keep_their_roots),
        TEST(test_the_library_s_own_places_come_first),
        TEST(test_the_variables_of_openssl),
        TEST(test_a_named_file_that_cannot_be_read),
        TEST(test_roots_in_order_of_names),
        TEST(test_only_the_directory_of_this_host),
        TEST(test_a_client_certificate),
        TEST(test_a_certificate_without_its_key),
        TEST(test_cert_dir),
        TEST(test_a_cert_dir_that_is_not_there),
        TEST(test_cacert),
        TEST(test_the_text_of_cacert),
        TEST(test_a_path_that_is_too_long),
        TEST(test_a_root_that_cannot_be_read),
        TEST(test_a_file_in_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
