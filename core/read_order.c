/* SPDX-License-Identifier: Apache-2.0 */
#include "read_order.h"

#include "clock.h"

#define READ_AHEAD_NS (TLM_READ_AHEAD_SECONDS * TLM_NS_PER_SECOND)

void tlm_read_order_init(tlm_read_order *order, uint32_t input_count)
{
    *order = (tlm_read_order){.input_count = input_count};
    pthread_mutex_init(&order->mutex, NULL);
    pthread_cond_init(&order->moved, NULL);
    for (uint32_t i = 0; i < input_count; i++) {
        order->inputs[i].highest_ns = INT64_MIN;
        order->inputs[i].is_active = 1;
    }
}

void tlm_read_order_finish(tlm_read_order *order)
{
    pthread_cond_destroy(&order->moved);
    pthread_mutex_destroy(&order->mutex);
}

void tlm_read_order_note(tlm_read_order *order, uint32_t input, int64_t highest_ns, uint32_t is_active)
{
    pthread_mutex_lock(&order->mutex);
    order->inputs[input].highest_ns = highest_ns;
    order->inputs[input].is_active = is_active;
    pthread_cond_broadcast(&order->moved);
    pthread_mutex_unlock(&order->mutex);
}

static int is_too_far_ahead(const tlm_read_order *order, uint32_t input)
{
    int64_t highest_ns = order->inputs[input].highest_ns;
    if (highest_ns == INT64_MIN)
        return 0;
    for (uint32_t i = 0; i < order->input_count; i++)
        if (i != input && order->inputs[i].is_active && order->inputs[i].highest_ns < highest_ns - READ_AHEAD_NS)
            return 1;
    return 0;
}

/* The one furthest behind never waits, so somebody always moves on, ends or becomes idle. */
void tlm_read_order_wait(tlm_read_order *order, uint32_t input)
{
    pthread_mutex_lock(&order->mutex);
    while (!order->is_over && is_too_far_ahead(order, input))
        pthread_cond_wait(&order->moved, &order->mutex);
    pthread_mutex_unlock(&order->mutex);
}

void tlm_read_order_end(tlm_read_order *order)
{
    pthread_mutex_lock(&order->mutex);
    order->is_over = 1;
    pthread_cond_broadcast(&order->moved);
    pthread_mutex_unlock(&order->mutex);
}
