#include "inject.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <curl/curl.h>

static const struct {
    const char *name;
    int errnum;
} calls[] = {
#define INJECT_ROW(name, errnum) {#name, errnum},
    INJECT_LIST(INJECT_ROW)
#undef INJECT_ROW
};

/* What all processes of a run share. */
static struct {
    bool has_struck;
    unsigned counts[INJECT_CALLS];
    unsigned steps;
    unsigned seen[INJECT_CALLS]; /* these two of all runs */
    unsigned walked[INJECT_CALLS];
} * shared;

/* What each process has of its own. */
static struct {
    bool is_armed;
    struct inject_fault fault;
    enum inject_call missing;
    int missing_errnum;
} own;

void (*inject_observer)(enum inject_call call, unsigned step);
int64_t inject_pace;
const char *(*inject_url)(const char *url);
struct passwd *inject_user;

__attribute__((constructor)) static void share(void)
{
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort();
}

const char *inject_name(enum inject_call call)
{
    return calls[call].name;
}

int inject_errnum(enum inject_call call)
{
    return calls[call].errnum;
}

void inject_arm(const struct inject_fault *fault, enum inject_call missing, int missing_errnum)
{
    shared->has_struck = false;
    for (size_t i = 0; i < INJECT_CALLS; i++)
        shared->counts[i] = 0;
    shared->steps = 0;
    own.fault = *fault;
    own.missing = missing;
    own.missing_errnum = missing_errnum;
    own.is_armed = true;
}

bool inject_disarm(void)
{
    own.is_armed = false;
    return shared->has_struck;
}

unsigned inject_count(enum inject_call call)
{
    return shared->counts[call];
}

unsigned inject_steps(void)
{
    return shared->steps;
}

static void observe(enum inject_call call)
{
    if (call == INJECT_malloc || call == INJECT_realloc)
        return;
    shared->steps++;
    if (inject_observer == NULL)
        return;
    own.is_armed = false;
    inject_observer(call, shared->steps);
    own.is_armed = true;
}

static enum inject_verdict strike(const struct inject_fault *fault, unsigned number)
{
    if (!shared->has_struck)
        shared->walked[fault->call]++;
    shared->has_struck = true;
    errno = fault->errnum;
    return number == fault->nth && fault->how >= INJECT_SHORT ? INJECT_HALF : INJECT_FAIL;
}

enum inject_verdict inject_judge(enum inject_call call)
{
    const struct inject_fault *fault = &own.fault;
    unsigned number;

    if (!own.is_armed)
        return INJECT_GO;
    number = __atomic_add_fetch(&shared->counts[call], 1, __ATOMIC_RELAXED);
    (void)__atomic_add_fetch(&shared->seen[call], 1, __ATOMIC_RELAXED);
    observe(call);
    if (call == own.missing) {
        errno = own.missing_errnum;
        return INJECT_FAIL;
    }
    if (call != fault->call || fault->nth == 0 || number < fault->nth)
        return INJECT_GO;
    if (number > fault->nth && fault->how != INJECT_EVER && fault->how != INJECT_SHORT_THEN_FAIL)
        return INJECT_GO;
    return strike(fault, number);
}

void inject_report(const char *program)
{
    const char *dir = getenv("FAULTS_DIR");
    char path[4096];
    FILE *file;

    if (dir == NULL)
        return;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, program);
    file = fopen(path, "we");
    if (file == NULL)
        abort();
    for (enum inject_call call = 0; call < INJECT_CALLS; call++)
        (void)fprintf(file, "%s %u %u\n", calls[call].name, shared->seen[call],
                      shared->walked[call]);
    if (fclose(file) != 0)
        abort();
}
