/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file record.h
 * What a checkpoint keeps of a lane: how far each input is decided, from where to read again, the watermark and the
 * accounting. Written as a few lines of text that a person can read in the database.
 */
#ifndef TLM_CORE_RECORD_H
#define TLM_CORE_RECORD_H

#include "accounting.h"
#include "plan.h"

typedef struct tlm_input_record {
    char name[TLM_NAME_SIZE_MAX + 1]; /**< instance name of the source */
    tlm_position next;                /**< decided up to here */
    tlm_position from;                /**< of the first event that is still in an open window; at most `next` */
    int64_t highest_ns;               /**< highest timestamp of the input before `next`; INT64_MIN: none */
} tlm_input_record;

typedef struct tlm_lane_record {
    int64_t watermark_ns; /**< INT64_MIN: none yet */
    int64_t quiet_ns;     /**< by which silent streams were judged; behind the watermark once all inputs have ended */
    uint32_t input_count;
    tlm_input_record inputs[TLM_INPUTS_MAX];
    tlm_accounting accounting;
} tlm_lane_record;

/** The record as text; free(3) it. NULL when memory is short. */
char *tlm_lane_record_format(const tlm_lane_record *record, size_t *ret_size);

/** Reads a text back. -EINVAL with a sentence for anything that tlm_lane_record_format did not write. */
int tlm_lane_record_parse(tlm_text text, tlm_lane_record *ret_record, tlm_error *error);

/** The record of an input by name, or NULL. */
tlm_input_record *tlm_lane_record_input(tlm_lane_record *record, const char *name);

#endif
