/* The hash by which Kafka's Java client chooses a partition. No state, any thread.
 *
 * Source: org.apache.kafka.common.utils.Utils.murmur2 and BuiltInPartitioner; librdkafka's `murmur2_random` agrees for
 * every key that is not null. It is Austin Appleby's MurmurHash2 with the seed 0x9747b28c. */
#ifndef TLM_COMMON_MURMUR2_H
#define TLM_COMMON_MURMUR2_H

#include <stddef.h>
#include <stdint.h>

/* The hash of `size` bytes (Java shows it as a signed int of the same bits). */
uint32_t tlm_murmur2(const void *bytes, size_t size);

/* The partition of a key with this hash among `partitions` (1 or more). */
uint32_t tlm_murmur2_partition(uint32_t hash, uint32_t partitions);

#endif
