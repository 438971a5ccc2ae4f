/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file url.h
 * Where a Redis server is and who asks: `redis://[[user]:password@]host[:port][/database]`.
 */
#ifndef TLM_REDIS_URL_H
#define TLM_REDIS_URL_H

#include <telemetra/base.h>

enum { TLM_REDIS_PORT = 6379 };

typedef struct tlm_redis_url {
    char *host;
    char *user;     /**< NULL: the default user */
    char *password; /**< NULL: none */
    int32_t port;
    int32_t database;
} tlm_redis_url;

/**
 * Reads a URL; user and password are percent-decoded. -EINVAL with a sentence that shows nothing of it (it holds a
 * password), -ENOMEM.
 */
int tlm_redis_url_init(tlm_redis_url *url, const char *text, tlm_error *error);
/** Wipes the password. Accepts NULL. */
void tlm_redis_url_finish(tlm_redis_url *url);

#endif
