/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file process.h
 * The real binary for the tests of its API: a temporary folder, a small recorded input, `telemetra run` on a free port.
 */
#ifndef TLM_TEST_PROCESS_H
#define TLM_TEST_PROCESS_H

#include "http_client.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

#define PROCESS_PATH_SIZE 256
#define PROCESS_LOG_SIZE 65536
/* Sanitizer builds are several times slower. */
#define PROCESS_PATIENCE_MS 30000

extern char **environ;

/** One running `telemetra run`. */
typedef struct process {
    char folder[PROCESS_PATH_SIZE];
    pid_t pid;
    int log_fd; /* its standard error */
    char log[PROCESS_LOG_SIZE];
    size_t log_size;
    uint16_t port;
} process;

/* Events of three streams in one slide: each has the same six windows, which end at 12:00:10 up to 12:01:00. */
static const char process_input[] =
    "{\"topic\":\"stream_meta\",\"event_id\":\"m1\",\"timestamp\":\"2024-05-01T12:00:00Z\",\"stream_id\":\"alpha\","
    "\"event_type\":\"stream_start\",\"title\":\"First "
    "\\\"steps\\\"\",\"category\":\"Chess\",\"streamer_name\":\"Al\"}\n"
    "{\"topic\":\"chat\",\"event_id\":\"c1\",\"timestamp\":\"2024-05-01T12:00:01Z\",\"stream_id\":\"alpha\","
    "\"user_id\":\"u1\",\"message\":\"hello\",\"emotes\":[\"Kappa\",\"Kappa\"]}\n"
    "{\"topic\":\"chat\",\"event_id\":\"c2\",\"timestamp\":\"2024-05-01T12:00:02Z\",\"stream_id\":\"alpha\","
    "\"user_id\":\"u2\",\"message\":\"hello\",\"emotes\":[\"LUL\"]}\n"
    "{\"topic\":\"chat\",\"event_id\":\"c3\",\"timestamp\":\"2024-05-01T12:00:02Z\",\"stream_id\":\"c/d\","
    "\"user_id\":\"u1\",\"message\":\"hello\"}\n"
    "{\"topic\":\"viewer\",\"event_id\":\"v1\",\"timestamp\":\"2024-05-01T12:00:02Z\",\"stream_id\":\"beta\","
    "\"viewer_count\":70}\n"
    "{\"topic\":\"viewer\",\"event_id\":\"v2\",\"timestamp\":\"2024-05-01T12:00:03Z\",\"stream_id\":\"alpha\","
    "\"viewer_count\":100}\n"
    "{\"topic\":\"viewer\",\"event_id\":\"v3\",\"timestamp\":\"2024-05-01T12:00:04Z\",\"stream_id\":\"alpha\","
    "\"viewer_count\":50}\n"
    "{\"topic\":\"transactions\",\"event_id\":\"t1\",\"timestamp\":\"2024-05-01T12:00:05Z\",\"stream_id\":\"alpha\","
    "\"transaction_type\":\"tip\",\"amount\":\"1.25\",\"currency\":\"EUR\"}\n"
    "{\"topic\":\"transactions\",\"event_id\":\"t2\",\"timestamp\":\"2024-05-01T12:00:06Z\",\"stream_id\":\"alpha\","
    "\"transaction_type\":\"bits\",\"amount\":250}\n";
#define PROCESS_INPUT_EVENTS 9

#define PROCESS_PIPELINE "pipeline = { name = \"test\"; at_idle = \"finish\"; };\n"
#define PROCESS_BEGINNING                                                                                              \
    "listen = { address = \"127.0.0.1\"; port = 0; };\n"                                                               \
    "codec = { component = \"json\"; };\n"                                                                             \
    "sources = ({ component = \"replay\"; path = \"input.ndjson\"; });\n"                                              \
    "processors = ({ component = \"window\"; });\n"

static inline void process_die(const char *what)
{
    perror(what);
    abort();
}

static inline void process_write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        process_die(path);
}

static inline int64_t process_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** A pause between two looks at something that has no event to wait for. */
static inline void process_pause(void)
{
    const struct timespec pause = {.tv_nsec = 20000000};

    nanosleep(&pause, NULL);
}

/* Reads its log until it has said where it listens; the pipe ends when it exits. */
static inline void process_find_port(process *run)
{
    static const char words[] = "listening on http://127.0.0.1:";
    const char *found = NULL;

    while (!found) {
        ssize_t size = read(run->log_fd, run->log + run->log_size, sizeof run->log - 1 - run->log_size);
        if (size <= 0) {
            fprintf(stderr, "it does not listen; its log:\n%s\n", run->log);
            abort();
        }
        run->log_size += (size_t)size;
        found = strstr(run->log, words);
        if (found && !strchr(found, '\n'))
            found = NULL;
    }
    run->port = (uint16_t)atoi(found + sizeof words - 1);
}

static inline void process_spawn(process *run)
{
    char *const arguments[] = {(char *)TLM_BINARY, (char *)"run", (char *)"pipeline.cfg", NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        process_die("pipe2");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, run->folder);
    errno = posix_spawn(&run->pid, TLM_BINARY, &actions, NULL, arguments, environ);
    if (errno != 0)
        process_die(TLM_BINARY);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    run->log_fd = ends[0];
}

/** Runs a configuration over the input until it listens. The folder is its working directory. */
static inline process *process_begin(const char *configuration)
{
    process *run = calloc(1, sizeof *run);
    char path[PROCESS_PATH_SIZE + 32];

    if (!run)
        process_die("calloc");
    snprintf(run->folder, sizeof run->folder, "%s/telemetra-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(run->folder))
        process_die(run->folder);
    snprintf(path, sizeof path, "%s/input.ndjson", run->folder);
    process_write_file(path, process_input);
    snprintf(path, sizeof path, "%s/pipeline.cfg", run->folder);
    process_write_file(path, configuration);
    process_spawn(run);
    process_find_port(run);
    return run;
}

/** Asks it to stop and waits; its exit code, or -1 when a signal ended it. The folder is removed. */
static inline int process_end(process *run)
{
    char command[PROCESS_PATH_SIZE + 16];
    int status = 0;

    if (kill(run->pid, SIGTERM) != 0 || waitpid(run->pid, &status, 0) != run->pid)
        process_die("kill");
    close(run->log_fd);
    snprintf(command, sizeof command, "rm -r '%s'", run->folder);
    if (system(command) != 0)
        process_die(command);
    free(run);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/** Asks for a target again and again until the body holds a text; the last answer. */
static inline http_answer process_wait_for(process *run, const char *target, const char *text)
{
    int64_t deadline_ms = process_now_ms() + PROCESS_PATIENCE_MS;

    for (;;) {
        http_answer answer = http_get(run->port, target);
        if ((answer.status && strstr(answer.body, text)) || process_now_ms() > deadline_ms)
            return answer;
        http_answer_finish(&answer);
        process_pause();
    }
}

#endif
