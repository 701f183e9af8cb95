#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { READ_BLOCK = 16384 };

/* Returns 1 when `fd` can be read without waiting, 0 when time is up, -1 with errno set. */
static int wait_readable(int fd, const struct io_input *input)
{
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        int64_t left = input->clock != NULL ? clock_left(input->clock, input->deadline_ms) : -1;
        /* Without a clock -1: as long as it takes. */
        int ready = poll(&pfd, 1, left > INT_MAX ? INT_MAX : (int)left);

        if (ready >= 0)
            return ready;
        if (errno != EINTR)
            return -1;
    }
}

/* Returns how many bytes were read, 0 at the end, or -1 with *err set. */
static ssize_t read_some(int fd, char *buf, size_t size, const struct io_input *input,
                         struct error *err)
{
    for (;;) {
        int ready = wait_readable(fd, input);
        ssize_t n;

        if (ready == 0)
            return error_set(err, input->cls, "timed out reading %s", input->name);
        n = ready > 0 ? read(fd, buf, size) : -1;
        if (n >= 0)
            return n;
        /* EAGAIN: descriptors that we were given may be non-blocking, and shared with others. */
        if (errno != EINTR && errno != EAGAIN)
            return error_set_errno(err, input->cls, errno, "cannot read %s", input->name);
    }
}

int io_read_all(struct secret *out, int fd, const struct io_input *input, struct error *err)
{
    struct secret built = SECRET_INIT;
    char block[READ_BLOCK];
    ssize_t n;
    int ret = secret_append_text(&built, "", err);

    while (ret == 0 && (n = read_some(fd, block, sizeof(block), input, err)) != 0) {
        if (n < 0)
            ret = -1;
        /* What is longer is refused, not cut: half a token or half a file is worse than none. */
        else if ((size_t)n > input->max + input->line_end - built.len)
            ret =
                error_set(err, input->cls, "%s is longer than %zu bytes", input->name, input->max);
        else
            ret = secret_append(&built, block, (size_t)n, SIZE_MAX - 1, err);
    }
    explicit_bzero(block, sizeof(block));
    if (ret == 0)
        secret_move(out, &built);
    secret_clear(&built);
    return ret;
}

int io_read_path(struct secret *out, const char *path, const struct io_input *input, int *errnum,
                 struct error *err)
{
    /* O_NONBLOCK: a pipe that nobody writes to must not hold up the open itself. */
    /* Links are followed: a secret that Kubernetes mounts is one. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int ret;

    if (errnum != NULL)
        *errnum = fd < 0 ? errno : 0;
    if (fd < 0)
        return error_set_errno(err, input->cls, errno, "cannot open %s", input->name);
    ret = io_read_all(out, fd, input, err);
    (void)close(fd); /* nothing was written through it */
    return ret;
}

int io_write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        /* A part of it, as a pipe or a disk that is nearly full takes. */
        data += n;
        len -= (size_t)n;
    }
    return 0;
}
