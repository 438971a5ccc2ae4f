/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/** Writes the plugin folder of a build or an unpacked archive: that beside the running binary's own. */
static int folder_beside_binary(char out[static PATH_MAX])
{
    static const char beside[] = "/../lib/telemetra";
    ssize_t size = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (size <= 0)
        return -ENOENT;
    out[size] = '\0';
    char *slash = strrchr(out, '/');
    if (!slash || (size_t)(slash - out) + sizeof beside > PATH_MAX)
        return -ENOENT;
    memcpy(slash, beside, sizeof beside);
    return 0;
}

/** A folder that was named must be there; the host's own may be missing. */
static int check_folders(const tlm_cli *cli)
{
    for (uint32_t i = 0; i < cli->folder_count; i++) {
        struct stat about;
        int code = stat(cli->folders[i], &about) < 0 ? errno : S_ISDIR(about.st_mode) ? 0 : ENOTDIR;
        if (code != 0) {
            fprintf(stderr, "telemetra: --plugin-dir %s: %s\n", cli->folders[i], strerror(code));
            return TLM_EXIT_USAGE;
        }
    }
    return 0;
}

static int run_command(tlm_cli *cli)
{
    char beside[PATH_MAX];
    int result = check_folders(cli);
    if (result != 0)
        return result;
    if (folder_beside_binary(beside) == 0)
        cli->folders[cli->folder_count++] = beside;
    cli->folders[cli->folder_count++] = TELEMETRA_PLUGIN_DIR;
    if (tlm_registry_create(cli->folders, cli->folder_count, &cli->registry) < 0) {
        fprintf(stderr, "telemetra: out of memory\n");
        return TLM_EXIT_FAILED;
    }
    result = cli->command->run(cli);
    tlm_registry_destroy(cli->registry);
    return result;
}

/** Output that did not arrive is a failure, whatever the command thinks. */
static int flush_output(int result)
{
    int failed = ferror(stdout);
    if (fflush(stdout) == 0 && !failed)
        return result;
    fprintf(stderr, "telemetra: cannot write to standard output: %s\n", strerror(errno));
    return result == TLM_EXIT_GOOD ? TLM_EXIT_FAILED : result;
}

/**
 * Large blocks (rows of a flush) come from the system and go back to it. Left to itself the allocator would take them
 * from its heap once a few were freed, between millions of small blocks that live longer. What comes and goes all the
 * time, as batches and a broker's answers do, must stay in the heap: the kernel would map and zero its pages each time,
 * which cost a seventh of an event read from Kafka.
 */
static void set_allocator(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 8 * 1024 * 1024); /* without these everything works as well, but slower */
    (void)mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
}

int main(int argc, char **argv)
{
    set_allocator();
    tlm_cli cli;
    /* A reader that has gone is an error of the write, not a death of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    int result = tlm_cli_parse(argc, argv, &cli);
    if (result != 0)
        return result;
    if (cli.is_help)
        tlm_cli_help(cli.command);
    else
        result = run_command(&cli);
    return flush_output(result);
}
