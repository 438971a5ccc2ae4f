/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <inttypes.h>

/* --- values ------------------------------------------------------------------------------------------------------ */

void tlm_redis_time_format(int64_t time_ns, char text[static TLM_REDIS_TIME_SIZE + 1])
{
    snprintf(text, TLM_REDIS_TIME_SIZE + 1, "%020" PRIu64, (uint64_t)time_ns ^ (UINT64_C(1) << 63));
}

int tlm_redis_time_parse(tlm_text text, int64_t *ret_time_ns)
{
    uint64_t number = 0;
    if (text.size != TLM_REDIS_TIME_SIZE)
        return -EBADMSG;
    for (size_t i = 0; i < text.size; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text.data[i] - '0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return -EBADMSG;
        number = number * 10 + digit;
    }
    *ret_time_ns = (int64_t)(number ^ (UINT64_C(1) << 63));
    return 0;
}

static tlm_text stream_of(const tlm_redis_packer *packer, const tlm_cell *row)
{
    const tlm_cell *cell = &row[packer->layout.stream];
    return (tlm_text){cell->as.text, cell->size};
}

static void add_value(tlm_redis_packer *packer, const tlm_cell *row)
{
    char order[TLM_REDIS_ORDER_SIZE + 1];
    const tlm_redis_origin *origin = &packer->origin;
    int64_t time_ns = packer->layout.keeps == TLM_REDIS_KEEPS_STATUS ? 0 : row[packer->layout.timeline].as.integer;
    tlm_wire_head head = {.flags = TLM_ROWS_FINAL,
                          .lane = origin->lane,
                          .epoch = origin->epoch,
                          .sequence = origin->sequence,
                          .table_hash = packer->table_hash};
    tlm_redis_time_format(time_ns, order);
    snprintf(order + TLM_REDIS_TIME_SIZE, sizeof order - TLM_REDIS_TIME_SIZE, "%020" PRIu64 "%020" PRIu64,
             origin->epoch, origin->sequence);
    tlm_buffer_clear(&packer->scratch);
    tlm_wire_begin(&packer->scratch, &head);
    tlm_wire_add(&packer->scratch, packer->layout.dataset, row);
    tlm_wire_end(&packer->scratch, 1);
    tlm_buffer *bytes = &packer->command->bytes;
    tlm_buffer_append(bytes, order, TLM_REDIS_ORDER_SIZE);
    tlm_buffer_append(bytes, packer->scratch.data, packer->scratch.size);
    if (packer->scratch.error)
        bytes->error = packer->scratch.error;
    tlm_redis_command_end(packer->command);
}

/* "r" and the key columns, each with its size before it: no two keys are the same field. */
static void add_field(tlm_redis_packer *packer, const tlm_cell *row)
{
    const tlm_dataset *dataset = packer->layout.dataset;
    tlm_buffer *bytes = &packer->command->bytes;
    tlm_buffer_append_char(bytes, 'r');
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        char text[64];
        int size;
        if (!(dataset->columns[i].flags & TLM_COLUMN_KEY))
            continue;
        if (tlm_wire_is_bytes(dataset->columns[i].type)) {
            size = snprintf(text, sizeof text, ":%" PRIu32 ":", row[i].size);
            tlm_buffer_append(bytes, text, (size_t)size);
            tlm_buffer_append(bytes, row[i].as.text, row[i].size);
        } else if (dataset->columns[i].type == TLM_COLUMN_DECIMAL) {
            size =
                snprintf(text, sizeof text, ":%" PRIx64 ".%" PRIx64, (uint64_t)row[i].as.wide.high, row[i].as.wide.low);
            tlm_buffer_append(bytes, text, (size_t)size);
        } else {
            size = snprintf(text, sizeof text, ":%" PRId64, row[i].as.integer);
            tlm_buffer_append(bytes, text, (size_t)size);
        }
    }
    tlm_redis_command_end(packer->command);
}

/* --- packing ----------------------------------------------------------------------------------------------------- */

int tlm_redis_packer_begin(tlm_redis_packer *packer, const tlm_redis_layout *layout, const tlm_redis_origin *origin,
                           tlm_error *error)
{
    packer->layout = *layout;
    packer->origin = *origin;
    packer->row_count = 0;
    tlm_buffer_clear(&packer->scratch);
    tlm_buffer_clear(&packer->table);
    tlm_wire_table_encode(layout->dataset, &packer->table);
    if (packer->table.error)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    packer->table_hash = tlm_wire_hash(packer->table.data, packer->table.size);
    return 0;
}

void tlm_redis_packer_finish(tlm_redis_packer *packer)
{
    tlm_buffer_finish(&packer->table);
    tlm_buffer_finish(&packer->scratch);
}

static const char *base_of(const tlm_redis_packer *packer)
{
    return packer->link->shared->base;
}

int tlm_redis_pack_table(tlm_redis_packer *packer, tlm_error *error)
{
    tlm_redis_command_clear(packer->command);
    tlm_redis_command_text(packer->command, "SET");
    tlm_redis_command_key(packer->command, base_of(packer), "dataset:", packer->layout.dataset->id, (tlm_text){0});
    tlm_redis_command_add(packer->command, (tlm_text){packer->table.data, packer->table.size});
    return tlm_redis_link_add(packer->link, packer->command, error);
}

