/*
 * attributes: what the old file has, the new one gets, and nothing that is wider.
 */
#include "../support.h"

#include "store/file/attributes.h"

#include <endian.h>
#include <sys/xattr.h>

#include "files.h"

enum { GROUP_OF_OTHERS = 2345, OWNER = 1234 };

#define ACL_NAME "system.posix_acl_access"

/* With these fsetxattr() and fremovexattr() fail; 0: they do not. */
static int set_errnum;
static int remove_errnum;

int __real_fsetxattr(int, const char *, const void *, size_t, int);
int __wrap_fsetxattr(int, const char *, const void *, size_t, int);
int __real_fremovexattr(int, const char *);
int __wrap_fremovexattr(int, const char *);

int __wrap_fsetxattr(int fd, const char *name, const void *value, size_t len, int flags)
{
    errno = set_errnum;
    return set_errnum != 0 ? -1 : __real_fsetxattr(fd, name, value, len, flags);
}

int __wrap_fremovexattr(int fd, const char *name)
{
    errno = remove_errnum;
    return remove_errnum != 0 ? -1 : __real_fremovexattr(fd, name);
}

static int chmod_errnum;

int __real_fchmod(int, mode_t);
int __wrap_fchmod(int, mode_t);

int __wrap_fchmod(int fd, mode_t mode)
{
    errno = chmod_errnum;
    return chmod_errnum != 0 ? -1 : __real_fchmod(fd, mode);
}

/* Names of the system's that come first in every list, and cannot be had: so many bytes of them. */
static size_t names_len;
static int list_errnum;

ssize_t __real_flistxattr(int, char *, size_t);
ssize_t __wrap_flistxattr(int, char *, size_t);

ssize_t __wrap_flistxattr(int fd, char *list, size_t size)
{
    ssize_t len = __real_flistxattr(fd, NULL, 0);

    errno = list_errnum;
    if (list_errnum != 0 || len < 0)
        return -1;
    if (list == NULL)
        return len + (ssize_t)names_len;
    errno = ERANGE;
    if (size < names_len + (size_t)len)
        return -1;
    for (size_t i = 0; i < names_len; i++)
        list[i] = i % 100 == 99 || i == names_len - 1 ? '\0' : 's';
    len = __real_flistxattr(fd, list + names_len, size - names_len);
    return len < 0 ? -1 : len + (ssize_t)names_len;
}

static int open_or_die(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    support_must(fd >= 0, path);
    return fd;
}

static bool is_poorer; /* what came of the last copy */

/* The file "new" takes what "old" has; -1 with *err set. */
static int copy_attributes(struct error *err)
{
    struct stat old = support_stat("old");
    int old_fd = open("old", O_RDONLY | O_CLOEXEC);
    int fd = open_or_die("new");
    int ret;

    support_must(old_fd >= 0, "old");
    ret = attributes_copy(fd, old_fd, &old, "old", &is_poorer, err);
    support_must(close(old_fd) == 0 && close(fd) == 0, "close");
    return ret;
}

static int setup(void **state)
{
    is_poorer = false;
    names_len = 0;
    list_errnum = 0;
    (void)support_setup(state);
    support_write("old", "old");
    support_write("new", "new");
    return 0;
}

static void test_mode_is_kept(void **state)
{
    static const mode_t modes[] = {0600, 0640, 0644, 0660, 0666, 0400, 0755};
    mode_t mask = umask(077);

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct error err = ERROR_INIT;

        support_must(chmod("old", modes[i]) == 0 && chmod("new", 0600) == 0, "chmod");
        assert_int_equal(copy_attributes(&err), 0);
        assert_int_equal(support_mode("new"), modes[i]);
        assert_int_equal(err.cls, CLASS_NONE);
    }
    (void)umask(mask);
    assert_true(support_holds("new", "new"));
}

