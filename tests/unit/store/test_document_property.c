/*
 * What holds of every document: the result parses to the input with exactly one entry set, and
 * every byte but those of that entry is where it was. Documents are made at random; iteration N
 * makes the same one in every run. The generator notes where the replaced value stands, so that
 * nothing here depends on the scanner under test.
 */
#include "store/text/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "documents.h"
#include "random_document.h"

#define AUTH "b2N0b2NhdDp0b2tlbg=="

enum { ITERATIONS = 6000 };

/* The input's tree with the entry set, by jansson alone. */
static json_t *expected_tree(json_t *root)
{
    const char *auths_name = "auths";
    const char *name;
    json_t *value;
    json_t *auths;

    json_object_foreach(root, name, value)
    {
        if (strcasecmp(name, "auths") == 0)
            auths_name = name;
    }
    auths = json_object_get(root, auths_name);
    if (!json_is_object(auths)) {
        char kept[8];

        (void)snprintf(kept, sizeof(kept), "%s", auths_name);
        support_must(json_object_set_new(root, kept, json_object()) == 0, "json");
        auths = json_object_get(root, kept);
    }
    support_must(json_object_set_new(auths, KEY, json_pack("{s:s}", "auth", AUTH)) == 0, "json");
    return root;
}

static bool is_meant(const struct secret *before, const struct secret *after)
{
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_t *root = json_loadb(before->data, before->len, flags, NULL);
    json_t *result = json_loadb(after->data, after->len, flags, NULL);
    bool same;

    support_must(root != NULL, "the generator made no JSON");
    same = result != NULL && json_equal(expected_tree(root), result);
    json_decref(root);
    json_decref(result);
    return same;
}

/* Whether `after` is `before` with other bytes in place of [from, to), or with some put in. */
static bool is_rest_kept(const struct maker *m, const struct secret *before,
                         const struct secret *after)
{
    size_t least = before->len < after->len ? before->len : after->len;
    size_t head = 0;
    size_t tail = 0;

    while (head < least && before->data[head] == after->data[head])
        head++;
    while (tail < least &&
           before->data[before->len - 1 - tail] == after->data[after->len - 1 - tail])
        tail++;
    if (!m->has_target)
        return after->len > before->len && head + tail >= before->len;
    return head >= m->from && tail >= before->len - m->to &&
           after->len >= m->from + (before->len - m->to);
}

/* What was put in can be taken out, and then all is as it was but for the entry that was there. */
static bool is_removed(const struct secret *with)
{
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    struct document_edit edit = {.change = DOCUMENT_REMOVE, .key = KEY};
    struct secret without = SECRET_INIT;
    struct error err = ERROR_INIT;
    json_t *root = json_loadb(with->data, with->len, flags, NULL);
    json_t *result = NULL;
    bool changed = false;
    bool good = documents_edit(&without, with, "'FILE'", &edit, &changed, &err) == 0 && changed;
    const char *name;
    json_t *value;

    json_object_foreach(root, name, value)
    {
        if (strcasecmp(name, "auths") == 0)
            support_must(json_object_del(value, KEY) == 0, "json");
    }
    if (good)
        result = json_loadb(without.data, without.len, flags, NULL);
    good = good && json_equal(root, result) && without.len < with->len;
    json_decref(root);
    json_decref(result);
    secret_clear(&without);
    return good;
}

static void check_one(uint64_t number, struct maker *m)
{
    struct secret auth = support_secret(AUTH);
    struct secret once = SECRET_INIT;
    struct secret twice = SECRET_INIT;
    struct error err = ERROR_INIT;
    bool changed = false;
    bool changed_again = true;
    bool good;

    put_document(m, number);
    good =
        documents_edit(&once, &m->text, "'FILE'",
                       &(struct document_edit){DOCUMENT_STORE, KEY, &auth}, &changed, &err) == 0 &&
        changed && is_meant(&m->text, &once) && is_rest_kept(m, &m->text, &once) &&
        documents_edit(&twice, &once, "'FILE'", &(struct document_edit){DOCUMENT_STORE, KEY, &auth},
                       &changed_again, &err) == 0 &&
        !changed_again && secret_is_equal(&once, &twice) && is_removed(&once);
    if (!good)
        print_error("iteration %llu: %s\n--- before\n%s\n--- after\n%s\n",
                    (unsigned long long)number, err.message, secret_text(&m->text),
                    secret_text(&once));
    assert_true(good);
    secret_clear(&auth);
    secret_clear(&once);
    secret_clear(&twice);
}

static void one_entry_is_set_and_the_rest_kept(void **state)
{
    size_t bytes = 0;
    int replaced = 0;

    (void)state;
    for (uint64_t number = 0; number < ITERATIONS; number++) {
        struct maker m = {.text = SECRET_INIT};

        check_one(number, &m);
        bytes += m.text.len;
        replaced += m.has_target;
        secret_clear(&m.text);
    }
    print_message("           %d documents, %zu bytes, %d with a value to replace\n", ITERATIONS,
                  bytes, replaced);
    assert_in_range(replaced, ITERATIONS / 5, ITERATIONS * 4 / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_entry_is_set_and_the_rest_kept),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
