/* SPDX-License-Identifier: Apache-2.0 */
/* The loader: each bad object is refused with a sentence that names file, field, expected and found, and hides no
 * other. */
#include "registry.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SENTENCE_MAX 4096

/** An object that the build made and what its refusal must say; no fragment: it must load. */
typedef struct row {
    const char *object;
    const char *fragments[3];
} row;

static const row rows[] = {
    {"good", {NULL}},
    {"good_newer_minor", {NULL}},
    {"no_descriptor", {"ELF dynamic symbols", "expected the data symbol 'telemetra_plugin'", "found none"}},
    {"wrong_magic", {"magic:", "expected 0x504d4c54", "found 0x12345678"}},
    {"newer_major", {"abi_major:", "expected 0", "found 9"}},
    {"needs_newer_minor", {"host_minor_min:", "expected at most 1", "found 7; the plugin needs a newer host"}},
    {"smaller_plugin", {"struct_size:", "expected 48 to", "found 24"}},
    {"larger_than_symbol", {"struct_size:", "expected 48 to 48", "found 4096"}},
    {"bad_plugin_id", {": id:", "expected lower case", "found Bad-Id"}},
    {"no_version", {"version:", "expected a text", "found NULL"}},
    {"no_components", {"component_count:", "expected 1 to 64", "found 0"}},
    {"null_component", {"component 1:", "expected a component", "found NULL"}},
    {"smaller_component", {"component 1: struct_size:", "expected at least", "found 16"}},
    {"bad_component_id", {"component 1: id:", "expected lower case", "found First"}},
    {"twin_components", {"component 'first': id:", "expected one component of that id", "found two"}},
    {"no_summary", {"component 'first': summary:", "expected a sentence", "found NULL"}},
    {"huge_config", {"component 'first': config_size:", "expected at most 65536", "found 70000"}},
    {"no_create", {"component 'first': create:", "expected a function", "found NULL"}},
    {"undefined_symbol", {"expected an object that can be loaded", "found:", "never_defined"}},
    {"no_stop", {"component 'first': stop:", "expected a function", "found NULL"}},
    {"interface_without_member", {"telemetra.sink/1: submit:", "expected a pointer", "found NULL"}},
    {"option_outside", {"option 'level': offset:", "within the 8 bytes", "found bytes 8 to 12"}},
    {"option_unaligned", {"option 'b': offset:", "expected a multiple of 4", "found 9"}},
    {"option_overlap", {"option 'b': offset:", "expected a member of its own", "found that of 'count'"}},
    {"option_twice", {"option 'count': name:", "expected one row of that name", "found two"}},
    {"option_reserved", {"option 'component': name:", "that the host does not use itself", "found 'component'"}},
    {"option_bad_name", {"option 2: name:", "expected lower case", "found 'not so'"}},
    {"option_unknown_type", {"option 'b': type:", "expected one of 1 to 10", "found 99"}},
    {"option_unknown_flag", {"option 'b': flags:", "expected known ones", "found 0x40"}},
    {"option_store_no_text", {"option 'b': flags:", "expected a text as the name of a store", "found type bool"}},
    {"option_no_doc", {"option 'b': doc:", "expected a sentence", "found NULL"}},
    {"option_no_choices", {"option 'b': choices:", "expected at least one", "found NULL"}},
    {"option_bad_bounds", {"option 'b': min:", "expected at most max 1", "found 2"}},
    {"option_bad_default", {"option 'b': default_text:", "expected a number from 0 to 1", "found 2"}},
    {"dataset_no_key", {"dataset 'things': columns:", "expected at least one key", "found none"}},
    {"dataset_null_key", {"column 'id': flags:", "expected a key that is not nullable", "found both"}},
    {"dataset_bad_id", {"dataset: id:", "expected lower case", "found Things"}},
    {"dataset_bad_mode", {"dataset 'things': mode:", "expected 1 or 2", "found 5"}},
    {"dataset_twice", {"dataset 'things': id:", "expected one of that id", "found two"}},
    {"dataset_no_columns", {"dataset 'things': column_count:", "expected 1 to 64", "found 0"}},
    {"dataset_many_columns", {"dataset 'things': column_count:", "expected 1 to 64", "found 65"}},
    {"column_twice", {"column 'id': name:", "expected one column of that name", "found two"}},
    {"column_unknown_type", {"column 'b': type:", "expected one of 1 to 7", "found 99"}},
    {"column_bad_scale", {"column 'b': scale:", "expected at most 18", "found 19"}},
};

/** What became of one object of a folder. */
typedef struct search {
    const char *file_name;
    int was_seen;
    int was_loaded;
    char refusal[SENTENCE_MAX];
} search;