/* The new file then has fewer rights than the old one, and never more. */
static void test_mode_that_cannot_be_set(void **state)
{
    static const struct {
        mode_t old, new;
        int errnum;
        int ret;
    } rows[] = {{0640, 0600, EPERM, 0},
                {0666, 0640, EOPNOTSUPP, 0},
                {0600, 0640, EPERM, -1},
                {0400, 0600, EPERM, -1},
                {0600, 0700, EIO, -1}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;

        support_must(chmod("old", rows[i].old) == 0 && chmod("new", rows[i].new) == 0, "chmod");
        chmod_errnum = rows[i].errnum;
        is_poorer = false;
        assert_int_equal(copy_attributes(&err), rows[i].ret);
        chmod_errnum = 0;
        assert_int_equal(is_poorer, rows[i].ret == 0);
        assert_int_equal(support_mode("new"), rows[i].new);
        assert_int_equal(err.cls, rows[i].ret == 0 ? CLASS_NONE : CLASS_AUTHFILE);
    }
}

static void test_special_bits_are_not(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_must(chmod("old", 06755) == 0, "chmod");
    assert_int_equal(copy_attributes(&err), 0);
    assert_int_equal(support_mode("new"), 0755);
}

static void test_owner_is_kept_by_root(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chown("old", OWNER, GROUP_OF_OTHERS) == 0 && chmod("old", 0640) == 0, "chown");
    assert_int_equal(copy_attributes(&err), 0);
    assert_int_equal(support_stat("new").st_uid, OWNER);
    assert_int_equal(support_stat("new").st_gid, GROUP_OF_OTHERS);
    assert_int_equal(support_mode("new"), 0640);
}

static int take_over(void)
{
    struct error err = ERROR_INIT;

    if (copy_attributes(&err) == 0)
        return 1;
    if (err.cls != CLASS_AUTHFILE || strstr(err.message, "keep the owner of 'old'") == NULL)
        return 2;
    return strstr(err.hint, "the user who owns the file") != NULL ? 0 : 3;
}

