#include "base/secret.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

/* Room for a token of any kind, so that it is rarely moved. */
enum { SECRET_CAP_MIN = 256 };

void secret_clear(struct secret *s)
{
    if (s == NULL)
        return;
    if (s->data != NULL) {
        /* All of the block: what was after its present end was a secret as well. */
        explicit_bzero(s->data, s->cap);
        free(s->data);
    }
    *s = SECRET_INIT;
}

/* realloc() may move a block and leave the old one as it was, with the secret in it. */
static int secret_reserve(struct secret *s, size_t len, struct error *err)
{
    size_t cap = s->cap > 0 ? s->cap : SECRET_CAP_MIN;
    char *data;

    /* One byte more than its length, for the NUL after it. */
    if (len < s->cap)
        return 0;
    while (cap <= len) {
        if (cap > SIZE_MAX / 2)
            return error_no_memory(err);
        cap *= 2;
    }
    data = malloc(cap);
    if (data == NULL)
        return error_no_memory(err);
    if (s->data != NULL) {
        memcpy(data, s->data, s->len);
        explicit_bzero(s->data, s->cap);
        free(s->data);
    }
    s->data = data;
    s->cap = cap;
    s->data[s->len] = '\0';
    return 0;
}

int secret_append(struct secret *s, const void *data, size_t len, size_t max, struct error *err)
{
    /* Compared without a sum, which could wrap round. */
    if (len > max || s->len > max - len)
        return error_set(err, CLASS_INTERNAL, "more than %zu bytes", max);
    if (secret_reserve(s, s->len + len, err) < 0)
        return -1;
    if (len > 0)
        memcpy(s->data + s->len, data, len);
    s->len += len;
    s->data[s->len] = '\0';
    return 0;
}

int secret_append_text(struct secret *s, const char *text, struct error *err)
{
    return secret_append(s, text, strlen(text), SIZE_MAX - 1, err);
}

void secret_move(struct secret *to, struct secret *from)
{
    secret_clear(to);
    *to = *from;
    *from = SECRET_INIT;
}

const char *secret_text(const struct secret *s)
{
    return s->data != NULL ? s->data : "";
}

bool secret_is_equal(const struct secret *a, const struct secret *b)
{
    unsigned char difference = 0;

    if (a->len != b->len)
        return false;
    /* In a time that tells nothing of where they differ. */
    for (size_t i = 0; i < a->len; i++)
        difference |= (unsigned char)(a->data[i] ^ b->data[i]);
    return difference == 0;
}

/* Neither a core file nor a debugger of the same user may have the memory. */
int secret_forbid_dump(void)
{
#if defined(__linux__)
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#else
    return 0;
#endif
}

/*
 * Every block begins with its size, padded so that what follows is aligned for any type.
 */
union wipe_header {
    size_t size;
    max_align_t align;
};

/* libcurl has a thread of its own while it looks for an address. */
static atomic_bool is_starved;

/* jansson and libcurl may go on without what they did not get, and then do half of it. */
bool wipe_was_starved(void)
{
    return atomic_exchange(&is_starved, false);
}

void *wipe_malloc(size_t size)
{
    union wipe_header *header = NULL;

    if (size <= SIZE_MAX - sizeof(*header))
        header = malloc(sizeof(*header) + size);
    if (header == NULL) {
        atomic_store(&is_starved, true);
        return NULL;
    }
    header->size = size;
    return header + 1;
}

void *wipe_calloc(size_t count, size_t size)
{
    void *block;

    /* A product that wraps round would be a block that is too small. */
    block = wipe_malloc(size > 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

/* As secret_reserve(): never realloc(), which may leave a copy behind. */
void *wipe_realloc(void *block, size_t size)
{
    const union wipe_header *header;
    void *moved;

    if (block == NULL)
        return wipe_malloc(size);
    header = (const union wipe_header *)block - 1;
    moved = wipe_malloc(size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, header->size < size ? header->size : size);
    wipe_free(block);
    return moved;
}

char *wipe_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = wipe_malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

void wipe_free(void *block)
{
    union wipe_header *header;

    if (block == NULL)
        return;
    header = (union wipe_header *)block - 1;
    explicit_bzero(block, header->size);
    free(header);
}
