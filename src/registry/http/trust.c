#include "registry/http/trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "registry/http/pem.h"

/* Where common systems keep their roots, as a bundle and as a directory with hashed names. */
static const struct root_place {
    const char *file;
    const char *dir; /* only if its names are hashed: others cost a useless handshake */
} places[] = {
    {"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL and its kin */
     "/etc/pki/ca-trust/extracted/pem/directory-hash"},
    {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs"}, /* Debian, Ubuntu, Alpine, Arch */
    {"/etc/ssl/ca-bundle.pem", "/etc/ssl/certs"},             /* SUSE */
    {"/etc/pki/tls/certs/ca-bundle.crt", NULL},               /* Amazon Linux, old RHEL */
    {"/etc/ssl/cert.pem", NULL},                              /* the BSDs, macOS, small Alpine */
    {"/etc/openssl/certs/ca-certificates.crt", "/etc/openssl/certs"}, /* NetBSD */
    {NULL, "/etc/ssl/certs"},
};

static bool trust_join(char path[PATH_MAX], const char *dir, const char *middle, const char *name)
{
    return snprintf(path, PATH_MAX, "%s%s%s", dir, middle, name) < PATH_MAX;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The first of the peers' directories for this registry that exists. */
static bool find_directory(char dir[PATH_MAX], const struct trust_request *request)
{
    /* In the order of containers-certs.d(5): docker's own comes last. */
    static const char *const system_dirs[] = {"/etc/containers/certs.d/", "/etc/docker/certs.d/"};
    const char *home = request->environment("HOME");

    if (home != NULL && trust_join(dir, home, "/.config/containers/certs.d/", request->host) &&
        is_directory(dir))
        return true;
    for (size_t i = 0; i < sizeof(system_dirs) / sizeof(system_dirs[0]); i++) {
        if (trust_join(dir, system_dirs[i], "", request->host) && is_directory(dir))
            return true;
    }
    return false;
}

/* A link that leads nowhere is no file to the peers either. */
static bool leads_nowhere(const char *path)
{
    struct stat st;

    return stat(path, &st) < 0 && errno == ENOENT;
}

static int add_roots(struct trust *trust, const char *path, struct error *err)
{
    char name[PATH_MAX + 3];
    struct io_input input = {.name = name, .cls = CLASS_UNREACHABLE, .max = TRUST_FILE_MAX};
    struct secret text = SECRET_INIT;
    int ret;

    (void)snprintf(name, sizeof(name), "'%s'", path);
    ret = io_read_path(&text, path, &input, NULL, err);
    if (ret == 0)
        ret = secret_append(&trust->extra, secret_text(&text), text.len, SIZE_MAX / 2, err);
    if (ret == 0)
        ret = secret_append_text(&trust->extra, "\n", err); /* a file may lack its last line end */
    secret_clear(&text);
    return ret;
}

/* NAME.cert goes with NAME.key; the first pair is used, in the order of names. */
static int set_client(struct trust *trust, const char *path, struct error *err)
{
    size_t stem = strlen(path) - strlen("cert");

    /* libcurl has room for one; Go offers whichever the server asks for. */
    if (trust->client_cert[0] != '\0')
        return 0;
    memcpy(trust->client_cert, path, strlen(path) + 1);
    memcpy(trust->client_key, path, stem);
    memcpy(trust->client_key + stem, "key", sizeof("key"));
    if (access(trust->client_key, R_OK) == 0)
        return 0;
    return error_set_errno(err, CLASS_UNREACHABLE, errno,
                           "cannot use the client certificate '%s' without its key '%s'", path,
                           trust->client_key);
}

static int read_directory(struct trust *trust, const char *dir, bool is_given, struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, NULL, alphasort);
    int ret = 0;

    if (count < 0 && errno == EACCES && !is_given)
        return 0; /* as podman: somebody else's, and the registry may need nothing from there */
    if (count < 0)
        return error_set_errno(err, CLASS_UNREACHABLE, errno, "cannot read the directory '%s'",
                               dir);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char path[PATH_MAX];

        if (ret == 0 && trust_join(path, dir, "/", name) && !leads_nowhere(path)) {
            if (text_has_suffix(name, ".crt"))
                ret = add_roots(trust, path, err);
            else if (text_has_suffix(name, ".cert"))
                ret = set_client(trust, path, err);
        }
        free(entries[i]);
    }
    free(entries);
    return ret;
}

