/*
 * JSON documents made at random, in any layout, with or without "auths" and the entry KEY, and full
 * of what only looks like them. The same number makes the same document in every run.
 */
#ifndef TESTS_STORE_RANDOM_DOCUMENT_H
#define TESTS_STORE_RANDOM_DOCUMENT_H

#include "files.h"

#define KEY "ghcr.io"

enum { DEPTH_MAX = 5, TEXT_MAX = 1 << 20 };

/* A document in the making; cleared by clearing its text. */
struct maker {
    uint64_t random;
    struct secret text;
    int blanks;  /* how richly to lay out: 0 nothing, 1 lines, 2 anything */
    size_t from; /* what an edit may replace: text[from .. to) */
    size_t to;
    bool has_target; /* else an edit only inserts */
};

/* xorshift64* */
static uint32_t below(struct maker *m, uint32_t bound)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (uint32_t)((m->random * 2685821657736338717ULL) >> 33) % bound;
}

static void put(struct maker *m, const char *text)
{
    struct error err = ERROR_INIT;

    support_must(secret_append(&m->text, text, strlen(text), TEXT_MAX, &err) == 0, "append");
}

static void put_any(struct maker *m, const char *const *table, size_t count)
{
    put(m, table[below(m, (uint32_t)count)]);
}

#define PUT_ANY(m, table) put_any(m, table, sizeof(table) / sizeof((table)[0]))

static void put_blanks(struct maker *m, int depth)
{
    static const char *const blanks[] = {" ", "\t", "\n", "\r\n", "  ", "\n\n    ", "\r", " \t \n"};

    if (m->blanks == 1) {
        put(m, "\n");
        while (depth-- > 0)
            put(m, "  ");
    }
    while (m->blanks == 2 && below(m, 2) == 0)
        PUT_ANY(m, blanks);
}

/* One character of `name`, plain or in one of the two escapes that stand for it. */
static void put_character(struct maker *m, char c)
{
    char escape[8];
    uint32_t form = below(m, 16);

    (void)snprintf(escape, sizeof(escape), form == 0 ? "\\u%04x" : "\\u%04X", (unsigned)c);
    if (form > 1)
        (void)snprintf(escape, sizeof(escape), "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
    put(m, escape);
}

static void put_name(struct maker *m, const char *name)
{
    put(m, "\"");
    while (*name != '\0')
        put_character(m, *name++);
    put(m, "\"");
}

static void put_scalar(struct maker *m)
{
    static const char *const scalars[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "0.1",
        "1e5",
        "1E+05",
        "-12.50e-3",
        "18446744073709551616",
        "-99999999999999999999999999999999999",
        "0.30000000000000004",
        "\"\"",
        "\"auths\"",
        "\"" KEY "\"",
        "\"\\\"auths\\\":{\\\"ghcr.io\\\":{}}\"",
        "\"}\"",
        "\"{[\"",
        "\"\\\\\"",
        "\"\\\\\\\"\"",
        "\"\\/\\b\\f\\n\\r\\t\"",
        "\",:\"",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00\xf0\x9f\x98\x80\"",
        "\"\xc3\xa9\x7f\"",
        "\"\\u2028\"",
    };

    PUT_ANY(m, scalars);
}

static void put_value(struct maker *m, int depth);

static void put_array(struct maker *m, int depth)
{
    uint32_t count = below(m, 4);

    put(m, "[");
    for (uint32_t i = 0; i < count; i++) {
        put(m, i > 0 ? "," : "");
        put_blanks(m, depth + 1);
        put_value(m, depth + 1);
        put_blanks(m, depth);
    }
    put(m, "]");
}

static void put_colon(struct maker *m)
{
    if (m->blanks == 2)
        put_blanks(m, 0);
    put(m, m->blanks == 1 ? ": " : ":");
    if (m->blanks == 2)
        put_blanks(m, 0);
}

/* What may stand in any object; the number makes a name that stands there once. */
static void put_filler(struct maker *m, uint32_t number, int depth)
{
    static const char *const names[] = {"",           "auth",        "a",
                                        "GHCR.IO",    "ghcr.io:443", "ghcr.i",
                                        "\"{",        "}\\",         "https://ghcr.io",
                                        "credsStore", "\xc3\xa9,:"};
    static const size_t count = sizeof(names) / sizeof(names[0]);
    char name[64];

    (void)snprintf(name, sizeof(name), "%s", names[number % count]);
    if (number >= count)
        (void)snprintf(name, sizeof(name), "%s%u", names[number % count], number);
    put(m, "\"");
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x80)
            put_character(m, *c);
        else
            put(m, (const char[]){*c, '\0'});
    }
    put(m, "\"");
    put_colon(m);
    put_value(m, depth);
}

