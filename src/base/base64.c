#include "base/base64.h"

#include <stdint.h>
#include <string.h>

#include <b64/cdecode.h>
#include <b64/cencode.h>

#include "base/scan.h"

/* RFC 4648 section 4, table 1. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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

        /* 54 bytes are whole groups of three, so that each block stands for itself. */
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

int base64_encode_login(struct secret *out, const char *username, const struct secret *token,
                        struct error *err)
{
    struct secret plain = SECRET_INIT;
    int ret = -1;

    if (secret_append_text(&plain, username, err) == 0 &&
        secret_append_text(&plain, ":", err) == 0 &&
        secret_append(&plain, token->data, token->len, SIZE_MAX - 1, err) == 0)
        ret = base64_encode(out, &plain, err);
    secret_clear(&plain);
    return ret;
}

/* Without the line ends, and with padding where it belongs and nowhere else. */
static bool base64_is_encoded(const struct secret *text)
{
    struct scan s = scan_over(secret_text(text), text->len);
    struct span ignored;

    (void)scan_run(&s, alphabet, &ignored);
    if (scan_char(&s, '='))
        (void)scan_char(&s, '=');
    return scan_is_at_end(&s) && text->len % 4 == 0;
}

/* libb64 passes over what is foreign (1.2 reads past its table for that), and over bad padding. */
static int decode_encoded(struct secret *out, const struct secret *text, struct error *err)
{
    int ret = secret_append_text(out, "", err);

    for (size_t done = 0; ret == 0 && done < text->len; done += 4) {
        char block[4]; /* the decoder writes one byte past what it returns */
        base64_decodestate state;
        int decoded;

        base64_init_decodestate(&state);
        decoded = base64_decode_block(text->data + done, 4, block, &state);
        ret = secret_append(out, block, (size_t)decoded, SIZE_MAX - 1, err);
        explicit_bzero(block, sizeof(block));
        explicit_bzero(&state, sizeof(state));
    }
    return ret;
}

int base64_decode(struct secret *out, const char *text, size_t len, struct error *err)
{
    struct secret line = SECRET_INIT;
    struct secret built = SECRET_INIT;
    struct scan s = scan_over(text, len);
    int ret = 0;

    /*
     * Go's decoder takes line ends wherever they are: files that were made with base64(1) have
     * them.
     */
    while (ret == 0 && !scan_is_at_end(&s)) {
        const char *from = s.p;

        while (!scan_is_at_end(&s) && *s.p != '\r' && *s.p != '\n')
            s.p++;
        ret = secret_append(&line, from, (size_t)(s.p - from), SIZE_MAX - 1, err);
        while (scan_char(&s, '\r') || scan_char(&s, '\n'))
            ;
    }
    if (ret == 0 && !base64_is_encoded(&line))
        ret = error_set(err, CLASS_AUTHFILE, "not base64 text");
    if (ret == 0)
        ret = decode_encoded(&built, &line, err);
    if (ret == 0)
        secret_move(out, &built);
    secret_clear(&line);
    secret_clear(&built);
    return ret;
}
