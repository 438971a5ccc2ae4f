/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file components.h
 * The components of this plugin.
 */
#ifndef TLM_KAFKA_COMPONENTS_H
#define TLM_KAFKA_COMPONENTS_H

#include <telemetra/telemetra.h>

extern const tlm_component tlm_kafka_source_component;
extern const tlm_component tlm_kafka_sink_component;

#endif
