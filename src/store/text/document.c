#include "store/text/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/text/layout.h"
#include "store/text/syntax.h"

static const char *const objects[] = {
    [DOCUMENT_AUTHS] = "auths", [DOCUMENT_HELPERS] = "credHelpers"};

bool document_is_blank(const struct document *document)
{
    struct scan s = scan_over(secret_text(&document->text), document->text.len);
    struct span ignored;

    (void)scan_run(&s, " \t\r\n", &ignored);
    return scan_is_at_end(&s);
}

/* Of checked JSON the first byte tells the type. */
static bool begins_with(struct span value, char c)
{
    return value.len > 0 && value.data[0] == c;
}

bool document_is_text(struct span value)
{
    return begins_with(value, '"');
}

bool document_is_object(struct span value)
{
    return begins_with(value, '{');
}

bool document_is_null(struct span value)
{
    return begins_with(value, 'n');
}

/*
 * By offsets: `keys` moves as it grows, and two pointers more a member would cost as much as the
 * text. 32 bits are enough for DOCUMENT_MAX.
 */
static int add_item(struct document *document, struct document_list *list,
                    const struct layout_member *member, struct error *err)
{
    struct document_item item = {
        .key = (uint32_t)document->keys.len,
        .value = (uint32_t)(member->value.data - document->text.data),
        .len = (uint32_t)member->value.len,
    };

    if (list->count == list->cap) {
        size_t cap = list->cap > 0 ? list->cap * 2 : 16;
        struct document_item *items = realloc(list->items, cap * sizeof(*items));

        if (items == NULL)
            return error_no_memory(err);
        list->items = items;
        list->cap = cap;
    }
    if (syntax_append(&document->keys, layout_inner(member->key), err) < 0 ||
        secret_append(&document->keys, "", 1, SIZE_MAX - 1, err) < 0)
        return -1;
    list->items[list->count++] = item;
    return 0;
}

/* FNV-1a. Returns the first slot to look into. */
static size_t slot_of(const struct document_list *list, const char *key)
{
    uint32_t hash = 0x811c9dc5;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 0x01000193;
    return hash & (list->slot_count - 1);
}

static size_t next_slot(const struct document_list *list, size_t slot)
{
    return (slot + 1) & (list->slot_count - 1);
}

/* For document_get(): many are looked up one by one, and half of the slots stay free. */
static int index_items(const struct document *document, struct document_list *list,
                       struct error *err)
{
    if (list->count == 0)
        return 0;
    for (list->slot_count = 2; list->slot_count < 2 * list->count;)
        list->slot_count *= 2;
    list->slots = calloc(list->slot_count, sizeof(*list->slots));
    if (list->slots == NULL)
        return error_no_memory(err);
    for (size_t i = 0; i < list->count; i++) {
        size_t slot = slot_of(list, document->keys.data + list->items[i].key);

        while (list->slots[slot] != 0)
            slot = next_slot(list, slot);
        list->slots[slot] = (uint32_t)i + 1;
    }
    return 0;
}

/*
 * No member may stand twice in different case, nor be what its readers cannot read. Go's decoder
 * does not mind the case, so that docker would take both for one, and write them back as one.
 */
static int read_object(struct document *document, enum document_object object,
                       const struct layout_member *member, struct error *err)
{
    struct document_list *list = &document->lists[object];
    struct layout_walk walk;

    if (list->name[0] != '\0')
        return error_set(err, CLASS_AUTHFILE, "%s has '%s' twice, in different case",
                         document->name, objects[object]);
    (void)syntax_copy(list->name, sizeof(list->name), layout_inner(member->key));
    if (document_is_null(member->value))
        return 0;
    if (!layout_enter(&walk, member->value))
        return error_set(err, CLASS_AUTHFILE, "'%s' in %s is not an object", objects[object],
                         document->name);
    while (layout_next(&walk)) {
        if (add_item(document, list, &walk.member, err) < 0)
            return -1;
    }
    return index_items(document, list, err);
}

static int read_member(struct document *document, const struct layout_member *member,
                       struct error *err)
{
    struct span name = layout_inner(member->key);

    for (enum document_object each = 0; each < DOCUMENT_OBJECTS; each++) {
        if (syntax_is_name(name, objects[each]))
            return read_object(document, each, member, err);
    }
    if (!syntax_is_name(name, "credsStore"))
        return 0;
    if (document->store.data != NULL)
        return error_set(err, CLASS_AUTHFILE, "%s has 'credsStore' twice, in different case",
                         document->name);
    document->store = member->value;
    return 0;
}

static int read_text(struct document *document, struct error *err)
{
    struct span text = {.data = secret_text(&document->text), .len = document->text.len};
    struct layout_walk walk;

    if (document_is_blank(document))
        return 0;
    /* Before it is parsed: what that takes grows with the text. */
    if (text.len > DOCUMENT_MAX)
        return error_set(err, CLASS_AUTHFILE, "%s is longer than %d MiB", document->name,
                         DOCUMENT_MAX / 1024 / 1024);
    if (syntax_check(&document->text, document->name, err) < 0)
        return error_hint(err, "nothing was changed; repair the file or move it away");
    if (!layout_enter(&walk, text))
        return error_set(err, CLASS_AUTHFILE, "%s is not a JSON object", document->name);
    while (layout_next(&walk)) {
        if (read_member(document, &walk.member, err) < 0)
            return -1;
    }
    return 0;
}

