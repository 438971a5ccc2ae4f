/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file log.h
 * The process' log on standard error: text, or one JSON object a line. Any thread. Libraries return errors; only the
 * edges log.
 */
#ifndef TLM_CORE_LOG_H
#define TLM_CORE_LOG_H

#include <telemetra/telemetra.h>

/** Where messages go; one a process, made by main and passed down. */
typedef struct tlm_log {
    uint32_t level;  /**< least level that is written: TLM_LOG_DEBUG ... */
    uint32_t format; /**< 1 text, 2 JSON lines */
    int fd;
} tlm_log;

/** Writes one message of `who` ("core", an instance's name) with a single write(2). Line ends inside become spaces. */
TLM_PRINTF(4, 5) void tlm_log_write(const tlm_log *log, uint32_t level, const char *who, const char *format, ...);

#endif
