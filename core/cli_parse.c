/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "suggest.h"

static int wrong_usage(const char *format, ...) TLM_PRINTF(1, 2);

static int wrong_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("telemetra: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    return TLM_EXIT_USAGE;
}

static int unknown_command(const char *word)
{
    char more[TLM_SUGGEST_TEXT_SIZE];
    tlm_suggest near = tlm_suggest_begin(word);
    for (uint32_t i = 0; i < tlm_cli_command_count; i++)
        tlm_suggest_offer(&near, tlm_cli_commands[i].name);
    tlm_suggest_offer(&near, "plugin");
    tlm_suggest_offer(&near, "help");
    return wrong_usage("unknown command '%s'%s ('telemetra --help' lists them)", word, tlm_suggest_format(&near, more));
}

static int unknown_option(const char *word)
{
    char more[TLM_SUGGEST_TEXT_SIZE];
    tlm_suggest near = tlm_suggest_begin(word);
    tlm_suggest_offer(&near, "--plugin-dir");
    tlm_suggest_offer(&near, "--markdown");
    tlm_suggest_offer(&near, "--help");
    tlm_suggest_offer(&near, "--version");
    return wrong_usage("unknown option '%s'%s", word, tlm_suggest_format(&near, more));
}

static int add_folder(tlm_cli *cli, const char *folder)
{
    if (!folder || !*folder)
        return wrong_usage("--plugin-dir: expected a folder after it, found nothing");
    /* The host adds its own two folders behind these. */
    if (cli->folder_count + 2 >= TLM_CLI_FOLDERS_MAX)
        return wrong_usage("--plugin-dir: expected at most %d of them, found more", TLM_CLI_FOLDERS_MAX - 2);
    cli->folders[cli->folder_count++] = folder;
    return 0;
}

/** Reads the option at argv[*index]; moves on when its value is the next argument. */
static int parse_option(char **argv, int *index, tlm_cli *cli)
{
    const char *word = argv[*index];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        cli->is_help = 1;
    else if (strcmp(word, "--version") == 0)
        cli->is_version = 1;
    else if (strcmp(word, "--markdown") == 0)
        cli->is_markdown = 1;
    else if (strncmp(word, "--plugin-dir=", 13) == 0)
        return add_folder(cli, word + 13);
    else if (strcmp(word, "--plugin-dir") == 0)
        return add_folder(cli, argv[*index + 1] ? argv[++*index] : NULL);
    else
        return unknown_option(word);
    return 0;
}

/** The command that the words begin with, and how many of them are its name. NULL: none. */
static const tlm_cli_command *find_command(const char *const *words, uint32_t count, uint32_t *ret_used)
{
    char two[64] = "";
    if (count > 1)
        (void)snprintf(two, sizeof two, "%.30s %.30s", words[0], words[1]);
    for (uint32_t i = 0; i < tlm_cli_command_count; i++) {
        int is_one = strcmp(tlm_cli_commands[i].name, words[0]) == 0;
        if (!is_one && strcmp(tlm_cli_commands[i].name, two) != 0)
            continue;
        *ret_used = is_one ? 1 : 2;
        return &tlm_cli_commands[i];
    }
    return NULL;
}

/** `plugin` without a second word that is known; its help is that of what it can be followed by. */
static int parse_plugin(const char *const *words, uint32_t count, tlm_cli *cli)
{
    static const char *const list[] = {"plugin", "list"};
    uint32_t used;
    if (count == 1 && cli->is_help) {
        cli->command = find_command(list, TLM_COUNT(list), &used);
        return 0;
    }
    return wrong_usage("plugin: expected 'list' after it, found %s%s%s", count > 1 ? "'" : "",
                       count > 1 ? words[1] : "nothing", count > 1 ? "'; did you mean 'plugin list'?" : "");
}

/** Words that are not options, in order: a command of one or two words, then what it is about. */
static int parse_words(const char *const *words, uint32_t count, tlm_cli *cli)
{
    uint32_t used = 0;
    if (count > 0 && strcmp(words[0], "help") == 0) {
        cli->is_help = 1;
        words++;
        count--;
    }
    if (count == 0)
        return 0;
    cli->command = find_command(words, count, &used);
    if (!cli->command)
        return strcmp(words[0], "plugin") == 0 ? parse_plugin(words, count, cli) : unknown_command(words[0]);
    cli->subject = used < count ? words[used] : NULL;
    if (used + 1 < count)
        return wrong_usage("expected one argument, found '%s' as well", words[used + 1]);
    return 0;
}

/** `--version` is the command `version`; no other may stand beside it. */
static int parse_version(const char *const *words, uint32_t count, tlm_cli *cli)
{
    static const char *const version[] = {"version"};
    uint32_t used;
    cli->command = find_command(version, TLM_COUNT(version), &used);
    cli->subject = count > 0 ? words[0] : NULL;
    return 0;
}

/** Whether what was read goes together. */
static int check_together(const tlm_cli *cli)
{
    const tlm_cli_command *command = cli->command;
    if (cli->is_help)
        return 0;
    if (!command)
        return wrong_usage("expected a command; 'telemetra --help' lists them");
    if (cli->subject && !command->subject)
        return wrong_usage("%s: expected no argument, found '%s'", command->name, cli->subject);
    if (!cli->subject && command->subject && command->subject[0] != '[')
        return wrong_usage("%s: expected a %s, found nothing", command->name, command->subject);
    if (cli->is_markdown && !command->takes_markdown)
        return wrong_usage("%s: --markdown belongs to 'describe'", command->name);
    return 0;
}

int tlm_cli_parse(int argc, char **argv, tlm_cli *cli)
{
    enum { WORDS_MAX = 4 };
    const char *words[WORDS_MAX];
    uint32_t count = 0;
    *cli = (tlm_cli){0};
    for (int i = 1; i < argc; i++) {
        int result = 0;
        if (argv[i][0] == '-' && argv[i][1])
            result = parse_option(argv, &i, cli);
        else if (count < WORDS_MAX)
            words[count++] = argv[i];
        if (result != 0)
            return result;
    }
    int result = (cli->is_version ? parse_version : parse_words)(words, count, cli);
    return result != 0 ? result : check_together(cli);
}
