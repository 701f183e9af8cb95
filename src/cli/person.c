#include "cli/person.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/secret.h"

extern char **environ;

static void fill(struct person *out, const struct passwd *user)
{
    (void)snprintf(out->name, sizeof(out->name), "%s", user->pw_name);
    (void)snprintf(out->home, sizeof(out->home), "%s", user->pw_dir != NULL ? user->pw_dir : "");
    out->uid = user->pw_uid;
    out->gid = user->pw_gid;
}

/* Of oneself it is to tell the home, which HOME does as a rule: a directory server takes time. */
static const struct passwd *ask_database(const char *name, uid_t uid)
{
    const char *home = getenv("HOME");

    if (name != NULL)
        return getpwnam(name);
    return home == NULL || home[0] == '\0' ? getpwuid(uid) : NULL;
}

int person_find(struct person *out, const char *name, struct error *err)
{
    struct person found = {.is_other = false, .uid = geteuid(), .gid = getegid()};
    const struct passwd *user = ask_database(name, found.uid);

    if (user == NULL && name != NULL)
        return error_set(err, CLASS_USAGE,
                         "the user named with --for-user does not exist on this machine");
    if (name != NULL && found.uid != 0 && user->pw_uid != found.uid)
        return error_set(err, CLASS_USAGE, "only root may use --for-user to act as another user");
    /* Root may have come by sudo, with the home of somebody else. */
    found.is_other = name != NULL && found.uid == 0;
    if (user != NULL)
        fill(&found, user);
    *out = found;
    return 0;
}

/* What login(1) would have set of XDG_RUNTIME_DIR, if that was done. */
static void set_runtime_directory(const struct person *person)
{
    char dir[64];
    struct stat st;

    (void)snprintf(dir, sizeof(dir), "/run/user/%lu", (unsigned long)person->uid);
    if (stat(dir, &st) == 0 && st.st_uid == person->uid)
        (void)setenv("XDG_RUNTIME_DIR", dir, 1);
    else
        (void)unsetenv("XDG_RUNTIME_DIR");
}

int person_enter_environment(const struct person *person, struct error *err)
{
    static const char *const places[] = {"DOCKER_CONFIG", "DOCKER_AUTH_CONFIG",
                                         "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME"};

    if (!person->is_other)
        return 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        (void)unsetenv(places[i]);
    set_runtime_directory(person);
    if (setenv("HOME", person->home, 1) < 0 || setenv("USER", person->name, 1) < 0 ||
        setenv("LOGNAME", person->name, 1) < 0)
        return error_no_memory(err);
    return 0;
}

/*
 * What of root's environment is theirs too, or says where this runs and how it gets out. Of the
 * variables in LC_ the known ones: sshd lets any of that name in, and people use it for others.
 */
static bool person_is_kept(const char *variable)
{
    static const char *const kept[] = {
        "PATH=",
        "LANG=",
        "LC_ALL=",
        "LC_CTYPE=",
        "LC_MESSAGES=",
        "LC_COLLATE=",
        "LC_NUMERIC=",
        "LC_TIME=",
        "TERM=",
        "TZ=",
        "HOME=",
        "USER=",
        "LOGNAME=",
        "https_proxy=",
        "http_proxy=",
        "HTTPS_PROXY=",
        "HTTP_PROXY=",
        "all_proxy=",
        "no_proxy=",
        "ALL_PROXY=",
        "NO_PROXY=",
        "SSL_CERT_DIR=",
        "SSL_CERT_FILE=",
        "SSH_TTY=",
        "SSH_CONNECTION=",
        "GITHUB_ACTIONS=",
        "XDG_RUNTIME_DIR=",
    };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (strncmp(variable, kept[i], strlen(kept[i])) == 0)
            return true;
    }
    return false;
}

/*
 * Their processes can read what a helper of theirs is given; so root's password at the proxy, which
 * this process needs to get out, goes no further.
 */
static void leave_environment(void)
{
    static const char *const proxies[] = {"https_proxy", "http_proxy", "all_proxy",
                                          "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"};
    char **kept = environ;

    for (char **each = environ; each != NULL && *each != NULL; each++) {
        if (person_is_kept(*each))
            *kept++ = *each;
    }
    if (kept != NULL)
        *kept = NULL;
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        const char *value = getenv(proxies[i]);

        if (value != NULL && strchr(value, '@') != NULL)
            child_withhold(proxies[i]);
    }
}

int person_become(const struct person *person, struct error *err)
{
    if (!person->is_other)
        return 0;
    leave_environment();
    /* Groups first: only root may change them. All three ids, or the saved one leads back. */
    if (initgroups(person->name, person->gid) < 0 ||
        setresgid(person->gid, person->gid, person->gid) < 0 ||
        setresuid(person->uid, person->uid, person->uid) < 0)
        return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot become the user '%s'",
                               person->name);
    if (person->uid != 0 && setuid(0) == 0)
        abort(); /* there must be no way back */
    if (secret_forbid_dump() < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot harden the process");
    return 0;
}
