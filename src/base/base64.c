#include "base/base64.h"

#include <stdint.h>
#include <string.h>

#include <b64/cdecode.h>
#include <b64/cencode.h>

#include "base/scan.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

enum {
    PLAIN_BLOCK = 54,   /* bytes that libb64 1.2 encodes before it breaks the line */
    ENCODED_BLOCK = 80, /* 72 characters and the line ends of every version */
};

/* Append an encoded block without the line ends that libb64 1.2 puts in. */
static int append_unbroken(struct secret *out, const char *block, size_t len, struct error *err)
{
    for (size_t i = 0; i < len; i++) {
        if (block[i] != '\n' && secret_append(out, &block[i], 1, SIZE_MAX - 1, err) < 0)
            return -1;
    }
    return 0;
}

int base64_encode(struct secret *out, const struct secret *in, struct error *err)
{
    struct secret built = SECRET_INIT;
    char block[ENCODED_BLOCK];
    int ret = secret_append_text(&built, "", err);

    for (size_t done = 0; ret == 0 && done < in->len; done += PLAIN_BLOCK) {
        size_t len = in->len - done < PLAIN_BLOCK ? in->len - done : PLAIN_BLOCK;
        base64_encodestate state;
        int encoded;

        base64_init_encodestate(&state);
        encoded = base64_encode_block(in->data + done, (int)len, block, &state);
        encoded += base64_encode_blockend(block + encoded, &state);
        ret = append_unbroken(&built, block, (size_t)encoded, err);
        explicit_bzero(&state, sizeof(state));
    }
    explicit_bzero(block, sizeof(block));
    if (ret == 0)
        secret_move(out, &built);
    secret_clear(&built);
    return ret;
}

int base64_decode(struct secret *out, const char *text, size_t len, struct error *err)
{
    struct scan s = scan_over(text, len);
    struct secret built = SECRET_INIT;
    struct secret again = SECRET_INIT;
    struct span ignored;
    int ret = secret_append_text(&built, "", err);

    /* libb64 1.2 as it was released reads past its table for some foreign bytes. */
    (void)scan_run(&s, alphabet, &ignored);
    if (!scan_is_at_end(&s))
        ret = error_set(err, CLASS_AUTHFILE, "not base64 text");

    for (size_t done = 0; ret == 0 && done + 4 <= len; done += 4) {
        char block[4]; /* the decoder writes one byte past what it returns */
        base64_decodestate state;
        int decoded;

        base64_init_decodestate(&state);
        decoded = base64_decode_block(text + done, 4, block, &state);
        ret = secret_append(&built, block, (size_t)decoded, SIZE_MAX - 1, err);
        explicit_bzero(block, sizeof(block));
        explicit_bzero(&state, sizeof(state));
    }
    /* It takes bad padding, too: only what encodes to the same text was base64. */
    if (ret == 0)
        ret = base64_encode(&again, &built, err);
    if (ret == 0 && (again.len != len || memcmp(secret_text(&again), text, len) != 0))
        ret = error_set(err, CLASS_AUTHFILE, "not base64 text");
    if (ret == 0)
        secret_move(out, &built);
    secret_clear(&built);
    secret_clear(&again);
    return ret;
}