static int pack_some_last(tlm_redis_packer *packer, const tlm_cell *cells, uint32_t count, tlm_error *error)
{
    const tlm_dataset *dataset = packer->layout.dataset;
    tlm_redis_scripts_begin(packer->scripts, TLM_REDIS_SCRIPT_LAST, count, packer->command);
    for (uint32_t i = 0; i < count; i++)
        tlm_redis_command_key(packer->command, base_of(packer), "last:", dataset->id,
                              stream_of(packer, cells + (size_t)i * dataset->column_count));
    tlm_redis_command_integer(packer->command, packer->settings->expiry_ms);
    for (uint32_t i = 0; i < count; i++)
        add_value(packer, cells + (size_t)i * dataset->column_count);
    return tlm_redis_link_add(packer->link, packer->command, error);
}

int tlm_redis_pack_last(tlm_redis_packer *packer, const tlm_cell *cells, uint32_t row_count, tlm_error *error)
{
    int result = 0;
    for (uint32_t done = 0; done < row_count && result == 0; done += TLM_REDIS_KEYS_PER_COMMAND) {
        uint32_t count = row_count - done;
        if (count > TLM_REDIS_KEYS_PER_COMMAND)
            count = TLM_REDIS_KEYS_PER_COMMAND;
        result = pack_some_last(packer, cells + (size_t)done * packer->layout.dataset->column_count, count, error);
    }
    return result;
}

static void add_recent_settings(tlm_redis_packer *packer, int64_t floor_ns, bool lowers)
{
    char floor[TLM_REDIS_TIME_SIZE + 1];
    tlm_redis_time_format(floor_ns, floor);
    tlm_redis_command_integer(packer->command, packer->settings->expiry_ms);
    tlm_redis_command_integer(packer->command, packer->settings->recent_rows);
    tlm_redis_command_text(packer->command, floor);
    tlm_redis_command_text(packer->command, lowers ? "1" : "0");
}

static int pack_some_recent(tlm_redis_packer *packer, const tlm_cell *cells, uint32_t count, int64_t floor_ns,
                            bool lowers, tlm_error *error)
{
    const tlm_dataset *dataset = packer->layout.dataset;
    tlm_redis_scripts_begin(packer->scripts, TLM_REDIS_SCRIPT_RECENT, count, packer->command);
    for (uint32_t i = 0; i < count; i++)
        tlm_redis_command_key(packer->command, base_of(packer), "recent:", dataset->id,
                              stream_of(packer, cells + (size_t)i * dataset->column_count));
    add_recent_settings(packer, floor_ns, lowers);
    for (uint32_t i = 0; i < count; i++) {
        add_field(packer, cells + (size_t)i * dataset->column_count);
        add_value(packer, cells + (size_t)i * dataset->column_count);
    }
    return tlm_redis_link_add(packer->link, packer->command, error);
}

int tlm_redis_pack_recent(tlm_redis_packer *packer, const tlm_cell *cells, uint32_t row_count, int64_t floor_ns,
                          bool lowers, tlm_error *error)
{
    int result = 0;
    for (uint32_t done = 0; done < row_count && result == 0; done += TLM_REDIS_KEYS_PER_COMMAND) {
        uint32_t count = row_count - done;
        if (count > TLM_REDIS_KEYS_PER_COMMAND)
            count = TLM_REDIS_KEYS_PER_COMMAND;
        result = pack_some_recent(packer, cells + (size_t)done * packer->layout.dataset->column_count, count, floor_ns,
                                  lowers, error);
    }
    return result;
}

/* --- messages ---------------------------------------------------------------------------------------------------- */

int tlm_redis_pack_publish(tlm_redis_packer *packer, tlm_error *error)
{
    uint32_t row_count = packer->row_count;
    if (row_count == 0)
        return 0;
    packer->row_count = 0;
    tlm_wire_end(&packer->scratch, row_count);
    if (packer->scratch.error)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    if (packer->scratch.size > TLM_WIRE_SIZE_MAX)
        return 0; /* one row of more than anybody would read: it is in the store */
    tlm_redis_command_clear(packer->command);
    tlm_redis_command_text(packer->command, "PUBLISH");
    tlm_redis_command_key(packer->command, base_of(packer), "feed:", packer->layout.dataset->id, (tlm_text){0});
    tlm_redis_command_add(packer->command, (tlm_text){packer->scratch.data, packer->scratch.size});
    tlm_redis_count(packer->link->shared, packer->link->shared->metrics.published, row_count);
    return tlm_redis_link_add(packer->link, packer->command, error);
}

int tlm_redis_pack_message(tlm_redis_packer *packer, uint32_t flags, const tlm_cell *cells, tlm_error *error)
{
    const tlm_redis_origin *origin = &packer->origin;
    if (packer->row_count == 0) {
        tlm_wire_head head = {.flags = flags,
                              .lane = origin->lane,
                              .epoch = origin->epoch,
                              .sequence = origin->sequence,
                              .table_hash = packer->table_hash,
                              .table = {packer->table.data, packer->table.size}};
        tlm_buffer_clear(&packer->scratch);
        tlm_wire_begin(&packer->scratch, &head);
    }
    tlm_wire_add(&packer->scratch, packer->layout.dataset, cells);
    packer->row_count++;
    if (packer->row_count < TLM_REDIS_MESSAGE_ROWS && packer->scratch.size < TLM_REDIS_MESSAGE_BYTES)
        return 0;
    return tlm_redis_pack_publish(packer, error);
}
