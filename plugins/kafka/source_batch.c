/* SPDX-License-Identifier: Apache-2.0 */
#include "source_batch.h"

#include <stdatomic.h>
#include <stdlib.h>

struct tlm_kafka_batch {
    tlm_records public; /* first: what the host gets */
    atomic_uint refs;
    char *bytes; /* behind the records; TLM_PADDING of them behind the last */
    tlm_record records[];
};

static void batch_ref(const tlm_records *records)
{
    tlm_kafka_batch *batch = (tlm_kafka_batch *)(uintptr_t)records;

    (void)atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
}

static void batch_unref(const tlm_records *records)
{
    tlm_kafka_batch *batch = (tlm_kafka_batch *)(uintptr_t)records;

    if (batch && atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) == 1)
        free(batch);
}

tlm_kafka_batch *tlm_kafka_batch_create(uint32_t record_count, size_t size, const char *origin)
{
    tlm_kafka_batch *batch = malloc(sizeof *batch + record_count * sizeof *batch->records + size + TLM_PADDING);

    if (!batch)
        return NULL;
    batch->bytes = (char *)&batch->records[record_count];
    batch->public = (tlm_records){.struct_size = sizeof(tlm_records),
                                  .records = batch->records,
                                  .data = batch->bytes,
                                  .origin = origin,
                                  .ref = batch_ref,
                                  .unref = batch_unref};
    atomic_init(&batch->refs, 1);
    return batch;
}

void tlm_kafka_batch_add(tlm_kafka_batch *batch, tlm_record record, const void *bytes, size_t size)
{
    record.start = (uint32_t)batch->public.data_size;
    record.size = (uint32_t)size;
    if (size > 0)
        memcpy(batch->bytes + record.start, bytes, size);
    batch->records[batch->public.record_count++] = record;
    batch->public.data_size += size;
}

const tlm_records *tlm_kafka_batch_finish(tlm_kafka_batch *batch, tlm_position next)
{
    memset(batch->bytes + batch->public.data_size, 0, TLM_PADDING);
    batch->public.next = next;
    return &batch->public;
}
