#include "store/look.h"

#include "store/locked_file.h"
#include "store/obstacle.h"
#include "store/path.h"

int look_into(struct document *out, const char *path, const struct clock *clock,
              int64_t deadline_ms, bool *is_damaged, struct error *err)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    int ret = -1;

    if (locked_file_look(&file, path, clock, deadline_ms, err) == 0 &&
        locked_file_read(&file, &text, DOCUMENT_MAX, err) == 0)
        ret = document_parse(out, &text, path_quoted(path).text, err);
    if (ret < 0)
        obstacle_hint_unread(path, err);
    else if (is_damaged != NULL)
        *is_damaged = file.is_damaged;
    locked_file_close(&file);
    secret_clear(&text);
    return ret;
}
