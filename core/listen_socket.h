/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file listen_socket.h
 * The listening socket itself: an address in words to a bound socket, and back.
 */
#ifndef TLM_CORE_LISTEN_SOCKET_H
#define TLM_CORE_LISTEN_SOCKET_H

#include "plan.h"

/** Longest text of a bound address with its NUL: "[", an IPv6 literal with its zone, "]:65535". */
#define TLM_ADDRESS_SIZE 96

/** Whether the text is an IPv4 or IPv6 address or "localhost": 1 or 0. */
int tlm_listen_socket_is_address(const char *text);

/** A bound, non-blocking socket that does not listen yet; the caller closes it. A sentence on failure. */
int tlm_listen_socket_bind(const tlm_listen_options *options, int *ret_fd, tlm_error *error);

/** Begins to listen. The port may have been taken since it was bound: the same sentence then. */
int tlm_listen_socket_listen(int fd, const tlm_listen_options *options, tlm_error *error);

/** The bound address as "host:port". */
int tlm_listen_socket_address(int fd, char text[static TLM_ADDRESS_SIZE], tlm_error *error);

#endif
