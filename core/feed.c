/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include <pthread.h>
#include <stdlib.h>

struct tlm_subscription {
    tlm_feed *feed;
    tlm_subscription *next;
    char *dataset;
    void (*receive)(void *context, const tlm_rows *rows);
    void *context;
};

struct tlm_feed {
    /* Publishers share it; a change of the list waits until none is inside a `receive`. */
    pthread_rwlock_t lock;
    tlm_subscription *subscriptions;
};

int tlm_feed_create(tlm_feed **ret_feed)
{
    tlm_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return -ENOMEM;
    int result = pthread_rwlock_init(&feed->lock, NULL);
    if (result) {
        free(feed);
        return -result;
    }
    *ret_feed = feed;
    return 0;
}

void tlm_feed_destroy(tlm_feed *feed)
{
    if (!feed)
        return;
    pthread_rwlock_destroy(&feed->lock);
    free(feed);
}

void tlm_feed_publish(tlm_feed *feed, const tlm_rows *rows)
{
    pthread_rwlock_rdlock(&feed->lock);
    for (tlm_subscription *each = feed->subscriptions; each; each = each->next)
        if (!strcmp(each->dataset, rows->dataset->id))
            each->receive(each->context, rows);
    pthread_rwlock_unlock(&feed->lock);
}

int tlm_feed_is_heard(tlm_feed *feed)
{
    pthread_rwlock_rdlock(&feed->lock);
    int is_heard = feed->subscriptions != NULL;
    pthread_rwlock_unlock(&feed->lock);
    return is_heard;
}

tlm_subscription *tlm_feed_subscribe(tlm_feed *feed, const char *dataset,
                                     void (*receive)(void *context, const tlm_rows *rows), void *context)
{
    tlm_subscription *subscription = calloc(1, sizeof *subscription);
    if (!subscription)
        return NULL;
    *subscription =
        (tlm_subscription){.feed = feed, .dataset = strdup(dataset), .receive = receive, .context = context};
    if (!subscription->dataset) {
        free(subscription);
        return NULL;
    }
    pthread_rwlock_wrlock(&feed->lock);
    subscription->next = feed->subscriptions;
    feed->subscriptions = subscription;
    pthread_rwlock_unlock(&feed->lock);
    return subscription;
}

void tlm_feed_unsubscribe(tlm_subscription *subscription)
{
    if (!subscription)
        return;
    tlm_feed *feed = subscription->feed;
    pthread_rwlock_wrlock(&feed->lock);
    tlm_subscription **link = &feed->subscriptions;
    while (*link != subscription)
        link = &(*link)->next;
    *link = subscription->next;
    pthread_rwlock_unlock(&feed->lock);
    free(subscription->dataset);
    free(subscription);
}
