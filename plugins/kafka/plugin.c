/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: a source of partitioned lanes (source.c) and a sink with the dead-letter queue (sink.c) over librdkafka. */
#include "components.h"

static const tlm_component *const components[] = {&tlm_kafka_source_component, &tlm_kafka_sink_component};

TLM_PLUGIN("kafka", TELEMETRA_VERSION, components);
