/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file value.h
 * Reads one field of the event in work: its type, its bounds, its value.
 *
 * All of them return false when the value breaks the contract; the record is a reject then. An absent or null field
 * gives what each says.
 */
#ifndef TLM_JSON_VALUE_H
#define TLM_JSON_VALUE_H

#include "decoder.h"

#include "common/decimal.h"

/** Name of a field as a reason shows it, "raid_data.viewer_count". */
typedef struct tlm_field_name {
    char text[40];
} tlm_field_name;
tlm_field_name tlm_field_name_of(const fields *named, field wanted);

/** A string of at most `size_max` bytes without U+0000, copied; absent: {0, 0}. */
bool tlm_value_text(tlm_decoder *decoder, const fields *named, field wanted, size_t size_max, tlm_span *ret_span);

/** A message: at most TLM_MESSAGE_SIZE_MAX bytes, U+0000 allowed; absent: {0, 0}. */
bool tlm_value_message(tlm_decoder *decoder, const fields *named, field wanted, tlm_span *ret_span);

/**
 * A required id of 1..`size_max` bytes, not copied: `wanted`, or when that is absent `alias` (which may be FIELD_NONE).
 */
bool tlm_value_id(tlm_decoder *decoder, const fields *named, field wanted, field alias, size_t size_max,
                  tlm_text *ret_id);

/** An int64 without fraction and exponent; absent: *ret_value is left as it is. */
bool tlm_value_integer(tlm_decoder *decoder, const fields *named, field wanted, int64_t *ret_value);

/** true or false; absent: 0. */
bool tlm_value_bool(tlm_decoder *decoder, const fields *named, field wanted, uint32_t *ret_value);

/** RFC 3339 or integer milliseconds; absent: *ret_time_ns is left as it is. */
bool tlm_value_time(tlm_decoder *decoder, const fields *named, field wanted, int64_t *ret_time_ns);

/** An array of strings without U+0000, copied to tlm_span[size]; absent: {0, 0}. With `ret_texts` NULL only judged. */
bool tlm_value_texts(tlm_decoder *decoder, const fields *named, field wanted, tlm_span *ret_texts);

/** At most TLM_EMOTES_MAX emotes of 1..TLM_EMOTE_SIZE_MAX bytes, to tlm_emote[size]; absent: {0, 0}. */
bool tlm_value_emotes(tlm_decoder *decoder, const fields *named, field wanted, tlm_span *ret_emotes);

/** An object, which is not looked into; *ret_at is its index on the tape, 0 when absent. */
bool tlm_value_object(tlm_decoder *decoder, const fields *named, field wanted, uint32_t *ret_at);

/** A number, or a string holding one, in units of 10^-9; absent: 0. */
bool tlm_value_decimal(tlm_decoder *decoder, const fields *named, field wanted, tlm_wide *ret_units);

/** A number of bits: as before, but an integer >= 0 without fraction and exponent, and in units of 1. */
bool tlm_value_bits(tlm_decoder *decoder, const fields *named, field wanted, tlm_wide *ret_bits);

/** Three capital letters and a NUL; absent: USD. */
bool tlm_value_currency(tlm_decoder *decoder, const fields *named, field wanted, char ret_currency[static 4]);

#endif
