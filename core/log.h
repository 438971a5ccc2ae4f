/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file log.h
 * The process' log on standard error: text, or one JSON object a line. Any thread. Libraries return errors; only the
 * edges log.
 */
#ifndef TLM_CORE_LOG_H
#define TLM_CORE_LOG_H

#include <telemetra/telemetra.h>

enum { TLM_LOG_FORMAT_TEXT = 1, TLM_LOG_FORMAT_JSON = 2 };

/** Where messages go; one a process, made by main and passed down. */
typedef struct tlm_log {
    uint32_t level;  /**< least level that is written: TLM_LOG_DEBUG ... */
    uint32_t format; /**< TLM_LOG_FORMAT_... */
    int fd;
} tlm_log;

/**
 * Writes one message of `who` ("core", an instance's name) with a single write(2):
 *
 *     2026-11-24T19:00:00.123Z INFO  core: message
 *     {"time":"2026-11-24T19:00:00.123Z","level":"INFO","source":"core","message":"message"}
 *
 * Line ends and other control characters inside become spaces; a message over 4 KiB is cut and ends in "...".
 */
TLM_PRINTF(4, 5) void tlm_log_write(const tlm_log *log, uint32_t level, const char *who, const char *format, ...);

#endif
