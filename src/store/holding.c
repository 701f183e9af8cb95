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
