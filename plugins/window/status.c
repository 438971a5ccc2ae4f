/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <assert.h>
#include <stdlib.h>

int tlm_stamp_compare(const tlm_stamp *stamp, int64_t time_ns, tlm_text id)
{
    if (!stamp->is_set)
        return -1;
    if (stamp->time_ns != time_ns)
        return stamp->time_ns < time_ns ? -1 : 1;
    int order = memcmp(stamp->id, id.data, stamp->size < id.size ? stamp->size : id.size);
    if (order == 0)
        return (stamp->size > id.size) - (stamp->size < id.size);
    return order;
}

int tlm_stamp_set(tlm_stamp *stamp, int64_t time_ns, tlm_text id)
{
    assert(id.size >= 1 && id.size <= TLM_STAMP_ID_MAX);
    if (stamp->capacity < id.size) {
        char *grown = realloc(stamp->id, id.size);
        if (!grown)
            return -ENOMEM;
        stamp->id = grown;
        stamp->capacity = (uint8_t)id.size;
    }
    memcpy(stamp->id, id.data, id.size);
    stamp->size = (uint8_t)id.size;
    stamp->time_ns = time_ns;
    stamp->is_set = true;
    return 0;
}

void tlm_stamp_finish(tlm_stamp *stamp)
{
    free(stamp->id);
    *stamp = (tlm_stamp){0};
}

/* 1 when the stamp was raised to this event, 0 when it lies at or behind it already. */
static int raise_stamp(tlm_stamp *stamp, int64_t time_ns, tlm_text id)
{
    if (tlm_stamp_compare(stamp, time_ns, id) >= 0)
        return 0;
    return tlm_stamp_set(stamp, time_ns, id) < 0 ? -ENOMEM : 1;
}

static int apply_viewer(tlm_status *status, const tlm_event *event, tlm_text id)
{
    int64_t count = event->as.viewer.viewer_count;
    bool was_known = status->viewer.is_set;
    int changes = 0;

    int raised = raise_stamp(&status->viewer, event->time_ns, id);
    if (raised < 0)
        return raised;
    if (raised) {
        changes |= TLM_STATUS_CHANGED | (was_known && status->viewer_count == count ? 0 : (int)TLM_STATUS_VISIBLE);
        status->viewer_count = count;
    }
    if (count <= 0)
        return changes;
    raised = raise_stamp(&status->revived, event->time_ns, id);
    return raised < 0 ? raised : changes | (raised ? (int)TLM_STATUS_CHANGED : 0);
}

static int apply_field(tlm_status_field *field, const tlm_event *event, tlm_text id, tlm_text text)
{
    if (tlm_stamp_compare(&field->stamp, event->time_ns, id) >= 0)
        return 0;
    bool is_same = field->text && tlm_text_equal((tlm_text){.data = field->text, .size = field->size}, text);
    if (!is_same) {
        char *copy = malloc(text.size + 1); /* an empty text is one */
        if (!copy)
            return -ENOMEM;
        memcpy(copy, text.data, text.size);
        free(field->text);
        field->text = copy;
        field->size = (uint32_t)text.size;
    }
    if (tlm_stamp_set(&field->stamp, event->time_ns, id) < 0)
        return -ENOMEM;
    return TLM_STATUS_CHANGED | (is_same ? 0 : (int)TLM_STATUS_VISIBLE);
}

static int apply_start(tlm_status *status, const tlm_event *event, const tlm_stream_meta *detail, tlm_text id)
{
    int64_t before = tlm_status_started_at(status);
    int raised = raise_stamp(&status->meta->started, event->time_ns, id);
    if (raised <= 0)
        return raised;
    status->meta->started_at_ns = detail->started_at_ns == INT64_MIN ? event->time_ns : detail->started_at_ns;
    if (raise_stamp(&status->revived, event->time_ns, id) < 0)
        return -ENOMEM;
    return TLM_STATUS_CHANGED | (tlm_status_started_at(status) == before ? 0 : (int)TLM_STATUS_VISIBLE);
}