int document_parse(struct document *out, struct secret *text, const char *name, struct error *err)
{
    struct document parsed = DOCUMENT_INIT;
    int ret;

    (void)snprintf(parsed.name, sizeof(parsed.name), "%s", name);
    secret_move(&parsed.text, text);
    ret = read_text(&parsed, err);
    if (ret == 0) {
        document_clear(out);
        *out = parsed;
        parsed = DOCUMENT_INIT; /* moved */
    }
    document_clear(&parsed);
    return ret;
}

void document_clear(struct document *document)
{
    secret_clear(&document->text);
    secret_clear(&document->keys);
    for (size_t i = 0; i < DOCUMENT_OBJECTS; i++) {
        free(document->lists[i].items);
        free(document->lists[i].slots);
    }
    *document = DOCUMENT_INIT;
}

struct document_member document_members(const struct document *document,
                                        enum document_object object)
{
    return (struct document_member){.document = document, .list = &document->lists[object]};
}

bool document_next(struct document_member *member)
{
    const struct document *document = member->document;
    const struct document_item *item;

    if (member->next == member->list->count)
        return false;
    item = &member->list->items[member->next];
    member->key = document->keys.data + item->key;
    member->value = (struct span){.data = document->text.data + item->value, .len = item->len};
    member->number = member->next++;
    return true;
}

/* There is one at most: syntax_check() refuses a key that stands twice. */
bool document_get(struct document_member *out, const struct document *document,
                  enum document_object object, const char *key)
{
    const struct document_list *list = &document->lists[object];

    *out = document_members(document, object);
    if (list->count == 0)
        return false;
    for (size_t slot = slot_of(list, key); list->slots[slot] != 0; slot = next_slot(list, slot)) {
        out->next = list->slots[slot] - 1;
        if (document_next(out) && strcmp(out->key, key) == 0)
            return true;
    }
    return false;
}

struct document_keys document_keys(const struct document *document)
{
    return (struct document_keys){.member = document_members(document, DOCUMENT_AUTHS)};
}

bool document_next_key(struct document_keys *keys)
{
    const struct document *document = keys->member.document;
    struct document_member ignored;

    /* A registry in both counts once, as its entry. */
    if (!keys->is_in_helpers) {
        if (document_next(&keys->member))
            return true;
        keys->is_in_helpers = true;
        keys->member = document_members(document, DOCUMENT_HELPERS);
    }
    while (document_next(&keys->member)) {
        if (!document_get(&ignored, document, DOCUMENT_AUTHS, keys->member.key))
            return true;
    }
    return false;
}

const char *document_store(char *store, const struct document *document)
{
    store[0] = '\0';
    if (document_is_text(document->store))
        (void)syntax_copy(store, READER_HELPER_MAX + 1, layout_inner(document->store));
    return store;
}

const char *document_helper(char *helper, const struct document *document,
                            const struct reader *reader, const char *host)
{
    struct document_member named;
    bool is_named = document_get(&named, document, DOCUMENT_HELPERS, host) &&
                    (document_is_text(named.value) || document_is_null(named.value));

    helper[0] = '\0'; /* null is "", as Go reads it */
    if (is_named && document_is_text(named.value))
        (void)syntax_copy(helper, READER_HELPER_MAX + 1, layout_inner(named.value));
    else if (!is_named && reader->obeys_store)
        (void)document_store(helper, document);
    if (is_named && helper[0] == '\0' && reader->runs_empty_name)
        (void)snprintf(helper, READER_HELPER_MAX + 1, "%s", DOCUMENT_NO_NAME);
    return helper;
}

/* Into the entry: the text of one of its members, null aside. */
static void take_member(struct document_entry *out, const struct layout_member *member)
{
    const struct {
        const char *name;
        struct span *text;
    } rows[] = {
        {"auth", &out->auth},
        {"username", &out->username},
        {"password", &out->password},
        {"identitytoken", &out->identitytoken},
        {"registrytoken", &out->registrytoken},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (document_is_null(member->value) ||
            !syntax_is_name(layout_inner(member->key), rows[i].name))
            continue;
        if (document_is_text(member->value))
            *rows[i].text = layout_inner(member->value);
        else
            out->is_malformed = true;
    }
}

struct document_entry document_entry_of(struct span value)
{
    struct span none = {.data = "", .len = 0};
    struct document_entry entry = {.auth = none,
                                   .username = none,
                                   .password = none,
                                   .identitytoken = none,
                                   .registrytoken = none,
                                   .is_malformed =
                                       !document_is_object(value) && !document_is_null(value)};
    struct layout_walk walk;

    if (!layout_enter(&walk, value))
        return entry;
    for (; layout_next(&walk); entry.count++)
        take_member(&entry, &walk.member);
    return entry;
}

bool document_find(struct document_entry *out, const struct document *document, const char *key)
{
    struct document_member member;

    if (!document_get(&member, document, DOCUMENT_AUTHS, key))
        return false;
    *out = document_entry_of(member.value);
    return true;
}
