/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rows.h
 * Rows on their way into Redis: values, fields, messages, and the commands that carry them. One thread a packer.
 *
 * A value is 60 digits of order - its time (0 where the dataset has none), the epoch and the sequence of the flush,
 * 20 digits each - and a message of one row without its column table.
 */
#ifndef TLM_REDIS_ROWS_H
#define TLM_REDIS_ROWS_H

#include "common/rows_wire.h"
#include "layout.h"
#include "scripts.h"

#define TLM_REDIS_ORDER_SIZE 60
#define TLM_REDIS_TIME_SIZE 20

/** Rows and bytes of a published message, as far as whole rows allow. */
#define TLM_REDIS_MESSAGE_ROWS 512u
#define TLM_REDIS_MESSAGE_BYTES ((size_t)128 * 1024)

/** Where rows come from: a lane's flush; all 0 for rows that a store told. */
typedef struct tlm_redis_origin {
    uint32_t lane;
    uint64_t epoch, sequence;
} tlm_redis_origin;

/** Packs rows of one dataset. Zeroed but for the first four members, it is ready. */
typedef struct tlm_redis_packer {
    tlm_redis_link *link;
    tlm_redis_command *command;
    const tlm_redis_scripts *scripts;
    const tlm_redis_settings *settings;
    tlm_redis_layout layout;
    tlm_redis_origin origin;
    tlm_buffer table; /**< of the dataset */
    uint64_t table_hash;
    tlm_buffer scratch;
    uint32_t row_count; /**< in the message under way, kept in `scratch` */
} tlm_redis_packer;

/** Turns to a dataset. -ENOMEM. */
int tlm_redis_packer_begin(tlm_redis_packer *packer, const tlm_redis_layout *layout, const tlm_redis_origin *origin,
                           tlm_error *error);
void tlm_redis_packer_finish(tlm_redis_packer *packer);

/** Sends the dataset's column table. All of these are negative when the connection is lost or memory is short. */
int tlm_redis_pack_table(tlm_redis_packer *packer, tlm_error *error);

/** Sends rows to be kept as newest or as status; `cells` is row after row. */
int tlm_redis_pack_last(tlm_redis_packer *packer, const tlm_cell *cells, uint32_t row_count, tlm_error *error);

/**
 * Sends rows to be kept as recent. A key that is new gets `floor_ns`; with `lowers` one that is there gets it too if
 * its own is higher.
 */
int tlm_redis_pack_recent(tlm_redis_packer *packer, const tlm_cell *cells, uint32_t row_count, int64_t floor_ns,
                          bool lowers, tlm_error *error);

/** Adds a row to the message under way, and publishes that when it is full; tlm_redis_pack_publish sends the rest. */
int tlm_redis_pack_message(tlm_redis_packer *packer, uint32_t flags, const tlm_cell *cells, tlm_error *error);
int tlm_redis_pack_publish(tlm_redis_packer *packer, tlm_error *error);

/** Writes a time so that texts are ordered as times are. */
void tlm_redis_time_format(int64_t time_ns, char text[static TLM_REDIS_TIME_SIZE + 1]);
/** The time again; -EBADMSG when it is none. */
int tlm_redis_time_parse(tlm_text text, int64_t *ret_time_ns);

#endif
