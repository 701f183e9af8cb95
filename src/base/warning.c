#include "base/warning.h"

#include <stdarg.h>
#include <stdio.h>

void warnings_add(struct warnings *warnings, const char *fmt, ...)
{
    va_list ap;

    if (warnings->count == WARNINGS_MAX)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(warnings->items[warnings->count], WARNING_LEN_MAX + 1, fmt, ap);
    va_end(ap);
    warnings->count++;
}
