#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[] = {
    [CLASS_NONE] = "none",         [CLASS_INTERNAL] = "internal",
    [CLASS_USAGE] = "usage",       [CLASS_CREDENTIAL] = "credential",
    [CLASS_REJECTED] = "rejected", [CLASS_UNREACHABLE] = "unreachable",
    [CLASS_UNPROVED] = "unproved", [CLASS_FORBIDDEN] = "forbidden",
    [CLASS_AUTHFILE] = "authfile", [CLASS_HELPER] = "helper",
    [CLASS_EXPIRING] = "expiring",
};

/* What does not fit is cut, here and below: that is good enough for words. */
__attribute__((format(printf, 4, 0))) static void
error_fill(struct error *err, enum exit_class cls, const char *hint, const char *fmt, va_list ap)
{
    err->cls = cls;
    (void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
    (void)snprintf(err->hint, sizeof(err->hint), "%s", hint);
}

/*
 * The first error wins: what fails while another failure is dealt with says less about the cause.
 */
int error_set(struct error *err, enum exit_class cls, const char *fmt, ...)
{
    va_list ap;

    if (err->cls != CLASS_NONE)
        return -1;
    va_start(ap, fmt);
    error_fill(err, cls, "", fmt, ap);
    va_end(ap);
    return -1;
}

int error_set_hint(struct error *err, enum exit_class cls, const char *hint, const char *fmt, ...)
{
    va_list ap;

    if (err->cls != CLASS_NONE)
        return -1;
    va_start(ap, fmt);
    error_fill(err, cls, hint, fmt, ap);
    va_end(ap);
    return -1;
}

int error_append(struct error *err, const char *fmt, ...)
{
    size_t len = strlen(err->message);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(err->message + len, sizeof(err->message) - len, fmt, ap);
    va_end(ap);
    return -1;
}

int error_set_errno(struct error *err, enum exit_class cls, int errnum, const char *fmt, ...)
{
    va_list ap;

    if (err->cls != CLASS_NONE)
        return -1;
    va_start(ap, fmt);
    error_fill(err, cls, "", fmt, ap);
    va_end(ap);
    /* strerror() is no function for threads; there is one that fills errors. */
    return error_append(err, ": %s", strerror(errnum));
}

int error_no_memory(struct error *err)
{
    return error_set(err, CLASS_INTERNAL, "out of memory");
}

/* The first hint wins, too: it comes from the code nearest to the fault. */
int error_hint(struct error *err, const char *fmt, ...)
{
    va_list ap;

    if (err->hint[0] != '\0')
        return -1;
    va_start(ap, fmt);
    (void)vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
    va_end(ap);
    return -1;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
    char inner[sizeof(err->message)];
    va_list ap;

    /* vsnprintf() must not write over what it reads. */
    memcpy(inner, err->message, sizeof(inner));
    va_start(ap, fmt);
    (void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    return error_append(err, ": %s", inner);
}

void warnings_add(struct warnings *warnings, const char *fmt, ...)
{
    va_list ap;
    char *added;

    if (warnings->count == WARNINGS_MAX)
        return;
    /* Written where it would stand, and compared there: only then does it count. */
    added = warnings->items[warnings->count];
    va_start(ap, fmt);
    (void)vsnprintf(added, WARNING_LEN_MAX + 1, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < warnings->count; i++) {
        if (strcmp(warnings->items[i], added) == 0)
            return;
    }
    warnings->count++;
}

const char *exit_class_name(enum exit_class cls)
{
    return class_names[cls];
}

bool exit_class_is_worse(enum exit_class a, enum exit_class b)
{
    static const int rank[] = {
        [CLASS_NONE] = 0,     [CLASS_CREDENTIAL] = 1,  [CLASS_EXPIRING] = 2,
        [CLASS_UNPROVED] = 3, [CLASS_UNREACHABLE] = 4, [CLASS_FORBIDDEN] = 5,
        [CLASS_REJECTED] = 6, [CLASS_HELPER] = 7,      [CLASS_AUTHFILE] = 8,
        [CLASS_USAGE] = 9,    [CLASS_INTERNAL] = 10,
    };

    return rank[a] > rank[b];
}
