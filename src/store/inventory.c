#include "store/inventory.h"

#include <string.h>

#include "base/secret.h"
#include "store/helper/helper.h"
#include "store/look.h"
#include "store/record.h"
#include "store/text/document.h"

/* Names with a NUL after each. */
static int visit_names(const struct secret *names, const struct inventory_visitor *visitor,
                       struct error *err)
{
    const char *end = secret_text(names) + names->len;

    for (const char *name = secret_text(names); name < end; name += strlen(name) + 1) {
        if (visitor->on_key(visitor->ctx, name, err) < 0)
            return -1;
    }
    return 0;
}

static int visit_document(const struct document *document, const struct inventory_visitor *visitor,
                          struct error *err)
{
    struct document_keys keys = document_keys(document);

    while (document_next_key(&keys)) {
        if (visitor->on_key(visitor->ctx, keys.member.key, err) < 0)
            return -1;
    }
    return 0;
}

/* That the helper does not list is a fault of one file, and does not hide what the others have. */
static int visit_store(const struct document *document, const char *path,
                       const struct inventory_request *request,
                       const struct inventory_visitor *visitor, struct error *err)
{
    char name[READER_HELPER_MAX + 1];
    struct helper helper = {.name = document_store(name, document),
                            .file = path,
                            .clock = request->clock,
                            .deadline_ms = request->deadline_ms};
    struct error fault = ERROR_INIT;
    struct secret listed = SECRET_INIT;
    int ret = 0;

    if (!request->reader->obeys_store || name[0] == '\0' || strcmp(name, READER_OWN_HELPER) == 0)
        return 0;
    if (helper_list(&helper, &listed, &fault) < 0)
        visitor->on_fault(visitor->ctx, path, &fault);
    else
        ret = visit_names(&listed, visitor, err);
    secret_clear(&listed);
    return ret;
}

static int visit_file(const struct location *file, const struct inventory_request *request,
                      const struct inventory_visitor *visitor, struct error *err)
{
    const struct document *document;
    struct error fault = ERROR_INIT;

    if (look_once(&document, request->snapshot, file, &fault) < 0) {
        visitor->on_fault(visitor->ctx, file->path, &fault);
        return 0;
    }
    return visit_document(document, visitor, err) < 0
               ? -1
               : visit_store(document, file->path, request, visitor, err);
}

int inventory_of_reader(const struct inventory_request *request,
                        const struct inventory_visitor *visitor, struct error *err)
{
    const struct document *variable =
        look_once_at_variable(request->snapshot, request->reader, request->places);
    struct location files[READER_FILES_MAX];
    size_t count;

    if (request->reader->files(files, &count, request->places, err) < 0 ||
        (variable != NULL && visit_document(variable, visitor, err) < 0))
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (visit_file(&files[i], request, visitor, err) < 0)
            return -1;
    }
    return 0;
}

/* Where it is ignored, the files that ask for it say so. */
int inventory_of_record(const struct location_request *places,
                        const struct inventory_visitor *visitor, struct error *err)
{
    char path[PATH_MAX];
    struct error ignored = ERROR_INIT;
    struct secret listed = SECRET_INIT;
    int ret = 0;

    if (record_path(path, places, &ignored) == 0 && record_hosts(&listed, path, &ignored) == 0)
        ret = visit_names(&listed, visitor, err);
    secret_clear(&listed);
    return ret;
}
