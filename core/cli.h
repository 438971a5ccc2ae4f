/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file cli.h
 * The command line: `telemetra COMMAND [ARGUMENT] [OPTION...]`. Main thread. Results of a command go to standard
 * output, what is wrong goes to standard error.
 */
#ifndef TLM_CORE_CLI_H
#define TLM_CORE_CLI_H

#include "registry.h"

/** Exit codes. 78 is EX_CONFIG of sysexits.h. */
enum { TLM_EXIT_GOOD = 0, TLM_EXIT_FAILED = 1, TLM_EXIT_USAGE = 2, TLM_EXIT_CONFIG = 78 };

/** Most --plugin-dir options, and the folders that the host adds. */
#define TLM_CLI_FOLDERS_MAX 16

/** A command line that was understood. */
typedef struct tlm_cli {
    const struct tlm_cli_command *command; /**< NULL: none was given */
    const char *subject;                   /**< FILE or COMPONENT; NULL: none */
    int is_help;
    int is_version; /**< --version was given */
    int is_markdown;
    const char *folders[TLM_CLI_FOLDERS_MAX];
    uint32_t folder_count;
    tlm_registry *registry; /**< made for the command, over `folders` */
} tlm_cli;

/** A command: how it is called and what it does. */
typedef struct tlm_cli_command {
    const char *name;    /**< one or two words: "plugin list" */
    const char *subject; /**< "FILE", "[COMPONENT]"; NULL: takes none */
    const char *summary; /**< one line */
    const char *help;    /**< what it does, with its exit codes */
    int takes_markdown;
    int (*run)(const tlm_cli *cli); /**< returns an exit code */
} tlm_cli_command;

extern const tlm_cli_command tlm_cli_commands[];
extern const uint32_t tlm_cli_command_count;

/** Reads the arguments into `cli`. 0, or TLM_EXIT_USAGE after a sentence on standard error. */
int tlm_cli_parse(int argc, char **argv, tlm_cli *cli);

/** Prints the help of a command, or of all when it is NULL. */
void tlm_cli_help(const tlm_cli_command *command);

int tlm_cli_run(const tlm_cli *cli);
int tlm_cli_check(const tlm_cli *cli);
int tlm_cli_describe(const tlm_cli *cli);
int tlm_cli_plugin_list(const tlm_cli *cli);
int tlm_cli_version(const tlm_cli *cli);

#endif
