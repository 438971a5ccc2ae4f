/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file codec.h
 * A codec turns records into typed events. Since 0.1.
 */
#ifndef TELEMETRA_CODEC_H
#define TELEMETRA_CODEC_H

#include "event.h"
#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TLM_INTERFACE_CODEC "telemetra.codec/1"

/** Working memory of one decoding thread. */
typedef struct tlm_decoder tlm_decoder;

/** Any number of decoders work at once; the calls for one of them never overlap. */
typedef struct tlm_codec {
    int (*open)(tlm_instance *instance, tlm_decoder **ret_decoder, tlm_error *error);
    /**
     * Decodes a batch: every record becomes one event or one reject. The caller owns one reference to the result, which
     * itself keeps a reference to `records`. Fails only with -ENOMEM.
     */
    int (*decode)(tlm_decoder *decoder, const tlm_records *records, tlm_events **ret_events);
    void (*close)(tlm_decoder *decoder);
} tlm_codec;

#ifdef __cplusplus
}
#endif
#endif
