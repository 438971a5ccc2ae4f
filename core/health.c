/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include <pthread.h>
#include <stdlib.h>

struct tlm_health_entry {
    tlm_health *health;
    tlm_health_entry *next;
    const char *component;
    uint32_t is_store;
    uint32_t status;
    uint32_t is_hidden; /* while it is ok */
    uint32_t is_silent; /* its last change was told by another entry */
    tlm_error message;
    uint32_t (*probe)(void *context, tlm_error *message);
    void *probe_context;
    char name[];
};

struct tlm_health {
    const tlm_log *log;
    pthread_mutex_t mutex;
    tlm_health_entry *first, **last;
};

int tlm_health_create(const tlm_log *log, tlm_health **ret_health)
{
    tlm_health *health = calloc(1, sizeof *health);
    if (!health)
        return -ENOMEM;
    health->log = log;
    health->last = &health->first;
    pthread_mutex_init(&health->mutex, NULL);
    *ret_health = health;
    return 0;
}

void tlm_health_destroy(tlm_health *health)
{
    if (!health)
        return;
    for (tlm_health_entry *each = health->first, *next; each; each = next) {
        next = each->next;
        free(each);
    }
    pthread_mutex_destroy(&health->mutex);
    free(health);
}

tlm_health_entry *tlm_health_add(tlm_health *health, const char *name, const char *component, uint32_t is_store)
{
    size_t size = strlen(name) + 1;
    tlm_health_entry *entry = calloc(1, sizeof *entry + size);
    if (!entry)
        return NULL;
    *entry = (tlm_health_entry){.health = health, .component = component, .is_store = is_store};
    memcpy(entry->name, name, size);
    entry->status = TLM_HEALTH_OK;
    pthread_mutex_lock(&health->mutex);
    *health->last = entry;
    health->last = &entry->next;
    pthread_mutex_unlock(&health->mutex);
    return entry;
}

static void log_change(const tlm_health_entry *entry, uint32_t before)
{
    const tlm_log *log = entry->health->log;
    if (entry->status == TLM_HEALTH_OK)
        tlm_log_write(log, TLM_LOG_INFO, entry->name, "works again");
    else
        tlm_log_write(log, entry->status > before ? TLM_LOG_ERROR : TLM_LOG_WARNING, entry->name, "%s",
                      entry->message.text);
}

static void set_locked(tlm_health_entry *entry, uint32_t status, tlm_text message, uint32_t is_told_by_other)
{
    uint32_t before = entry->status;
    entry->status = status;
    size_t size = message.size < sizeof entry->message.text ? message.size : sizeof entry->message.text - 1;
    if (size)
        memcpy(entry->message.text, message.data, size);
    entry->message.text[size] = '\0';
    if (status == before)
        return;
    if (!is_told_by_other && !(entry->is_silent && status == TLM_HEALTH_OK))
        log_change(entry, before);
    entry->is_silent = is_told_by_other;
}

void tlm_health_set(tlm_health_entry *entry, uint32_t status, tlm_text message)
{
    pthread_mutex_lock(&entry->health->mutex);
    set_locked(entry, status, message, 0);
    pthread_mutex_unlock(&entry->health->mutex);
}

void tlm_health_follow(tlm_health_entry *entry, const tlm_health_entry *cause, uint32_t status, tlm_text message)
{
    pthread_mutex_lock(&entry->health->mutex);
    set_locked(entry, status, message, cause->status != TLM_HEALTH_OK);
    pthread_mutex_unlock(&entry->health->mutex);
}

int tlm_health_is_ok(const tlm_health_entry *entry)
{
    pthread_mutex_lock(&entry->health->mutex);
    int is_ok = entry->status == TLM_HEALTH_OK;
    pthread_mutex_unlock(&entry->health->mutex);
    return is_ok;
}

void tlm_health_probe(tlm_health_entry *entry, uint32_t (*probe)(void *context, tlm_error *message), void *context)
{
    pthread_mutex_lock(&entry->health->mutex);
    entry->probe = probe;
    entry->probe_context = context;
    pthread_mutex_unlock(&entry->health->mutex);
}

void tlm_health_show(tlm_health_entry *entry, uint32_t is_shown)
{
    pthread_mutex_lock(&entry->health->mutex);
    entry->is_hidden = !is_shown;
    pthread_mutex_unlock(&entry->health->mutex);
}

uint32_t tlm_health_report(tlm_health *health, void (*visit)(void *context, const tlm_health_item *item), void *context)
{
    uint32_t worst = TLM_HEALTH_OK;
    pthread_mutex_lock(&health->mutex);
    for (tlm_health_entry *each = health->first; each; each = each->next) {
        tlm_error probed = {{0}};
        uint32_t status = each->probe ? each->probe(each->probe_context, &probed) : TLM_HEALTH_OK;
        const char *message = probed.text;
        if (status <= each->status) {
            status = each->status;
            message = each->message.text;
        }
        if (status == TLM_HEALTH_OK && each->is_hidden)
            continue;
        tlm_health_item item = {.name = each->name,
                                .component = each->component,
                                .is_store = each->is_store,
                                .status = status,
                                .message = tlm_text_of(message)};
        visit(context, &item);
        if (status > worst)
            worst = status;
    }
    pthread_mutex_unlock(&health->mutex);
    return worst;
}