/* A path that is too long leads nowhere: not to whatever is trusted if none is given. */
static int set_path(char path[PATH_MAX], const char *chosen, struct error *err)
{
    if (chosen == NULL)
        path[0] = '\0';
    else if (!trust_join(path, chosen, "", ""))
        return error_set_errno(err, CLASS_UNREACHABLE, ENAMETOOLONG,
                               "cannot read the CA certificates '%.100s...'", chosen);
    return 0;
}

static bool find_readable(char path[PATH_MAX], const char *root, const char *name)
{
    if (name != NULL && trust_join(path, root != NULL ? root : "", "", name) &&
        access(path, R_OK) == 0)
        return true;
    path[0] = '\0';
    return false;
}

/* What the TLS library names stays when no place is there either: then its error says so. */
static int set_system(struct trust *trust, const struct trust_request *request, struct error *err)
{
    if (set_path(trust->file, request->system_file, err) < 0 ||
        set_path(trust->dir, request->system_dir, err) < 0)
        return -1;
    /* One of the two is enough: this is the system that the library was built for. */
    if (access(trust->file, R_OK) == 0 || access(trust->dir, R_OK) == 0)
        return 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char file[PATH_MAX];
        char dir[PATH_MAX];
        bool has_file = find_readable(file, request->system_root, places[i].file);
        bool has_dir = find_readable(dir, request->system_root, places[i].dir);

        if (has_file || (has_dir && places[i].file == NULL)) {
            memcpy(trust->file, file, sizeof(file));
            memcpy(trust->dir, dir, sizeof(dir));
            return 0;
        }
    }
    return 0;
}

/* In place of what is there. */
static int set_variable(char path[PATH_MAX], const char *value, struct error *err)
{
    return value == NULL || value[0] == '\0' ? 0 : set_path(path, value, err);
}

/* What Go's os.ReadFile() does not read. */
static bool trust_cannot_read(const char *path)
{
    return access(path, R_OK) != 0 || is_directory(path);
}

/* Where Go looks on Linux, whatever the names there are; unless this system's own is known. */
static void set_common_directories(struct trust *trust, const char *root)
{
    static const char *const dirs[] = {"/etc/ssl/certs", "/etc/pki/tls/certs"};
    char found[sizeof(dirs) / sizeof(dirs[0])][PATH_MAX];
    size_t count = 0;

    if (access(trust->dir, R_OK) == 0)
        return;
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        count += find_readable(found[count], root, dirs[i]) ? 1 : 0;
    if (count == 0 || (count == 2 && trust_join(trust->dir, found[0], ":", found[1])))
        return;
    (void)snprintf(trust->dir, sizeof(trust->dir), "%s", found[0]);
}

static int set_roots(struct trust *trust, const struct trust_request *request, struct error *err)
{
    const char *file = request->environment("SSL_CERT_FILE");
    const char *dir = request->environment("SSL_CERT_DIR");
    bool is_file_named = file != NULL && file[0] != '\0';

    if (set_system(trust, request, err) < 0 || set_variable(trust->file, file, err) < 0)
        return -1;
    /* Go reads every file in there, whatever its name: see TRUST_EACH. */
    trust->is_dir_named = dir != NULL && dir[0] != '\0';
    trust->is_file_unread = is_file_named && trust_cannot_read(trust->file);
    if (is_file_named)
        trust->named_by = "SSL_CERT_FILE";
    else if (trust->is_dir_named)
        trust->named_by = "SSL_CERT_DIR";
    if (trust->is_file_unread && !trust->is_dir_named)
        set_common_directories(trust, request->system_root);
    return set_variable(trust->dir, dir, err);
}

