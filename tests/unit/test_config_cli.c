/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: exit codes, and which of its two outputs says what. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define OUTPUT_MAX 65536

/* A file that runs, in one line. */
#define GOOD                                                                                                           \
    "sources = ( { component = \"tap\"; name = \"in\" } ); codec = { component = \"reader\" }; processors = ( { "      \
    "component = \"counter\" } ); sinks = ( { component = \"keeper\" } ); frontends = ( { component = \"door\" } );"

/** What a run of the binary gave. */
typedef struct outcome {
    int code;
    char output[OUTPUT_MAX]; /**< both outputs, or what the redirection in the arguments leaves of them */
} outcome;

/** A folder that tests run in. */
typedef struct frame {
    char folder[64];
} frame;

/** Runs the binary through the shell with the test's plugins. */
static void run(const char *arguments, outcome *ret_outcome)
{
    char command[1024];
    (void)snprintf(command, sizeof command, "{ '%s' --plugin-dir '%s' %s; } 2>&1", TELEMETRA_BINARY, CONFIG_PLUGINS,
                   arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t size = fread(ret_outcome->output, 1, sizeof ret_outcome->output - 1, pipe);
    ret_outcome->output[size] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    ret_outcome->code = WEXITSTATUS(status);
}

static void assert_run(const char *arguments, int code, const char *fragment)
{
    static outcome found; /* large */
    run(arguments, &found);
    if (found.code != code || !strstr(found.output, fragment))
        fail_msg("telemetra %s\n  expected: %d and '%s'\n  found:    %d and '%s'", arguments, code, fragment,
                 found.code, found.output);
}

static void assert_silent(const char *arguments, const char *fragment)
{
    static outcome found; /* large */
    run(arguments, &found);
    if (strstr(found.output, fragment))
        fail_msg("telemetra %s: '%s' is in: %s", arguments, fragment, found.output);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    frame *in = calloc(1, sizeof *in);
    if (!in)
        return -1;
    (void)snprintf(in->folder, sizeof in->folder, "/tmp/telemetra-cli-XXXXXX");
    if (!mkdtemp(in->folder) || chdir(in->folder) < 0)
        return -1;
    write_text("good.cfg", GOOD "\n");
    write_text("bad.cfg", "pipeline = { lanes = 0; nam = \"x\" }; " GOOD "\n");
    write_text("stubborn.cfg", "sources = (\n{ component = \"stubborn\" } ); codec = { component = \"reader\" };"
                               "sinks = ( { component = \"keeper\" } );\n");
    *state = in;
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    frame *in = *state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", in->folder);
    int result = chdir("/") < 0 ? -1 : system(command);
    free(in);
    return result;
}

static void wrong_usage_exits_with_2_and_a_suggestion(void **state)
{
    (void)state;
    assert_run("", 2, "expected a command; 'telemetra --help' lists them");
    assert_run("chek good.cfg", 2, "unknown command 'chek'; did you mean 'check'?");
    assert_run("check good.cfg --plugindir x", 2, "unknown option '--plugindir'; did you mean '--plugin-dir'?");
    assert_run("check", 2, "check: expected a FILE, found nothing");
    assert_run("check good.cfg bad.cfg", 2, "expected one argument, found 'bad.cfg' as well");
    assert_run("version now", 2, "version: expected no argument, found 'now'");
    assert_run("plugin", 2, "plugin: expected 'list' after it, found nothing");
    assert_run("plugin lst", 2, "plugin: expected 'list' after it, found 'lst'; did you mean 'plugin list'?");
    assert_run("check good.cfg --markdown", 2, "check: --markdown belongs to 'describe'");
    assert_run("version --plugin-dir", 2, "--plugin-dir: expected a folder after it, found nothing");
    assert_run("version --plugin-dir=none", 2, "--plugin-dir none: No such file or directory");
    assert_run("version --plugin-dir good.cfg", 2, "--plugin-dir good.cfg: Not a directory");
}

static void help_is_there_for_all_and_for_each(void **state)
{
    (void)state;
    assert_run("--help 2>&-", 0, "Usage: telemetra COMMAND");
    assert_run("run --help 2>&-", 0, "Usage: telemetra run FILE");
    assert_run("check -h 2>&-", 0, "78 wrong configuration");
    assert_run("describe --help 2>&-", 0, "--markdown");
    assert_run("plugin list --help 2>&-", 0, "Usage: telemetra plugin list [OPTION...]");
    assert_run("version --help 2>&-", 0, "Usage: telemetra version");
    assert_run("help 2>&-", 0, "Usage: telemetra COMMAND");
    assert_run("help check 2>&-", 0, "Usage: telemetra check FILE");
    assert_run("help plugin list 2>&-", 0, "Usage: telemetra plugin list [OPTION...]");
    assert_run("help plugin 2>&-", 0, "Usage: telemetra plugin list [OPTION...]");
    assert_run("plugin --help 2>&-", 0, "Usage: telemetra plugin list [OPTION...]");
    assert_run("--help", 0, "  help [COMMAND] ");
    assert_run("help chek", 2, "unknown command 'chek'; did you mean 'check'?");
}

static void a_good_file_is_summed_up(void **state)
{
    (void)state;
    assert_run("check good.cfg 2>&-", 0,
               "good.cfg: ok\npipeline telemetra, 1 lane\n"
               "  source     in (tap)\n  codec      reader\n  processor  counter -> tallies\n"
               "  sink       keeper, checkpoint\n  frontend   door\n  listens on 127.0.0.1, port 8000\n");
}

static void a_file_may_come_through_a_pipe(void **state)
{
    (void)state;
    assert_run("check /dev/stdin < good.cfg", 0, "/dev/stdin: ok\n");
}

static void a_wrong_configuration_exits_with_78_and_all_mistakes_on_standard_error(void **state)
{
    (void)state;
    static const char all[] = "bad.cfg:1: pipeline.lanes: expected a whole number from 1 to 256, found 0\n"
                              "bad.cfg:1: pipeline: unknown key 'nam'; did you mean 'name'?\n"
                              "telemetra: bad.cfg: 2 mistakes\n";
    assert_run("check bad.cfg", 78, all);
    assert_run("run bad.cfg", 78, all);
    assert_run("check none.cfg", 78, "none.cfg: cannot read the file: No such file or directory");
    assert_silent("check bad.cfg 2>&-", "mistake");
}

static void what_components_refuse_is_told_with_all_other_mistakes(void **state)
{
    (void)state;
    static const char all[] = "refused.cfg:1: log.level: expected one of \"DEBUG\", \"INFO\", \"WARNING\", \"ERROR\", "
                              "found 'LOUD'\n"
                              "refused.cfg:6: sources.c.pace: expected a whole number from 1 to 10, found 11\n"
                              "refused.cfg:3: sources.stubborn: expected another day, found this one\n"
                              "refused.cfg:5: sources.b.pace: expected an even number, found 3\n"
                              "telemetra: refused.cfg: 4 mistakes\n";
    write_text("refused.cfg", "log = { level = \"LOUD\" };\nsources = (\n{ component = \"stubborn\" },\n"
                              "{ component = \"choosy\"; name = \"b\";\npace = 3 },\n"
                              "{ component = \"choosy\"; name = \"c\"; pace = 11 } );\n"
                              "codec = { component = \"reader\" }; sinks = ( { component = \"keeper\" } );\n");
    assert_run("check refused.cfg", 78, all);
    assert_run("run refused.cfg", 78, all);
    assert_run("run stubborn.cfg", 78,
               "stubborn.cfg:2: sources.stubborn: expected another day, found this one\n"
               "telemetra: stubborn.cfg: 1 mistake\n");
    assert_silent("run stubborn.cfg", "ERROR");
}

static void describe_lists_components_and_groups(void **state)
{
    (void)state;
    assert_run("describe 2>&-", 0, "  counter          A piece of the tests.\n");
    assert_run("describe 2>&-", 0, "  pipeline         How events flow");
    assert_run("describe lisen", 1, "did you mean the group 'listen'?\n");
    assert_run("describe contr", 1, "no plugin has a component 'contr'; did you mean 'counter'?");
}

static void describe_tells_options_with_types_bounds_and_defaults(void **state)
{
    (void)state;
    assert_run("describe everything", 0, "Interfaces: telemetra.source/1\n");
    assert_run("describe everything", 0, "  count  integer, 1 to 10, default 5\n      A count.\n");
    assert_run("describe everything", 0, "  pause  duration, 10ms to 2h, default 90s\n");
    assert_run("describe everything", 0, "  room  size, at least 1KiB, default 64KiB\n");
    assert_run("describe everything", 0, "  colour  choice, red, green, blue, default green\n");
    assert_run("describe everything", 0, "  password  text, at most 12 bytes, has a default, secret\n");
    assert_silent("describe everything", "changeme");
    assert_run("describe strict", 0, "  path  text, required\n");
    assert_run("describe listen", 0, "  port  integer, 0 to 65535, default 8000\n");
}

static void describe_tells_datasets_with_their_columns(void **state)
{
    (void)state;
    assert_run("describe counter", 0,
               "Dataset tallies (a key is written once)\n  What was counted.\n"
               "  stream  text, key, stream\n      The stream.\n"
               "  at  time, key, timeline\n      When.\n"
               "  sum  decimal(9), messages, nullable\n      How many.\n");
}

static void the_reference_is_markdown_in_a_fixed_order(void **state)
{
    (void)state;
    static outcome once, again; /* large */
    run("describe --markdown 2>&-", &once);
    run("describe --markdown 2>&-", &again);
    assert_int_equal(once.code, 0);
    assert_string_equal(once.output, again.output);
    assert_non_null(strstr(once.output, "| `title` | text |  | at most 80 bytes | A title \\| name. |\n"));
    assert_non_null(strstr(once.output, "| `sum` | decimal(9) | messages | nullable | How many. |\n"));
    assert_non_null(strstr(once.output, "| `path` | text | *required* |  | A path. |\n"));
    assert_null(strstr(once.output, "changeme"));
    const char *counter = strstr(once.output, "### `counter`"), *door = strstr(once.output, "### `door`"),
               *tap = strstr(once.output, "### `tap`");
    assert_true(counter && door && tap && counter < door && door < tap);
}

static void plugins_are_listed_with_their_components(void **state)
{
    (void)state;
    assert_run("plugin list", 0, "pieces 1.0  ");
    assert_run("plugin list", 0, "  stubborn         Refuses what no single option can be blamed for.\n");
}

static void a_refused_plugin_is_listed_and_hides_no_other(void **state)
{
    (void)state;
    assert_int_equal(mkdir("plugins", 0755), 0);
    write_text("plugins/broken.so", "this is no object");
    assert_run("plugin list --plugin-dir plugins", 1, "expected an ELF shared object, found another kind of file\n");
    assert_run("plugin list --plugin-dir plugins", 1, "pieces 1.0  ");
    assert_run("check good.cfg --plugin-dir plugins", 0, "good.cfg: ok");
    assert_run("describe broken --plugin-dir plugins", 1, "its plugin was refused: file ");
}

static void output_that_does_not_arrive_is_a_failure(void **state)
{
    (void)state;
    assert_run("describe --markdown > /dev/full", 1, "cannot write to standard output: No space left on device");
    assert_run("version > /dev/full", 1, "cannot write to standard output: No space left on device");
}

static void the_version_names_the_abi(void **state)
{
    (void)state;
    char expected[64];
    (void)snprintf(expected, sizeof expected, "telemetra %s (plugin ABI ", TELEMETRA_VERSION);
    assert_run("version 2>&-", 0, expected);
    assert_run("--version 2>&-", 0, expected);
    assert_run("--version check", 2, "version: expected no argument, found 'check'");
    assert_run("--vresion", 2, "unknown option '--vresion'; did you mean '--version'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_usage_exits_with_2_and_a_suggestion),
        cmocka_unit_test(help_is_there_for_all_and_for_each),
        cmocka_unit_test(a_good_file_is_summed_up),
        cmocka_unit_test(a_file_may_come_through_a_pipe),
        cmocka_unit_test(a_wrong_configuration_exits_with_78_and_all_mistakes_on_standard_error),
        cmocka_unit_test(what_components_refuse_is_told_with_all_other_mistakes),
        cmocka_unit_test(describe_lists_components_and_groups),
        cmocka_unit_test(describe_tells_options_with_types_bounds_and_defaults),
        cmocka_unit_test(describe_tells_datasets_with_their_columns),
        cmocka_unit_test(the_reference_is_markdown_in_a_fixed_order),
        cmocka_unit_test(plugins_are_listed_with_their_components),
        cmocka_unit_test(a_refused_plugin_is_listed_and_hides_no_other),
        cmocka_unit_test(output_that_does_not_arrive_is_a_failure),
        cmocka_unit_test(the_version_names_the_abi),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