static int note(void *context, const tlm_registry_entry *entry)
{
    search *wanted = context;
    const char *slash = strrchr(entry->path, '/');
    if (strcmp(slash + 1, wanted->file_name) != 0)
        return 0;
    wanted->was_seen = 1;
    wanted->was_loaded = entry->plugin != NULL;
    (void)snprintf(wanted->refusal, sizeof wanted->refusal, "%s", entry->refusal ? entry->refusal : "");
    return 0;
}

static search look_up(const char *folder, const char *file_name)
{
    tlm_registry *registry = NULL;
    search wanted = {.file_name = file_name};
    assert_int_equal(tlm_registry_create(&folder, 1, &registry), 0);
    assert_int_equal(tlm_registry_each(registry, note, &wanted), 0);
    tlm_registry_destroy(registry);
    if (!wanted.was_seen)
        fail_msg("%s/%s was not listed", folder, file_name);
    return wanted;
}

static void assert_refused(const char *folder, const char *file_name, const char *const *fragments, size_t count)
{
    search found = look_up(folder, file_name);
    if (found.was_loaded)
        fail_msg("%s was loaded", file_name);
    for (size_t i = 0; i < count && fragments[i]; i++) {
        if (!strstr(found.refusal, fragments[i]))
            fail_msg("%s: '%s' is not in: %s", file_name, fragments[i], found.refusal);
    }
}

static void assert_loaded(const char *folder, const char *file_name)
{
    search found = look_up(folder, file_name);
    if (!found.was_loaded)
        fail_msg("%s was refused: %s", file_name, found.refusal);
}

/* --- objects of the build ---------------------------------------------------------------------------------------- */

static void each_fault_of_a_descriptor_is_refused_with_file_field_expected_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        char file_name[64];
        (void)snprintf(file_name, sizeof file_name, "%s.so", rows[i].object);
        if (!rows[i].fragments[0]) {
            assert_loaded(ABI_OBJECTS, file_name);
            continue;
        }
        const char *fragments[] = {file_name, rows[i].fragments[0], rows[i].fragments[1], rows[i].fragments[2]};
        assert_refused(ABI_OBJECTS, file_name, fragments, TLM_COUNT(fragments));
    }
}

static void a_component_is_found_among_refused_objects(void **state)
{
    (void)state;
    static const char *const folders[] = {ABI_OBJECTS};
    tlm_registry *registry = NULL;
    tlm_error error = {.text = ""};
    assert_int_equal(tlm_registry_create(folders, 1, &registry), 0);
    const tlm_component *component = tlm_registry_find(registry, "first", &error);
    assert_non_null(component);
    assert_string_equal(component->id, "first");
    assert_null(tlm_registry_find(registry, "frist", &error));
    assert_non_null(strstr(error.text, "no plugin has a component 'frist'; did you mean 'first'?"));
    assert_null(tlm_registry_find(registry, "wrong_magic", &error));
    assert_non_null(strstr(error.text, "its plugin was refused: file "));
    assert_non_null(strstr(error.text, "magic: expected 0x504d4c54"));
    tlm_registry_destroy(registry);
}

static void a_missing_folder_is_an_empty_one(void **state)
{
    (void)state;
    static const char *const folders[] = {ABI_OBJECTS "/none"};
    tlm_registry *registry = NULL;
    tlm_error error = {.text = ""};
    assert_int_equal(tlm_registry_create(folders, 1, &registry), 0);
    assert_null(tlm_registry_find(registry, "first", &error));
    assert_non_null(strstr(error.text, "there is no plugin at all: say where they are with --plugin-dir"));
    tlm_registry_destroy(registry);
}

/* --- objects and folders made here ------------------------------------------------------------------------------- */

/** A folder of its own with a copy of the good object. */
typedef struct scratch {
    char folder[PATH_MAX];
} scratch;

static char *path_in(const scratch *in, const char *file_name, char out[static PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s/%s", in->folder, file_name) >= PATH_MAX)
        fail_msg("path too long");
    return out;
}

static size_t read_good(char **ret_bytes)
{
    struct stat about;
    int fd = open(ABI_OBJECTS "/good.so", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &about), 0);
    *ret_bytes = malloc((size_t)about.st_size);
    assert_non_null(*ret_bytes);
    assert_int_equal(read(fd, *ret_bytes, (size_t)about.st_size), about.st_size);
    assert_int_equal(close(fd), 0);
    return (size_t)about.st_size;
}

