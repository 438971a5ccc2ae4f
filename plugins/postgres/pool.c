/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <stdlib.h>

struct tlm_pool {
    pthread_mutex_t mutex; /* guards the stack of free ones */
    pthread_cond_t released;
    tlm_link *free[TLM_POOL_LINKS_MAX];
    uint32_t free_count, count;
    tlm_link links[TLM_POOL_LINKS_MAX];
};

int tlm_pool_create(tlm_server *server, uint32_t count, bool readers, tlm_pool **ret_pool, tlm_error *error)
{
    tlm_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->released, NULL);
    for (pool->count = 0; pool->count < count; pool->count++) {
        tlm_link_init(&pool->links[pool->count], server, readers);
        pool->free[pool->free_count++] = &pool->links[pool->count];
    }
    *ret_pool = pool;
    return 0;
}

void tlm_pool_destroy(tlm_pool *pool)
{
    if (!pool)
        return;
    for (uint32_t i = 0; i < pool->count; i++)
        tlm_link_finish(&pool->links[i]);
    pthread_cond_destroy(&pool->released);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

tlm_link *tlm_pool_acquire(tlm_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    while (pool->free_count == 0)
        pthread_cond_wait(&pool->released, &pool->mutex);
    tlm_link *link = pool->free[--pool->free_count]; /* the last one used: its statements are prepared */
    pthread_mutex_unlock(&pool->mutex);
    return link;
}

void tlm_pool_release(tlm_pool *pool, tlm_link *link)
{
    pthread_mutex_lock(&pool->mutex);
    pool->free[pool->free_count++] = link;
    pthread_cond_signal(&pool->released);
    pthread_mutex_unlock(&pool->mutex);
}
