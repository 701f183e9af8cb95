#include "store/holding.h"

#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "store/document.h"

void holding_clear(struct holding *holding)
{
    if (holding == NULL)
        return;
    secret_clear(&holding->username);
    secret_clear(&holding->token);
    *holding = HOLDING_INIT;
}

/* base64 of "user:password". Readers drop NUL bytes at the ends of the password. */
static int split_auth(struct holding *out, const struct secret *auth, struct error *err)
{
    struct secret plain = SECRET_INIT;
    int ret = base64_decode(&plain, secret_text(auth), auth->len, err);
    const char *end = secret_text(&plain) + plain.len;
    const char *colon = ret == 0 ? memchr(secret_text(&plain), ':', plain.len) : NULL;
    const char *token = colon != NULL ? colon + 1 : end;

    if (ret == 0 && (colon == NULL || colon == plain.data))
        ret = error_set(err, CLASS_AUTHFILE, "it has no user name and password");
    if (ret == 0) {
        while (token < end && *token == '\0')
            token++;
        while (token < end && end[-1] == '\0')
            end--;
        ret = secret_append(&out->username, plain.data, (size_t)(colon - plain.data), SIZE_MAX - 1,
                            err);
    }
    if (ret == 0)
        ret = secret_append(&out->token, token, (size_t)(end - token), SIZE_MAX - 1, err);
    secret_clear(&plain);
    return ret;
}

static int take(struct holding *out, struct document_entry *entry, enum auth_format reader,
                struct error *err)
{
    if (entry->identitytoken.len > 0) {
        secret_move(&out->token, &entry->identitytoken);
        out->is_identity_token = true;
        return secret_append_text(&out->username, "<token>", err);
    }
    if (entry->auth.len > 0)
        return split_auth(out, &entry->auth, err);
    if (reader == AUTH_FORMAT_DOCKER && entry->username.len > 0 && entry->password.len > 0) {
        secret_move(&out->username, &entry->username);
        secret_move(&out->token, &entry->password);
    }
    return 0;
}

int holding_find(struct holding *out, const struct secret *text, const char *name, const char *key,
                 enum auth_format reader, struct error *err)
{
    struct holding built = HOLDING_INIT;
    struct document_entry entry;
    int ret = document_find(&entry, text, name, key, err);

    if (ret <= 0)
        return ret;
    if (take(&built, &entry, reader, err) < 0) {
        (void)error_wrap(err, "the entry '%.200s' in %s cannot be used", key, name);
        ret = -1;
    } else {
        holding_clear(out);
        *out = built;
        built = HOLDING_INIT; /* moved */
    }
    holding_clear(&built);
    document_entry_clear(&entry);
    return ret;
}

struct checking {
    const char *name;
    struct error err;
};

/* Docker passes line ends over. */
static int append_lines(struct secret *out, const char *text, size_t len, struct error *err)
{
    for (size_t i = 0; i < len; i++) {
        size_t from = i;

        while (i < len && text[i] != '\r' && text[i] != '\n')
            i++;
        if (secret_append(out, text + from, i - from, SIZE_MAX - 1, err) < 0)
            return -1;
    }
    return 0;
}

static bool check_auth(void *ctx, const char *key, const char *auth, size_t len)
{
    struct checking *checking = ctx;
    struct holding holding = HOLDING_INIT;
    struct secret line = SECRET_INIT;
    int ret = append_lines(&line, auth, len, &checking->err);

    if (ret == 0 && line.len > 0)
        ret = split_auth(&holding, &line, &checking->err);
    if (ret < 0)
        (void)error_wrap(&checking->err,
                         "docker takes nothing from %s, for the entry '%.200s' cannot be used",
                         checking->name, key);
    holding_clear(&holding);
    secret_clear(&line);
    return ret == 0;
}

int holding_check_all(const struct secret *text, const char *name, struct error *err)
{
    struct checking checking = {.name = name, .err = ERROR_INIT};

    if (document_each_auth(text, name, check_auth, &checking, err) < 0)
        return -1;
    if (checking.err.cls == CLASS_NONE)
        return 0;
    *err = checking.err;
    return error_hint(err, "remove that entry, or log in to its registry again");
}
