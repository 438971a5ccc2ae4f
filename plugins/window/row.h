/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the datasets `windows` and `streams`. One thread at a time. */
#ifndef TLM_WINDOW_ROW_H
#define TLM_WINDOW_ROW_H

#include "chatters.h"
#include "stream.h"

#include <telemetra/processor.h>

extern const tlm_dataset tlm_windows_dataset;
extern const tlm_dataset tlm_streams_dataset;

/* Memory for making rows. */
typedef struct {
    const tlm_lane *lane; /* borrowed: takes the rows */
    tlm_geometry geometry;
    const tlm_pane **panes;                /* owned; those of a window, at most duration / slide */
    const tlm_emote_counts **emote_counts; /* owned; as many */
    tlm_chatter_work chatters;
    tlm_emote_work emotes;
    tlm_amounts amounts;
    tlm_buffer emotes_text, amounts_text;
    uint8_t sketch[TLM_SKETCH_SIZE];
} tlm_row_writer;

int tlm_row_writer_init(tlm_row_writer *writer, const tlm_lane *lane, const tlm_geometry *geometry);
void tlm_row_writer_finish(tlm_row_writer *writer);
size_t tlm_row_writer_size_bytes(const tlm_row_writer *writer);

/* Emits the stream's row of the window that ends at `end_ns`, if it has had an event there that makes one. 0 or
 * negative. `flags`: TLM_ROWS_...; final rows come in the order of their ends and keep the stream's roster. */
int tlm_row_write_window(tlm_row_writer *writer, tlm_stream *stream, int64_t end_ns, uint32_t flags);

/* Emits what is known of the stream itself. */
int tlm_row_write_stream(tlm_row_writer *writer, const tlm_stream *stream, uint32_t flags);

#endif
