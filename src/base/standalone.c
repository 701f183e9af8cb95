/*
 * Only in the static executable, in the place of what glibc would load shared objects for. These
 * would have to be of the very glibc that it was linked with, and the host's are of another: so
 * names come from c-ares, users from /etc/passwd and /etc/group, and nothing is loaded. The
 * linker's warning of such a call is an error in the static build, so that none comes in unseen.
 */
#include <dlfcn.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct passwd *find_user(const char *name, uid_t uid)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *user = NULL;

    if (file == NULL)
        return NULL;
    do {
        user = fgetpwent(file);
    } while (user != NULL &&
             (name != NULL ? strcmp(user->pw_name, name) != 0 : user->pw_uid != uid));
    (void)fclose(file);
    return user;
}

struct passwd *getpwuid(uid_t uid)
{
    return find_user(NULL, uid);
}

struct passwd *getpwnam(const char *name)
{
    return find_user(name, 0);
}

static bool has_member(const struct group *group, const char *name)
{
    for (char **member = group->gr_mem; *member != NULL; member++) {
        if (strcmp(*member, name) == 0)
            return true;
    }
    return false;
}

int initgroups(const char *name, gid_t first)
{
    /* 256 KB: too much for a stack, and called once. */
    static gid_t groups[NGROUPS_MAX];
    FILE *file = fopen("/etc/group", "re");
    const struct group *group;
    size_t count = 0;

    groups[count++] = first;
    while (file != NULL && count < NGROUPS_MAX && (group = fgetgrent(file)) != NULL) {
        if (has_member(group, name))
            groups[count++] = group->gr_gid;
    }
    if (file != NULL)
        (void)fclose(file);
    return setgroups(count, groups);
}

/* What follows only has to be there: .netrc files, libcrypto's own sockets, ports with names. */

/* libcurl: the home of a .netrc, which is never read. */
int getpwuid_r(uid_t uid, struct passwd *user, char *buffer, size_t size, struct passwd **result)
{
    (void)uid;
    (void)user;
    (void)buffer;
    (void)size;
    *result = NULL;
    return 0;
}

/* libcurl asks c-ares instead. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)node;
    (void)service;
    (void)hints;
    (void)result;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *result)
{
    (void)result;
}

const char *gai_strerror(int code)
{
    (void)code;
    return "not in a static executable";
}

int getnameinfo(const struct sockaddr *address, socklen_t address_len, char *host,
                socklen_t host_len, char *service, socklen_t service_len, int flags)
{
    (void)address;
    (void)address_len;
    (void)host;
    (void)host_len;
    (void)service;
    (void)service_len;
    (void)flags;
    return EAI_FAIL;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    return NULL;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    (void)name;
    (void)protocol;
    return NULL;
}

/* c-ares: ports are always numbers here. */
int getservbyname_r(const char *name, const char *protocol, struct servent *entry, char *buffer,
                    size_t size, struct servent **result)
{
    (void)name;
    (void)protocol;
    (void)entry;
    (void)buffer;
    (void)size;
    *result = NULL;
    return -1;
}

int getservbyport_r(int port, const char *protocol, struct servent *entry, char *buffer,
                    size_t size, struct servent **result)
{
    (void)port;
    (void)protocol;
    (void)entry;
    (void)buffer;
    (void)size;
    *result = NULL;
    return -1;
}

/*
 * OpenSSL's modules, which its configuration may name. dlopen() itself is linked in by iconv(), of
 * which nobody makes use: ld gives libcrypto this in its place (--wrap).
 */
void *__wrap_dlopen(const char *name, int flags);

void *__wrap_dlopen(const char *name, int flags)
{
    (void)name;
    (void)flags;
    return NULL;
}

void *dlsym(void *handle, const char *name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

int dladdr(const void *address, Dl_info *info)
{
    (void)address;
    (void)info;
    return 0;
}

char *dlerror(void)
{
    static char text[] = "not in a static executable";

    return text;
}
