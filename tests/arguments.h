/*
 * For tests that link a variadic call such as syscall() through themselves (ld's --wrap), to hand
 * on what it was given.
 */
#ifndef TESTS_ARGUMENTS_H
#define TESTS_ARGUMENTS_H

#include <stdarg.h>
#include <stddef.h>

enum { ARGUMENTS = 5 }; /* as many as there are registers for, which may be read unset */

/* Fill a[ARGUMENTS] with what comes behind the parameter `last`. */
#define ARGUMENTS_TAKE(a, last)                                                                    \
    do {                                                                                           \
        va_list rest_;                                                                             \
                                                                                                   \
        va_start(rest_, last);                                                                     \
        for (size_t i_ = 0; i_ < ARGUMENTS; i_++)                                                  \
            (a)[i_] = va_arg(rest_, long);                                                         \
        va_end(rest_);                                                                             \
    } while (0)

#endif