static void test_another_owner_cannot_be_kept(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0755) == 0 && chmod("old", 0644) == 0, "chmod");
    support_must(chown("new", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    assert_int_equal(support_in_child(true, take_over), 0);
    assert_int_equal(support_stat("new").st_uid, SUPPORT_NOBODY);
    assert_int_equal(support_mode("new"), 0600);
}

static int copy_in_child(void)
{
    struct error err = ERROR_INIT;

    return copy_attributes(&err) == 0 && err.cls == CLASS_NONE ? 0 : 1;
}

/* Both belong to nobody; the old one to a group that nobody is not in. */
static void make_foreign_group(mode_t mode)
{
    support_must(chmod(".", 0755) == 0, "chmod");
    support_must(chown("old", SUPPORT_NOBODY, GROUP_OF_OTHERS) == 0 && chmod("old", mode) == 0 &&
                     chown("new", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 && chmod("new", 0600) == 0,
                 "chown");
}

static void test_rights_of_a_group_that_cannot_be_kept_go(void **state)
{
    static const struct {
        mode_t old;
        mode_t expected;
    } rows[] = {{0640, 0600}, {0660, 0600}, {0664, 0604}, {0670, 0600}, {0600, 0600}, {0604, 0604}};

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_foreign_group(rows[i].old);
        assert_int_equal(support_in_child(true, copy_in_child), 0);
        assert_int_equal(support_stat("new").st_gid, SUPPORT_NOBODY);
        assert_int_equal(support_mode("new"), rows[i].expected);
    }
}

/* Or the test says why it did not run. */
static void set_attribute(const char *name, const void *value, size_t len)
{
    if (setxattr("old", name, value, len, 0) == 0)
        return;
    print_message("           no %s on this file system (%s): not run\n", name, strerror(errno));
    skip();
}

static bool has_attribute(const char *path, const char *name, const void *value, size_t len)
{
    char found[4096];
    ssize_t found_len = getxattr(path, name, found, sizeof(found));

    return found_len == (ssize_t)len && memcmp(found, value, len) == 0;
}

static void test_extended_attributes_are_copied(void **state)
{
    struct error err = ERROR_INIT;
    char large[3000];

    (void)state;
    memset(large, 'x', sizeof(large));
    set_attribute("user.note", "kept", 4);
    set_attribute("user.empty", "", 0);
    set_attribute("user.large", large, sizeof(large));
    support_must(chmod("old", 0640) == 0, "chmod");
    assert_int_equal(copy_attributes(&err), 0);
    assert_true(has_attribute("new", "user.note", "kept", 4));
    assert_true(has_attribute("new", "user.empty", "", 0));
    assert_true(has_attribute("new", "user.large", large, sizeof(large)));
    assert_int_equal(support_mode("new"), 0640);
}

/* What is no right of the group's stays, though its rights go. */
static void test_notes_stay_where_the_group_goes(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    set_attribute("user.note", "kept", 4);
    make_foreign_group(0640);
    assert_int_equal(support_in_child(true, copy_in_child), 0);
    assert_true(has_attribute("new", "user.note", "kept", 4));
}

/* acl(5) as linux/posix_acl_xattr.h has it: rw for the owner, r for one more user. */
struct acl_entry {
    uint16_t tag;
    uint16_t perm;
    uint32_t id;
};

struct acl {
    uint32_t version;
    struct acl_entry entries[5];
};

static struct acl acl_for_one_more(void)
{
    static const struct acl_entry entries[] = {
        {0x01, 6, UINT32_MAX}, {0x02, 4, OWNER},      {0x04, 4, UINT32_MAX},
        {0x10, 4, UINT32_MAX}, {0x20, 0, UINT32_MAX},
    };
    struct acl acl = {.version = htole32(2)};

    for (size_t i = 0; i < COUNT(entries); i++)
        acl.entries[i] = (struct acl_entry){.tag = htole16(entries[i].tag),
                                            .perm = htole16(entries[i].perm),
                                            .id = htole32(entries[i].id)};
    return acl;
}

static void test_access_control_list_is_copied(void **state)
{
    struct acl acl = acl_for_one_more();
    struct error err = ERROR_INIT;

    (void)state;
    set_attribute(ACL_NAME, &acl, sizeof(acl));
    assert_int_equal(support_mode("old"), 0640); /* the mask shows as the group's rights */
    assert_int_equal(copy_attributes(&err), 0);
    assert_true(has_attribute("new", ACL_NAME, &acl, sizeof(acl)));
    assert_int_equal(support_mode("new"), 0640);
}

static void test_access_control_list_does_not_go_to_another_group(void **state)
{
    struct acl acl = acl_for_one_more();

    (void)state;
    if (geteuid() != 0)
        skip();
    set_attribute(ACL_NAME, &acl, sizeof(acl));
    make_foreign_group(0640);
    assert_int_equal(support_in_child(true, copy_in_child), 0);
    assert_int_equal(support_mode("new") & 0070, 0);
    assert_false(has_attribute("new", ACL_NAME, &acl, sizeof(acl)));
}

/* What the directory would have all its files get opens with the mode: the old file had none. */
static void test_default_list_of_the_directory_stays_out(void **state)
{
    struct acl acl = acl_for_one_more();
    struct error err = ERROR_INIT;

    (void)state;
    support_must(chmod("old", 0640) == 0, "chmod");
    if (setxattr(".", "system.posix_acl_default", &acl, sizeof(acl), 0) < 0) {
        print_message("           no access control lists here: not run\n");
        skip();
    }
    support_must(unlink("new") == 0, "unlink");
    support_write("new", "new");
    assert_true(getxattr("new", ACL_NAME, NULL, 0) > 0); /* inherited */
    assert_int_equal(copy_attributes(&err), 0);
    assert_int_equal(getxattr("new", ACL_NAME, NULL, 0), -1);
    assert_int_equal(support_mode("new"), 0640);
}

/* Without it the mode's group bits, which were the list's mask, would be the group's rights. */
static void test_list_that_cannot_be_set_leaves_nothing_to_the_group(void **state)
{
    struct acl acl = acl_for_one_more();
    struct error err = ERROR_INIT;

    (void)state;
    acl.entries[2].perm = 0;
    set_attribute(ACL_NAME, &acl, sizeof(acl));
    set_errnum = EOPNOTSUPP;
    assert_int_equal(copy_attributes(&err), 0);
    set_errnum = 0;
    assert_int_equal(support_mode("new"), 0600);
}

/* The directory's list cannot be taken off: the mode must not open it. */
static void test_inherited_list_that_stays_is_not_opened(void **state)
{
    static const int errnums[] = {EIO, ENOSYS, EOPNOTSUPP, EPERM};
    struct acl acl = acl_for_one_more();
    struct error err = ERROR_INIT;

    (void)state;
    support_must(chmod("old", 0644) == 0, "chmod");
    if (setxattr(".", "system.posix_acl_default", &acl, sizeof(acl), 0) < 0)
        skip();
    for (size_t i = 0; i < COUNT(errnums); i++) {
        support_must(unlink("new") == 0, "unlink");
        support_write("new", "new");
        is_poorer = false;
        remove_errnum = errnums[i];
        assert_int_equal(copy_attributes(&err), 0);
        remove_errnum = 0;
        assert_int_equal(support_mode("new"), 0604);
        assert_true(is_poorer);
    }
}

/* However long their names are together: xattr(7) allows 64 KiB. */
static void test_names_may_be_long(void **state)
{
    static const size_t lens[] = {0, 4096, 5000, 60000};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        struct error err = ERROR_INIT;

        names_len = lens[i];
        if (setxattr("old", "user.kept", "1", 1, 0) < 0)
            skip();
        (void)removexattr("new", "user.kept");
        assert_int_equal(copy_attributes(&err), 0);
        assert_true(has_attribute("new", "user.kept", "1", 1));
        assert_false(is_poorer);
    }
}

