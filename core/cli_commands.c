/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

const tlm_cli_command tlm_cli_commands[] = {
    {.name = "run",
     .subject = "FILE",
     .summary = "run the pipeline of a configuration file",
     .help = "Runs the pipeline of FILE until its sources have come to their end and nothing is left\n"
             "to serve, or SIGTERM or SIGINT asks it to stop; either way what was read is flushed.\n"
             "\n"
             "Exit codes: 0 ended well, 1 failed, 2 wrong usage, 78 wrong configuration.\n",
     .run = tlm_cli_run},
    {.name = "check",
     .subject = "FILE",
     .summary = "check a configuration file and say what it would run",
     .help = "Reads FILE as 'run' does and creates its components, but starts none of them. All\n"
             "mistakes are printed at once, each with its line. What 'check' passes, 'run' starts.\n"
             "\n"
             "Exit codes: 0 the file is right, 1 failed, 2 wrong usage, 78 wrong configuration.\n",
     .run = tlm_cli_check},
    {.name = "describe",
     .subject = "[COMPONENT]",
     .summary = "list components, or the options and datasets of one",
     .help = "Without COMPONENT: lists all components and the groups of options of the host itself.\n"
             "With the id of a component or the name of such a group: its options, interfaces and\n"
             "datasets. With --markdown alone: the whole reference.\n"
             "\n"
             "Exit codes: 0 good, 1 there is no such component, 2 wrong usage.\n",
     .takes_markdown = 1,
     .run = tlm_cli_describe},
    {.name = "plugin list",
     .summary = "list plugins with their components, and those that were refused",
     .help = "Loads every object of the plugin folders and lists it with its components, or with the\n"
             "reason why it was refused.\n"
             "\n"
             "Exit codes: 0 all were loaded, 1 at least one was refused, 2 wrong usage.\n",
     .run = tlm_cli_plugin_list},
    {.name = "version",
     .summary = "print the version, as --version does",
     .help = "Prints the version of the host and of the plugin ABI that it speaks.\n",
     .run = tlm_cli_version},
};
const uint32_t tlm_cli_command_count = TLM_COUNT(tlm_cli_commands);

#define OPTIONS_HELP                                                                                                   \
    "  --plugin-dir DIR  look for plugins in DIR before the installed ones; may be repeated\n"                         \
    "  --help            print this\n"

static void help_overall(void)
{
    printf("Usage: telemetra COMMAND [ARGUMENT] [OPTION...]\n\n"
           "Analytics of live streams: one host, plugins, configuration files.\n\nCommands:\n");
    for (uint32_t i = 0; i < tlm_cli_command_count; i++) {
        const tlm_cli_command *command = &tlm_cli_commands[i];
        char usage[40];
        (void)snprintf(usage, sizeof usage, "%s%s%s", command->name, command->subject ? " " : "",
                       command->subject ? command->subject : "");
        printf("  %-22s  %s\n", usage, command->summary);
    }
    printf("  %-22s  %s\n", "help [COMMAND]", "print this, or more of one command");
    printf("\nOptions of every command:\n" OPTIONS_HELP "\n'telemetra COMMAND --help' tells more of one.\n");
}

void tlm_cli_help(const tlm_cli_command *command)
{
    if (!command) {
        help_overall();
        return;
    }
    printf("Usage: telemetra %s%s%s [OPTION...]\n\n%s\nOptions:\n", command->name, command->subject ? " " : "",
           command->subject ? command->subject : "", command->help);
    if (command->takes_markdown)
        printf("  --markdown        print Markdown, as in conf/REFERENCE.md\n");
    printf(OPTIONS_HELP);
}
