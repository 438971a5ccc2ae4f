/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as other processes send them. The first byte chooses whether the check is made to fit, so that what lies behind
 * it is reached. */
#include "common/rows_wire.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void sign(char *message, size_t size)
{
    if (size < 8)
        return;
    uint64_t check = tlm_wire_hash(message, size - 8);
    for (size_t i = 0; i < 8; i++)
        message[size - 8 + i] = (char)(unsigned char)(check >> (8 * i));
}

/* What was accepted reads the same once it is written again. */
static void write_again(const tlm_wire_head *head, const tlm_dataset *dataset, const tlm_rows *rows)
{
    tlm_buffer message = TLM_BUFFER_INIT;
    tlm_wire_begin(&message, head);
    for (uint32_t i = 0; i < rows->row_count; i++)
        tlm_wire_add(&message, dataset, tlm_rows_at(rows, i));
    tlm_wire_end(&message, rows->row_count);
    if (!message.error) {
        tlm_wire_head again;
        assert(tlm_wire_head_decode((tlm_text){message.data, message.size}, &again, NULL) == 0);
        assert(tlm_text_equal(again.rows, head->rows));
    }
    tlm_buffer_finish(&message);
}

static void read_message(tlm_text message)
{
    tlm_wire_head head;
    tlm_dataset *dataset;
    const tlm_rows *rows;

    if (tlm_wire_head_decode(message, &head, NULL) < 0 || tlm_wire_table_decode(head.table, &dataset, NULL) < 0)
        return;
    assert(dataset->column_count > 0 && dataset->column_count <= TLM_DATASET_COLUMNS_MAX);
    if (tlm_wire_rows_decode(&head, dataset, &rows, NULL) == 0) {
        write_again(&head, dataset, rows);
        rows->unref(rows);
    }
    tlm_wire_table_destroy(dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    /* A copy of exactly this size, so that a read past its end is seen. */
    char *copy = malloc(size);
    tlm_dataset *dataset;

    if (!copy)
        return 0;
    memcpy(copy, bytes + 1, size - 1);
    if (bytes[0] & 1)
        sign(copy, size - 1);
    read_message((tlm_text){copy, size - 1});
    if (tlm_wire_table_decode((tlm_text){copy, size - 1}, &dataset, NULL) == 0)
        tlm_wire_table_destroy(dataset);
    free(copy);
    return 0;
}
