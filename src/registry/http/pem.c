#include "registry/http/pem.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/base64.h"

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";
static const char end_line[] = "-----END CERTIFICATE-----";

enum {
    DER_SEQUENCE = 0x30,
    DER_BIT_STRING = 0x03,
    DER_CONSTRUCTED = 0x20,
    /* A tag of several bytes, which no part of a certificate has. */
    DER_LONG_TAG = 0x1f,
    /* Certificates nest a dozen deep; the text is a file of anybody's, and this recurses. */
    DER_DEPTH_MAX = 32,
    PEM_LINE_LEN = 64, /* characters, RFC 7468 section 2 */
};

struct der {
    const unsigned char *p;
    const unsigned char *end;
};

/* Past tag and length of the next element; its content is *inner, and stands before s->p then. */
static bool der_next(struct der *s, unsigned char *tag, struct der *inner)
{
    size_t len;

    if (s->end - s->p < 2)
        return false;
    *tag = *s->p++;
    len = *s->p++;
    if (len >= 0x80) {
        size_t bytes = len - 0x80;

        /* 0 would be the indefinite form, which DER does not have (X.690 section 10.1). */
        if (bytes == 0 || bytes > 4 || (size_t)(s->end - s->p) < bytes)
            return false;
        for (len = 0; bytes > 0; bytes--)
            len = len << 8 | *s->p++;
    }
    if ((*tag & DER_LONG_TAG) == DER_LONG_TAG || len > (size_t)(s->end - s->p))
        return false;
    *inner = (struct der){.p = s->p, .end = s->p + len};
    s->p += len;
    return true;
}

/* Whether one element follows another up to the end, and so within each that has inner ones. */
static bool der_nests(struct der s, unsigned depth)
{
    while (s.p < s.end) {
        struct der inner;
        unsigned char tag;

        if (depth == 0 || !der_next(&s, &tag, &inner) ||
            ((tag & DER_CONSTRUCTED) != 0 && !der_nests(inner, depth - 1)))
            return false;
    }
    return true;
}

/*
 * SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }, RFC 5280 section 4.1. More is
 * not looked at: whether it can be trusted is OpenSSL's to say.
 */
static bool der_is_certificate(const struct secret *text)
{
    static const unsigned char parts[] = {DER_SEQUENCE, DER_SEQUENCE, DER_BIT_STRING};
    struct der whole = {.p = (const unsigned char *)secret_text(text)};
    struct der inner;
    struct der part;
    unsigned char tag;

    whole.end = whole.p + text->len;
    if (!der_nests(whole, DER_DEPTH_MAX) || !der_next(&whole, &tag, &inner) ||
        tag != DER_SEQUENCE || whole.p != whole.end)
        return false;
    for (size_t i = 0; i < sizeof(parts); i++) {
        if (!der_next(&inner, &tag, &part) || tag != parts[i])
            return false;
    }
    return inner.p == inner.end;
}

/* Written anew, not copied: OpenSSL drops a whole bundle for one odd line. */
static int pem_append_block(struct secret *out, const struct secret *der, size_t max,
                            struct error *err)
{
    struct secret line = SECRET_INIT;
    int ret = base64_encode(&line, der, err);

    if (ret == 0)
        ret = secret_append(out, begin_line, strlen(begin_line), max, err);
    for (size_t done = 0; ret == 0 && done < line.len; done += PEM_LINE_LEN) {
        size_t left = line.len - done;

        ret = secret_append(out, "\n", 1, max, err);
        if (ret == 0)
            ret = secret_append(out, line.data + done, left < PEM_LINE_LEN ? left : PEM_LINE_LEN,
                                max, err);
    }
    if (ret == 0)
        ret = secret_append(out, "\n", 1, max, err);
    if (ret == 0)
        ret = secret_append(out, end_line, strlen(end_line), max, err);
    if (ret == 0)
        ret = secret_append(out, "\n", 1, max, err);
    secret_clear(&line);
    return ret;
}

/* Blanks at the ends of lines are common; base64_decode() passes over line ends alone. */
static int pem_decode(struct secret *der, const char *from, const char *to, struct error *err)
{
    struct secret text = SECRET_INIT;
    int ret = 0;

    while (ret == 0 && from < to) {
        size_t len = strcspn(from, " \t\r\n");

        if (len > (size_t)(to - from))
            len = (size_t)(to - from);
        ret = secret_append(&text, from, len, SIZE_MAX / 2, err);
        from += len;
        from += strspn(from, " \t\r\n");
    }
    if (ret == 0)
        ret = base64_decode(der, secret_text(&text), text.len, err);
    secret_clear(&text);
    return ret;
}

int pem_append_certificates(struct secret *out, const struct secret *text, size_t max,
                            struct error *err)
{
    const char *from = secret_text(text);
    int ret = 0;

    while (ret == 0 && (from = strstr(from, begin_line)) != NULL) {
        const char *to = strstr(from += strlen(begin_line), end_line);
        /* A block without its end would take the next one for its own. */
        const char *next = strstr(from, "-----BEGIN");
        struct error damage = ERROR_INIT;
        struct secret der = SECRET_INIT;

        if (to == NULL)
            break;
        if ((next == NULL || next > to) && pem_decode(&der, from, to, &damage) == 0 &&
            der_is_certificate(&der))
            ret = pem_append_block(out, &der, max, err);
        else if (damage.cls == CLASS_INTERNAL)
            ret = error_no_memory(err);
        secret_clear(&der);
    }
    return ret;
}
