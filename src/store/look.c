#include "store/look.h"

#include "base/scan.h"
#include "store/file/locked_file.h"
#include "store/file/preflight.h"
#include "store/path.h"

/* "{...}" as the "auths" that it is, of a text that may be blank. */
static int wrap_bare(struct secret *text, struct error *err)
{
    struct secret whole = SECRET_INIT;
    struct span blank;
    struct scan s = scan_over(secret_text(text), text->len);
    int ret = 0;

    (void)scan_run(&s, " \t\r\n", &blank);
    if (scan_is_at_end(&s))
        return 0; /* as an absent file: wrapped it would be malformed */
    if (secret_append_text(&whole, "{\"auths\":", err) < 0 ||
        secret_append(&whole, text->data, text->len, SIZE_MAX - 1, err) < 0 ||
        secret_append_text(&whole, "}", err) < 0)
        ret = -1;
    else
        secret_move(text, &whole);
    secret_clear(&whole);
    return ret;
}

int look_at(struct document *out, const char *path, bool is_bare, struct error *err)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    int ret = -1;

    if (locked_file_look(&file, path, err) == 0 &&
        locked_file_read(&file, &text, DOCUMENT_MAX, err) == 0 &&
        (!is_bare || wrap_bare(&text, err) == 0))
        ret = document_parse(out, &text, path_quoted(path).text, err);
    if (ret < 0)
        obstacle_hint_unread(path, err);
    locked_file_close(&file);
    secret_clear(&text);
    return ret;
}
