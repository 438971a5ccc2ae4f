/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sha1.h
 * SHA-1 (RFC 3174), which RFC 6455 section 4.2.2 asks for in the answer to a handshake; nothing secret hangs on it. No
 * state, any thread.
 */
#ifndef TLM_WEBSOCKET_SHA1_H
#define TLM_WEBSOCKET_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define TLM_WS_SHA1_SIZE 20
/** Longest input: with its padding it fills two blocks. */
#define TLM_WS_SHA1_INPUT_MAX 119

/** The digest of at most TLM_WS_SHA1_INPUT_MAX bytes. */
void tlm_ws_sha1(const char *bytes, size_t size, uint8_t ret_digest[static TLM_WS_SHA1_SIZE]);

#endif
