/* SPDX-License-Identifier: Apache-2.0 */
#include "listen_waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int tlm_waiting_init(tlm_waiting_table *table, uint32_t capacity, int64_t head_timeout_ms, int64_t close_timeout_ms)
{
    tlm_waiting *slots = calloc(capacity, sizeof *slots);

    if (!slots)
        return -ENOMEM;
    *table = (tlm_waiting_table){.slots = slots, .timeout_ms = {head_timeout_ms, close_timeout_ms}};
    TAILQ_INIT(&table->free);
    for (uint32_t wait = 0; wait < TLM_WAITS; wait++)
        TAILQ_INIT(&table->queues[wait]);
    for (uint32_t i = 0; i < capacity; i++)
        TAILQ_INSERT_TAIL(&table->free, &slots[i], entry);
    return 0;
}

void tlm_waiting_finish(tlm_waiting_table *table)
{
    if (!table->slots)
        return;
    for (uint32_t wait = 0; wait < TLM_WAITS; wait++)
        while (!TAILQ_EMPTY(&table->queues[wait]))
            tlm_waiting_close(table, TAILQ_FIRST(&table->queues[wait]));
    free(table->slots);
    table->slots = NULL;
}

static tlm_waiting *earliest(const tlm_waiting_table *table)
{
    tlm_waiting *found = NULL;

    for (uint32_t wait = 0; wait < TLM_WAITS; wait++) {
        tlm_waiting *first = TAILQ_FIRST(&table->queues[wait]);
        if (first && (!found || first->deadline_ms < found->deadline_ms))
            found = first;
    }
    return found;
}

static void enqueue(tlm_waiting_table *table, tlm_waiting *waiting, uint32_t wait, int64_t now_ms)
{
    waiting->wait = wait;
    waiting->deadline_ms = now_ms + table->timeout_ms[wait];
    TAILQ_INSERT_TAIL(&table->queues[wait], waiting, entry);
}

tlm_waiting *tlm_waiting_add(tlm_waiting_table *table, int fd, int64_t now_ms)
{
    if (TAILQ_EMPTY(&table->free))
        tlm_waiting_close(table, earliest(table));
    tlm_waiting *waiting = TAILQ_FIRST(&table->free);
    TAILQ_REMOVE(&table->free, waiting, entry);
    waiting->fd = fd;
    enqueue(table, waiting, TLM_WAIT_HEAD, now_ms);
    return waiting;
}

void tlm_waiting_move(tlm_waiting_table *table, tlm_waiting *waiting, uint32_t wait, int64_t now_ms)
{
    TAILQ_REMOVE(&table->queues[waiting->wait], waiting, entry);
    enqueue(table, waiting, wait, now_ms);
}

int tlm_waiting_release(tlm_waiting_table *table, tlm_waiting *waiting)
{
    TAILQ_REMOVE(&table->queues[waiting->wait], waiting, entry);
    TAILQ_INSERT_HEAD(&table->free, waiting, entry);
    return waiting->fd;
}

void tlm_waiting_close(tlm_waiting_table *table, tlm_waiting *waiting)
{
    close(tlm_waiting_release(table, waiting));
}

tlm_waiting *tlm_waiting_overdue(tlm_waiting_table *table, int64_t now_ms)
{
    tlm_waiting *first = earliest(table);

    return first && first->deadline_ms <= now_ms ? first : NULL;
}

int64_t tlm_waiting_delay_ms(const tlm_waiting_table *table, int64_t now_ms)
{
    const tlm_waiting *first = earliest(table);

    if (!first)
        return -1;
    return first->deadline_ms > now_ms ? first->deadline_ms - now_ms : 0;
}
