/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file properties.h
 * The group `rdkafka` brought into a librdkafka configuration, each wrong key with a sentence of its own.
 */
#ifndef TLM_KAFKA_PROPERTIES_H
#define TLM_KAFKA_PROPERTIES_H

#include "client.h"

/**
 * Sets what the options and the owner say. -EINVAL with the sentences of all wrong keys; values are never in them.
 * `error` may be NULL.
 */
int tlm_kafka_properties_set(rd_kafka_conf_t *conf, const tlm_kafka_client_options *options,
                             const tlm_kafka_property *own, size_t own_count, tlm_error *error);

#endif