/* An object whose member number `at` is made by `special`, where that is not NULL. */
static void put_object(struct maker *m, int depth, uint32_t count, uint32_t at,
                       void (*special)(struct maker *, int))
{
    uint32_t first = below(m, 20);

    put(m, "{");
    for (uint32_t i = 0; i < count; i++) {
        put(m, i > 0 ? "," : "");
        put_blanks(m, depth + 1);
        if (special != NULL && i == at)
            special(m, depth + 1);
        else
            put_filler(m, first + i, depth + 1);
        if (m->blanks == 2)
            put_blanks(m, depth);
    }
    if (count > 0 || m->blanks == 2)
        put_blanks(m, depth);
    put(m, "}");
}

static void put_decoy_auths(struct maker *m, int depth)
{
    put_name(m, "auths");
    put_colon(m);
    put_value(m, depth);
}

static void put_decoy_entry(struct maker *m, int depth)
{
    put_name(m, KEY);
    put_colon(m);
    put_value(m, depth);
}

static void put_value(struct maker *m, int depth)
{
    uint32_t count = below(m, 4);

    if (depth >= DEPTH_MAX || below(m, 2) == 0)
        put_scalar(m);
    else if (below(m, 3) == 0)
        put_array(m, depth);
    else if (count > 0 && below(m, 2) == 0)
        put_object(m, depth, count, below(m, count),
                   below(m, 2) == 0 ? put_decoy_auths : put_decoy_entry);
    else
        put_object(m, depth, count, 0, NULL);
}

static void put_entry(struct maker *m, int depth)
{
    put_name(m, KEY);
    put_colon(m);
    m->from = m->text.len;
    put_value(m, depth);
    m->to = m->text.len;
    m->has_target = true;
}

/* null, empty, with other entries only, or with ours among them */
static void put_auths(struct maker *m, int depth)
{
    static const char *const names[] = {"auths", "auths", "Auths", "AUTHS", "aUtHs"};
    uint32_t count = below(m, 5);

    put_name(m, names[below(m, 5)]);
    put_colon(m);
    m->from = m->text.len;
    if (count == 0 && below(m, 2) == 0)
        put(m, "null");
    else if (count > 0 && below(m, 2) == 0)
        put_object(m, depth, count, below(m, count), put_entry);
    else
        put_object(m, depth, count, 0, NULL);
    if (m->has_target || count > 0)
        return;
    m->to = m->text.len;
    m->has_target = true;
}

static void put_document(struct maker *m, uint64_t number)
{
    uint32_t count;

    m->random = (number + 1) * 0x9e3779b97f4a7c15ULL;
    count = below(m, 6);
    m->blanks = (int)below(m, 3);
    if (m->blanks == 2)
        put_blanks(m, 0);
    m->from = m->text.len;
    if (count > 0 && below(m, 4) > 0)
        put_object(m, 0, count, below(m, count), put_auths);
    else
        put_object(m, 0, count, 0, NULL);
    if (count == 0) {
        m->to = m->text.len;
        m->has_target = true;
    }
    if (below(m, 2) == 0)
        put_blanks(m, 0);
}

#endif