static void test_what_is_lost_is_told(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    list_errnum = E2BIG;
    assert_int_equal(copy_attributes(&err), 0);
    assert_true(is_poorer);
    is_poorer = false;
    list_errnum = EOPNOTSUPP; /* there are none */
    assert_int_equal(copy_attributes(&err), 0);
    assert_false(is_poorer);
    list_errnum = 0;
    if (setxattr("old", "user.kept", "1", 1, 0) < 0)
        skip();
    set_errnum = ENOSPC;
    assert_int_equal(copy_attributes(&err), 0);
    set_errnum = 0;
    assert_true(is_poorer);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_mode_is_kept),
        IN_DIRECTORY(test_mode_that_cannot_be_set),
        IN_DIRECTORY(test_special_bits_are_not),
        IN_DIRECTORY(test_owner_is_kept_by_root),
        IN_DIRECTORY(test_another_owner_cannot_be_kept),
        IN_DIRECTORY(test_rights_of_a_group_that_cannot_be_kept_go),
        IN_DIRECTORY(test_extended_attributes_are_copied),
        IN_DIRECTORY(test_notes_stay_where_the_group_goes),
        IN_DIRECTORY(test_access_control_list_is_copied),
        IN_DIRECTORY(test_access_control_list_does_not_go_to_another_group),
        IN_DIRECTORY(test_default_list_of_the_directory_stays_out),
        IN_DIRECTORY(test_list_that_cannot_be_set_leaves_nothing_to_the_group),
        IN_DIRECTORY(test_names_may_be_long),
        IN_DIRECTORY(test_what_is_lost_is_told),
        IN_DIRECTORY(test_inherited_list_that_stays_is_not_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
