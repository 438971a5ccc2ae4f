/* SPDX-License-Identifier: Apache-2.0 */
#include "parcel.h"

#include <stdlib.h>
#include <time.h>

tlm_parcel *tlm_parcel_create(const tlm_events *events, uint32_t row_room, uint32_t dead_room)
{
    size_t size = sizeof(tlm_parcel) + dead_room * sizeof(tlm_dead) + row_room * sizeof(uint32_t);
    tlm_parcel *parcel = malloc(size);
    if (!parcel)
        return NULL;
    *parcel = (tlm_parcel){.events = events, .size_bytes = size, .highest_ns = INT64_MIN};
    parcel->dead = (tlm_dead *)(void *)(parcel + 1);
    parcel->rows = (uint32_t *)(void *)(parcel->dead + dead_room);
    if (events) {
        events->ref(events);
        parcel->size_bytes += events->arena_size + events->event_count * sizeof(tlm_event) + events->records->data_size;
    }
    return parcel;
}

void tlm_parcel_destroy(tlm_parcel *parcel)
{
    if (!parcel)
        return;
    if (parcel->events)
        parcel->events->unref(parcel->events);
    free(parcel);
}

int tlm_inbox_init(tlm_inbox *inbox, uint32_t capacity, uint64_t size_max)
{
    *inbox = (tlm_inbox){.capacity = capacity, .size_max = size_max};
    inbox->ring = calloc(capacity, sizeof(tlm_parcel *));
    if (!inbox->ring)
        return -ENOMEM;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&inbox->mutex, NULL);
    pthread_cond_init(&inbox->filled, &monotonic);
    pthread_cond_init(&inbox->drained, NULL);
    pthread_condattr_destroy(&monotonic);
    return 0;
}

void tlm_inbox_finish(tlm_inbox *inbox)
{
    if (!inbox->ring)
        return;
    tlm_inbox_close(inbox);
    pthread_cond_destroy(&inbox->drained);
    pthread_cond_destroy(&inbox->filled);
    pthread_mutex_destroy(&inbox->mutex);
    free(inbox->ring);
    inbox->ring = NULL;
}

/* A parcel larger than the byte bound still passes, alone. */
static int is_full(const tlm_inbox *inbox, const tlm_parcel *parcel)
{
    return inbox->count == inbox->capacity ||
           (inbox->count && inbox->size_bytes + parcel->size_bytes > inbox->size_max);
}

int tlm_inbox_put(tlm_inbox *inbox, tlm_parcel *parcel)
{
    pthread_mutex_lock(&inbox->mutex);
    while (!inbox->is_closed && is_full(inbox, parcel))
        pthread_cond_wait(&inbox->drained, &inbox->mutex);
    int result = inbox->is_closed ? -ECANCELED : 0;
    if (!result) {
        inbox->ring[(inbox->head + inbox->count++) % inbox->capacity] = parcel;
        inbox->size_bytes += parcel->size_bytes;
        pthread_cond_signal(&inbox->filled);
    }
    pthread_mutex_unlock(&inbox->mutex);
    if (result)
        tlm_parcel_destroy(parcel);
    return result;
}

void tlm_inbox_set_waker(tlm_inbox *inbox, void (*wake)(void *context), void *context)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->wake = wake;
    inbox->wake_context = context;
    pthread_mutex_unlock(&inbox->mutex);
}

void tlm_inbox_wake_locked(tlm_inbox *inbox)
{
    pthread_cond_broadcast(&inbox->filled);
    if (inbox->wake)
        inbox->wake(inbox->wake_context);
}

tlm_parcel *tlm_inbox_take_locked(tlm_inbox *inbox)
{
    if (!inbox->count)
        return NULL;
    tlm_parcel *parcel = inbox->ring[inbox->head];
    inbox->head = (inbox->head + 1) % inbox->capacity;
    inbox->count--;
    inbox->size_bytes -= parcel->size_bytes;
    pthread_cond_broadcast(&inbox->drained);
    return parcel;
}

void tlm_inbox_close(tlm_inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->is_closed = 1;
    for (tlm_parcel *each; (each = tlm_inbox_take_locked(inbox));)
        tlm_parcel_destroy(each);
    pthread_cond_broadcast(&inbox->drained);
    pthread_cond_broadcast(&inbox->filled);
    pthread_mutex_unlock(&inbox->mutex);
}