/* In place of all roots that were found. */
static int set_given_roots(struct trust *trust, const struct trust_request *request,
                           struct error *err)
{
    const struct secret *text = request->ca_text;

    trust->named_by = "--cacert";
    secret_clear(&trust->extra);
    if (text == NULL)
        return set_path(trust->file, request->ca_file, err);
    if (text->len > 0)
        return secret_append(&trust->extra, text->data, text->len, SIZE_MAX / 2, err);
    return error_set_hint(err, CLASS_UNREACHABLE, "check the file given with --cacert",
                          "'%s' contains no certificate: it is empty", request->ca_file);
}

int trust_find(struct trust *out, const struct trust_request *request, struct error *err)
{
    struct trust built = {.is_insecure = request->is_insecure};
    char dir[PATH_MAX];
    int ret = 0;

    if (request->cert_dir != NULL)
        ret = read_directory(&built, request->cert_dir, true, err);
    else if (find_directory(dir, request))
        ret = read_directory(&built, dir, false, err);
    if (ret == 0 && request->ca_file != NULL)
        ret = set_given_roots(&built, request, err);
    else if (ret == 0)
        ret = set_roots(&built, request, err);
    if (ret == 0) {
        *out = built;
        built = TRUST_INIT; /* moved */
    }
    trust_clear(&built);
    return ret;
}

void trust_clear(struct trust *trust)
{
    if (trust != NULL)
        secret_clear(&trust->extra);
}

/* Of the system's bundle and more: some 250 KB with 140 roots. */
enum { BUNDLE_MAX = 16 * 1024 * 1024 }; /* bytes of PEM text */

bool trust_has_roots(const struct trust *trust)
{
    DIR *dir = trust->dir[0] != '\0' ? opendir(trust->dir) : NULL;
    size_t count = 0;

    while (dir != NULL && count <= 2 && readdir(dir) != NULL)
        count++; /* . and .. are two */
    if (dir != NULL)
        (void)closedir(dir);
    return count > 2 || trust->extra.len > 0 ||
           (trust->file[0] != '\0' && access(trust->file, R_OK) == 0);
}

/* Only OpenSSL looks certificates up in a hashed directory one by one. */
enum trust_reach trust_first_reach(const struct trust *trust)
{
    const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
    bool is_hashed = library != NULL && strstr(library, "OpenSSL") != NULL &&
                     trust->dir[0] != '\0' && access(trust->dir, R_OK | X_OK) == 0;

    return is_hashed ? TRUST_HASHED : TRUST_BUNDLE;
}

bool trust_reach_further(enum trust_reach *reach, const struct trust *trust, CURLcode code)
{
    /* No other failure is one of roots that are missing. */
    if (code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE)
        return false;
    if (*reach == TRUST_HASHED) {
        *reach = TRUST_BUNDLE;
        return true;
    }
    if (*reach == TRUST_EACH || !trust_takes_roots() || trust->is_insecure)
        return false;
    *reach = TRUST_EACH; /* OpenSSL may have skipped the damage and what follows it */
    return true;
}

bool trust_takes_roots(void)
{
    return LIBCURL_VERSION_NUM >= 0x074d00;
}

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

#if LIBCURL_VERSION_NUM >= 0x074d00
/* A file that cannot be read adds no roots; the others may be enough. */
static int append_file(struct secret *out, const char *path, struct error *err)
{
    struct io_input input = {.name = "", .max = BUNDLE_MAX};
    struct error ignored = ERROR_INIT;
    struct secret text = SECRET_INIT;
    struct stat st;
    int ret = 0;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode) && !S_ISFIFO(st.st_mode) &&
        io_read_path(&text, path, &input, NULL, &ignored) == 0)
        ret = secret_append(out, text.data, text.len, BUNDLE_MAX, err);
    if (ret == 0)
        ret = secret_append(out, "\n", 1, BUNDLE_MAX, err); /* a file may lack its last line end */
    secret_clear(&text);
    return ret;
}

