/*
 * The whole program, with any bytes as standard input: refused with status 3 and nothing is stored,
 * or stored to the byte, less the line ends after it, and less white space around GitHub's tokens
 * and around names.
 * A file and a variable with the same bytes are judged the same, and as a user name they are
 * refused or stored too. What is refused is not shown.
 */
#include "program.h"

#include <sys/mman.h>

#include "base/base64.h"

#define HIDDEN "s3cret" /* in some seeds, and in no message of ours */
#define TOKEN  "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"

static struct secret given;

/* Standard input from its beginning. */
static void offer(void)
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("stdin", MFD_CLOEXEC);
    must(fd >= 0 && ftruncate(fd, 0) == 0);
    must(pwrite(fd, secret_text(&given), given.len, 0) == (ssize_t)given.len);
    must(lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
}

/* What is stored: "user:token", or nothing. */
static struct secret stored(const char *host)
{
    struct secret text = read_file(docker_file);
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;
    json_t *root = text.len > 0 ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    const char *auth = NULL;

    must(json_unpack(root, "{s:{s:{s:s}}}", "auths", host, "auth", &auth) == 0 ||
         text.data == NULL);
    must(auth == NULL || base64_decode(&plain, auth, strlen(auth), &err) == 0);
    json_decref(root);
    secret_clear(&text);
    return plain;
}

static bool is_all_of(const char *text, size_t len, const char *bytes)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0' || strchr(bytes, text[i]) == NULL)
            return false;
    }
    return true;
}

/* `before`, what was given without what is cut off, `behind`. */
static void check_stored(const char *host, const char *before, const char *behind)
{
    bool is_name = behind[0] != '\0';
    bool is_trimmed = is_name || strcmp(host, "ghcr.io") == 0;
    /* What Unicode counts as white space consists of the latter bytes. */
    const char *cut = is_name      ? " \t\r\n\v\f\xc2\x85\xa0\xe2\x80\x87\x89\xaf\xe3"
                      : is_trimmed ? " \t\r\n\v\f"
                                   : "\r\n";
    struct secret plain = stored(host);
    size_t head = strlen(before);
    size_t tail = strlen(behind);
    size_t len = plain.len - head - tail;
    size_t skip = 0;

    must(plain.len > head + tail);
    while (is_trimmed && skip + len < given.len &&
           memcmp(plain.data + head, given.data + skip, len) != 0)
        skip++;
    must(skip + len <= given.len && is_all_of(given.data, skip, cut));
    must(memcmp(plain.data, before, head) == 0);
    must(memcmp(plain.data + head, given.data + skip, len) == 0);
    must(memcmp(plain.data + head + len, behind, tail) == 0);
    must(is_all_of(given.data + skip + len, given.len - skip - len, cut));
    must(strlen(plain.data) == plain.len);
    secret_clear(&plain);
}

/* Returns whether it was taken. */
static bool log_in(const char *host, const char *option, const char *value, const char *before,
                   const char *behind)
{
    bool is_name = behind[0] != '\0';
    const char *words[] = {"login", "--no-verify", host, is_name ? "--token-env=T" : "-uoctocat",
                           option,  value,         NULL};
    struct program_end done = program_run(words);
    bool is_taken = done.status == CLASS_NONE;

    must(is_taken || done.status == CLASS_CREDENTIAL);
    must((is_taken && is_name) ||
         (strstr(done.said, HIDDEN) == NULL && strstr(done.printed, HIDDEN) == NULL));
    if (is_taken)
        check_stored(host, before, behind);
    else
        must(access(docker_file, F_OK) < 0);
    run_clear(&done);
    tidy_home();
    return is_taken;
}

/* "T=value", for --token-env or --username-env T; until the next. */
static void set_variable(const char *value, size_t len)
{
    static char *variable;

    must(unsetenv("T") == 0);
    free(variable);
    variable = malloc(len + 3);
    must(variable != NULL);
    memcpy(variable, "T=", 2);
    memcpy(variable + 2, value, len);
    variable[len + 2] = '\0';
    must(putenv(variable) == 0);
}

static void check_token(const char *host)
{
    bool is_taken;

    offer();
    is_taken = log_in(host, "--password-stdin", NULL, "octocat:", "");
    write_file(other_file, &given);
    must(log_in(host, "--token-file", other_file, "octocat:", "") == is_taken);
    if (memchr(secret_text(&given), '\0', given.len) != NULL)
        return;
    set_variable(secret_text(&given), given.len);
    must(log_in(host, "--token-env", "T", "octocat:", "") == is_taken);
}

/* From systemd, which is looked for where nothing is named. */
static void check_credential(void)
{
    write_file(other_file, &given);
    must(setenv("CREDENTIALS_DIRECTORY", home, 1) == 0);
    (void)log_in("ghcr.io", "--timeout=60", NULL, "octocat:", "");
    must(unsetenv("CREDENTIALS_DIRECTORY") == 0);
}

static void check_name(void)
{
    write_file(other_file, &given);
    set_variable(TOKEN, strlen(TOKEN));
    (void)log_in("ghcr.io", "--username-file", other_file, "", ":" TOKEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enter_home();
    given = secret_of(data, size);
    check_token("ghcr.io");
    check_token("registry.example.com");
    check_credential();
    check_name();
    secret_clear(&given);
    return 0;
}