static void write_file(const scratch *in, const char *file_name, const char *bytes, size_t size, mode_t mode)
{
    char path[PATH_MAX];
    int fd = open(path_in(in, file_name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

/** Writes the good object with one byte changed; `at` beyond its end: unchanged. */
static void write_patched(const scratch *in, const char *file_name, size_t at, char byte, size_t keep, mode_t mode)
{
    char *bytes = NULL;
    size_t size = read_good(&bytes);
    if (at < size)
        bytes[at] = byte;
    write_file(in, file_name, bytes, keep < size ? keep : size, mode);
    free(bytes);
}

static int make_scratch(void **state)
{
    scratch *made = calloc(1, sizeof *made);
    if (!made)
        return -1;
    (void)snprintf(made->folder, sizeof made->folder, "%s/../scratch-XXXXXX", ABI_OBJECTS);
    if (!mkdtemp(made->folder) || chmod(made->folder, 0755) < 0)
        return -1;
    *state = made;
    return 0;
}

static int remove_scratch(void **state)
{
    char command[PATH_MAX + 32];
    scratch *made = *state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", made->folder);
    int result = system(command);
    free(made);
    return result;
}

enum { BYTE_NONE = -1, WHOLE = 1 << 30 };

/** A file made of the good object. */
typedef struct file_row {
    const char *file_name;
    int at; /**< byte that is changed, or BYTE_NONE */
    char byte;
    int keep; /**< bytes kept */
    mode_t mode;
    const char *fragments[3];
} file_row;

static const file_row file_rows[] = {
    {"cut_in_magic.so", BYTE_NONE, 0, 3, 0644, {"expected an ELF shared object", "found 3 bytes"}},
    {"empty.so", BYTE_NONE, 0, 0, 0644, {"expected an ELF shared object", "found 0 bytes"}},
    {"cut_in_header.so", BYTE_NONE, 0, 40, 0644, {"ELF header", "at least 64 bytes", "found 40: it is truncated"}},
    {"cut_in_segments.so", BYTE_NONE, 0, 100, 0644, {"ELF segments", "found 100: it is truncated"}},
    {"cut_in_middle.so", BYTE_NONE, 0, 4096, 0644, {"expected a file of at least", "found 4096: it is truncated"}},
    {"not_elf.so", 1, 'X', WHOLE, 0644, {"expected an ELF shared object", "found another kind of file"}},
    {"class_32.so", 4, 1, WHOLE, 0644, {"ELF class", "expected 64 bits (2)", "found 1"}},
    {"byte_order.so", 5, 3, WHOLE, 0644, {"ELF byte order", "found 3"}},
    {"machine.so", 18, 3, WHOLE, 0644, {"ELF machine", "found 3"}},
    {"executable.so", 16, 2, WHOLE, 0644, {"ELF type", "expected a shared object (3)", "found 2"}},
    {"segment_size.so", 54, 7, WHOLE, 0644, {"ELF e_phentsize", "expected 56", "found 7"}},
    {"section_size.so", 58, 7, WHOLE, 0644, {"ELF e_shentsize", "expected 64", "found 7"}},
    {"no_sections.so", 60, 0, WHOLE, 0644, {"ELF sections", "found 0"}},
    {"world_writable.so", BYTE_NONE, 0, WHOLE, 0646, {"mode: expected that others may not write to it", "found 0646"}},
};

static void each_fault_of_a_file_is_refused_before_it_is_loaded(void **state)
{
    const scratch *in = *state;
    for (size_t i = 0; i < TLM_COUNT(file_rows); i++) {
        const file_row *at = &file_rows[i];
        write_patched(in, at->file_name, at->at < 0 ? SIZE_MAX : (size_t)at->at, at->byte, (size_t)at->keep, at->mode);
    }
    write_patched(in, "zz_good.so", SIZE_MAX, 0, WHOLE, 0644);
    for (size_t i = 0; i < TLM_COUNT(file_rows); i++) {
        const file_row *at = &file_rows[i];
        const char *fragments[] = {at->file_name, at->fragments[0], at->fragments[1], at->fragments[2]};
        assert_refused(in->folder, at->file_name, fragments, TLM_COUNT(fragments));
    }
    assert_loaded(in->folder, "zz_good.so");
}

static void a_pipe_a_folder_and_a_dangling_link_are_refused_at_once(void **state)
{
    const scratch *in = *state;
    char path[PATH_MAX];
    static const char *const not_regular[] = {"expected a regular file"};
    static const char *const dangling[] = {"cannot open it"};
    assert_int_equal(mkfifo(path_in(in, "pipe.so", path), 0600), 0);
    assert_int_equal(mkdir(path_in(in, "folder.so", path), 0700), 0);
    assert_int_equal(symlink("nowhere", path_in(in, "link.so", path)), 0);
    assert_refused(in->folder, "pipe.so", not_regular, 1);
    assert_refused(in->folder, "folder.so", not_regular, 1);
    assert_refused(in->folder, "link.so", dangling, 1);
}

static void an_object_of_another_user_is_refused(void **state)
{
    const scratch *in = *state;
    char path[PATH_MAX];
    static const char *const fragments[] = {"owner: expected root or the running user", "found uid 65534"};
    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    write_patched(in, "given.so", SIZE_MAX, 0, WHOLE, 0644);
    assert_int_equal(chown(path_in(in, "given.so", path), 65534, 65534), 0);
    assert_refused(in->folder, "given.so", fragments, TLM_COUNT(fragments));
}

static void a_folder_that_others_may_write_to_is_refused_with_all_its_objects(void **state)
{
    const scratch *in = *state;
    char path[PATH_MAX];
    scratch inner;
    static const char *const fragments[] = {"folder ", "mode: expected that others may not write to it"};
    write_patched(in, "good.so", SIZE_MAX, 0, WHOLE, 0644);
    assert_int_equal(chmod(in->folder, 0757), 0);
    assert_refused(in->folder, "good.so", fragments, TLM_COUNT(fragments));
    /* Sticky does not help where the objects are: others can add some. */
    assert_int_equal(chmod(in->folder, 01777), 0);
    assert_refused(in->folder, "good.so", fragments, TLM_COUNT(fragments));
    /* A folder further up lets others swap the one below. */
    assert_int_equal(mkdir(path_in(in, "inner", path), 0755), 0);
    (void)snprintf(inner.folder, sizeof inner.folder, "%s", path);
    write_patched(&inner, "good.so", SIZE_MAX, 0, WHOLE, 0644);
    assert_int_equal(chmod(in->folder, 0757), 0);
    assert_refused(inner.folder, "good.so", fragments, TLM_COUNT(fragments));
    if (geteuid() == 0) { /* a sticky folder of root's, like /tmp */
        assert_int_equal(chmod(in->folder, 01777), 0);
        assert_loaded(inner.folder, "good.so");
    }
}

static void a_link_into_a_folder_that_others_may_write_to_is_refused(void **state)
{
    const scratch *in = *state;
    char path[PATH_MAX];
    scratch open_folder;
    static const char *const fragments[] = {"/open:", "mode: expected that others may not write to it"};
    assert_int_equal(mkdir(path_in(in, "open", path), 0755), 0);
    (void)snprintf(open_folder.folder, sizeof open_folder.folder, "%s", path);
    write_patched(&open_folder, "good.so", SIZE_MAX, 0, WHOLE, 0644);
    assert_int_equal(symlink("open/good.so", path_in(in, "link.so", path)), 0);
    assert_loaded(in->folder, "link.so");
    assert_int_equal(chmod(open_folder.folder, 0757), 0);
    assert_refused(in->folder, "link.so", fragments, TLM_COUNT(fragments));
}

static void count_warning(void *context, const char *warning)
{
    int *count = context;
    if (strstr(warning, "its group may write to it"))
        ++*count;
}

static void what_a_group_may_write_to_is_loaded_with_a_warning(void **state)
{
    const scratch *in = *state;
    const char *folder = in->folder;
    tlm_registry *registry = NULL;
    search wanted = {.file_name = "good.so"};
    int before = 0, after = 0;
    write_patched(in, "good.so", SIZE_MAX, 0, WHOLE, 0664);
    assert_int_equal(tlm_registry_create(&folder, 1, &registry), 0);
    tlm_registry_warnings(registry, count_warning, &before);
    assert_int_equal(tlm_registry_each(registry, note, &wanted), 0);
    tlm_registry_warnings(registry, count_warning, &after);
    tlm_registry_destroy(registry);
    assert_true(wanted.was_loaded);
    assert_int_equal(before, 0);
    assert_true(after >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_a_descriptor_is_refused_with_file_field_expected_and_found),
        cmocka_unit_test(a_component_is_found_among_refused_objects),
        cmocka_unit_test(a_missing_folder_is_an_empty_one),
        cmocka_unit_test_setup_teardown(each_fault_of_a_file_is_refused_before_it_is_loaded, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(a_pipe_a_folder_and_a_dangling_link_are_refused_at_once, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(an_object_of_another_user_is_refused, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_folder_that_others_may_write_to_is_refused_with_all_its_objects, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(a_link_into_a_folder_that_others_may_write_to_is_refused, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(what_a_group_may_write_to_is_loaded_with_a_warning, make_scratch,
                                        remove_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