static int append_directory(struct secret *out, const char *path, struct error *err)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int ret = 0;

    while (dir != NULL && ret == 0 && (entry = readdir(dir)) != NULL) {
        char name[PATH_MAX];

        if (trust_join(name, path, "/", entry->d_name))
            ret = append_file(out, name, err);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return ret;
}

static int append_directories(struct secret *out, const char *list, struct error *err)
{
    char dirs[PATH_MAX];
    char *rest = dirs;
    int ret = 0;

    (void)snprintf(dirs, sizeof(dirs), "%s", list);
    for (char *dir = strsep(&rest, ":"); dir != NULL && ret == 0; dir = strsep(&rest, ":")) {
        if (dir[0] != '\0')
            ret = append_directory(out, dir, err);
    }
    return ret;
}

static int gather(struct secret *all, const struct trust *trust, enum trust_reach reach,
                  struct error *err)
{
    struct secret text = SECRET_INIT;
    int ret = secret_append(&text, trust->extra.data, trust->extra.len, BUNDLE_MAX, err);

    if (ret == 0 && reach != TRUST_HASHED && trust->file[0] != '\0')
        ret = append_file(&text, trust->file, err);
    if (ret == 0 && reach == TRUST_EACH && (trust->is_dir_named || trust->is_file_unread))
        ret = append_directories(&text, trust->dir, err);
    if (ret == 0 && reach == TRUST_EACH)
        ret = pem_append_certificates(all, &text, BUNDLE_MAX, err);
    else if (ret == 0)
        secret_move(all, &text);
    secret_clear(&text);
    return ret;
}
#endif

/* libcurl takes a text in place of the bundle, so that it holds both. */
static CURLcode set_text(CURL *easy, const struct trust *trust, enum trust_reach reach)
{
    CURLcode code = CURLE_OK;

#if LIBCURL_VERSION_NUM >= 0x074d00
    struct error ignored = ERROR_INIT;
    struct secret all = SECRET_INIT;

    if (gather(&all, trust, reach, &ignored) < 0)
        code = CURLE_OUT_OF_MEMORY;
    if (all.len > 0) /* if no certificate is whole, what was named is said to be unreadable */
        HTTP_SET(code, easy, CURLOPT_CAINFO_BLOB,
                 (&(struct curl_blob){.data = all.data, .len = all.len, .flags = CURL_BLOB_COPY}));
    secret_clear(&all);
#else
    (void)easy;
    (void)trust;
    (void)reach;
    code = CURLE_NOT_BUILT_IN; /* needs libcurl 7.77 */
#endif
    return code;
}

static CURLcode name_roots(CURL *easy, const struct trust *trust, enum trust_reach reach)
{
    CURLcode code = CURLE_OK;

    /* Named as NULL, the roots that libcurl was built with would be switched off as well. */
    if (trust->file[0] == '\0' && trust->dir[0] == '\0' && trust->extra.len == 0)
        return code; /* whatever the TLS library knows */
    HTTP_SET(code, easy, CURLOPT_CAINFO, reach == TRUST_HASHED ? NULL : text_or_null(trust->file));
    HTTP_SET(code, easy, CURLOPT_CAPATH, text_or_null(trust->dir));
    return code == CURLE_OK && (trust->extra.len > 0 || reach == TRUST_EACH)
               ? set_text(easy, trust, reach)
               : code;
}

CURLcode trust_set(CURL *easy, const struct trust *trust, enum trust_reach reach)
{
    CURLcode code = CURLE_OK;

    /* VERIFYHOST 2: only that has meant in every libcurl that the name is checked. */
    HTTP_SET(code, easy, CURLOPT_SSL_VERIFYPEER, trust->is_insecure ? 0L : 1L);
    HTTP_SET(code, easy, CURLOPT_SSL_VERIFYHOST, trust->is_insecure ? 0L : 2L);
    HTTP_SET(code, easy, CURLOPT_SSLCERT, text_or_null(trust->client_cert));
    HTTP_SET(code, easy, CURLOPT_SSLKEY, text_or_null(trust->client_key));
    if (code == CURLE_OK && !trust->is_insecure)
        code = name_roots(easy, trust, reach);
    return code;
}