static int apply_meta(tlm_status *status, const tlm_events *batch, const tlm_event *event, tlm_text id)
{
    const tlm_stream_meta *detail = (const void *)(batch->arena + event->as.detail.offset);
    const tlm_span spans[TLM_FIELD_COUNT] = {
        [TLM_FIELD_NAME] = detail->streamer_name,
        [TLM_FIELD_TITLE] = tlm_span_is_given(detail->new_title) ? detail->new_title : detail->title,
        [TLM_FIELD_CATEGORY] = tlm_span_is_given(detail->new_category) ? detail->new_category : detail->category,
        [TLM_FIELD_LANGUAGE] = detail->language,
    };
    if (!status->meta && !(status->meta = calloc(1, sizeof *status->meta)))
        return -ENOMEM;
    int changes = 0;
    int result = 0;
    if (detail->type == TLM_META_STREAM_START)
        result = apply_start(status, event, detail, id);
    else if (detail->type == TLM_META_STREAM_END)
        result = raise_stamp(&status->meta->ended, event->time_ns, id); /* 1 is TLM_STATUS_CHANGED */
    if (result < 0)
        return result;
    changes |= result;
    for (unsigned i = 0; i < TLM_FIELD_COUNT; i++) {
        if (!tlm_span_is_given(spans[i]))
            continue;
        result = apply_field(&status->meta->fields[i], event, id, tlm_events_text(batch, spans[i]));
        if (result < 0)
            return result;
        changes |= result;
    }
    return changes;
}

int tlm_status_apply(tlm_status *status, const tlm_events *batch, const tlm_event *event)
{
    tlm_text id = tlm_events_text(batch, event->event_id);
    int changes = tlm_status_touch(status, event->time_ns);
    int result = 0;
    if (event->kind == TLM_EVENT_VIEWER)
        result = apply_viewer(status, event, id);
    else if (event->kind == TLM_EVENT_STREAM_META)
        result = apply_meta(status, batch, event, id);
    return result < 0 ? result : changes | result;
}

bool tlm_status_is_live(const tlm_status *status, int64_t quiet_ns)
{
    if (status->last_ns == INT64_MIN || status->last_ns + TLM_STATUS_QUIET_NS <= quiet_ns)
        return false;
    const tlm_stamp *ended = status->meta ? &status->meta->ended : NULL;
    if (!ended || !ended->is_set || !status->revived.is_set)
        return !(ended && ended->is_set);
    return tlm_stamp_compare(&status->revived, ended->time_ns, tlm_stamp_id(ended)) > 0;
}

int64_t tlm_status_started_at(const tlm_status *status)
{
    return status->meta && status->meta->started.is_set ? status->meta->started_at_ns : status->first_ns;
}

tlm_text tlm_status_text(const tlm_status *status, unsigned field)
{
    if (!status->meta)
        return (tlm_text){0};
    return (tlm_text){.data = status->meta->fields[field].text, .size = status->meta->fields[field].size};
}

void tlm_status_finish(tlm_status *status)
{
    if (!status)
        return;
    tlm_stamp_finish(&status->viewer);
    tlm_stamp_finish(&status->revived);
    if (status->meta) {
        tlm_stamp_finish(&status->meta->ended);
        tlm_stamp_finish(&status->meta->started);
        for (unsigned i = 0; i < TLM_FIELD_COUNT; i++) {
            tlm_stamp_finish(&status->meta->fields[i].stamp);
            free(status->meta->fields[i].text);
        }
        free(status->meta);
    }
    *status = (tlm_status)TLM_STATUS_INIT;
}

size_t tlm_status_size_bytes(const tlm_status *status)
{
    size_t size = (size_t)status->viewer.capacity + status->revived.capacity;
    if (!status->meta)
        return size;
    size += sizeof *status->meta + status->meta->ended.capacity + status->meta->started.capacity;
    for (unsigned i = 0; i < TLM_FIELD_COUNT; i++)
        size += status->meta->fields[i].size + status->meta->fields[i].stamp.capacity;
    return size;
}
