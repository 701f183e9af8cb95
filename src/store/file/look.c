#include "store/file/look.h"

#include "store/file/locked_file.h"
#include "store/file/preflight.h"
#include "store/path.h"

int look_into(struct document *out, const char *path, struct error *err)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    int ret = -1;

    if (locked_file_look(&file, path, err) == 0 &&
        locked_file_read(&file, &text, DOCUMENT_MAX, err) == 0)
        ret = document_parse(out, &text, path_quoted(path).text, err);
    if (ret < 0)
        obstacle_hint_unread(path, err);
    locked_file_close(&file);
    secret_clear(&text);
    return ret;
}
