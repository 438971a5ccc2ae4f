/* SPDX-License-Identifier: Apache-2.0 */
#include "cell.h"

#include "params.h"

#include <endian.h>
#include <stdbool.h>

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 wide_unsigned;

/** A numeric is base-10000 digits behind a head of four 16-bit words (numeric_send): 10 digits a side at most here. */
enum { NUMERIC_BASE = 10000, NUMERIC_DIGITS_MAX = 20, NUMERIC_HEAD = 8, NUMERIC_NEGATIVE = 0x4000 };

static const int64_t powers_of_ten[] = {1, 10, 100, 1000};

/** How a type of column is kept. */
typedef struct {
    const char *name;
    uint32_t id, array_id; /* catalog/pg_type.dat */
} form;

static const form forms[] = {
    [0] = {"", 0, 0},
    [TLM_COLUMN_TEXT] = {"text", TLM_TYPE_TEXT, 1009},
    [TLM_COLUMN_INTEGER] = {"bigint", TLM_TYPE_BIGINT, 1016},
    [TLM_COLUMN_DECIMAL] = {"numeric", TLM_TYPE_NUMERIC, 1231},
    [TLM_COLUMN_TIME] = {"bigint", TLM_TYPE_BIGINT, 1016},
    [TLM_COLUMN_BOOL] = {"boolean", TLM_TYPE_BOOL, 1000},
    [TLM_COLUMN_JSON] = {"json", TLM_TYPE_JSON, 199},
    [TLM_COLUMN_BYTES] = {"bytea", TLM_TYPE_BYTES, 1001},
};

void tlm_cell_sql_type(const tlm_column *column, char *text, size_t room)
{
    if (column->type == TLM_COLUMN_TEXT)
        (void)snprintf(text, room, "text COLLATE \"C\"");
    else if (column->type == TLM_COLUMN_DECIMAL)
        (void)snprintf(text, room, "numeric(%d, %u)", TLM_CELL_DIGITS, column->scale);
    else
        (void)snprintf(text, room, "%s", forms[column->type].name);
}

const char *tlm_cell_type_name(const tlm_column *column)
{
    return forms[column->type].name;
}

uint32_t tlm_cell_type_id(const tlm_column *column)
{
    return forms[column->type].id;
}

uint32_t tlm_cell_array_id(const tlm_column *column)
{
    return forms[column->type].array_id;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

char *tlm_cell_write16(char *at, uint16_t value)
{
    uint16_t big = htobe16(value);
    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

char *tlm_cell_write32(char *at, uint32_t value)
{
    uint32_t big = htobe32(value);
    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

static char *write64(char *at, uint64_t value)
{
    uint64_t big = htobe64(value);
    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

/* Digits of base 10000 from the last on, written downwards from `end`; returns how many. */
static int split_digits(wide_unsigned number, uint16_t *end)
{
    int count = 0;
    while (number > UINT64_MAX) {
        *--end = (uint16_t)(number % NUMERIC_BASE);
        number /= NUMERIC_BASE;
        count++;
    }
    for (uint64_t rest = (uint64_t)number; rest > 0; rest /= NUMERIC_BASE, count++)
        *--end = (uint16_t)(rest % NUMERIC_BASE);
    return count;
}

static wide_unsigned power_of_ten(uint32_t exponent)
{
    wide_unsigned power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* numeric_send: number of digits, weight of the first one, sign, decimals, digits without zeros at either end. */
static char *write_numeric(char *at, tlm_int128 units, uint32_t scale)
{
    uint16_t digits[NUMERIC_DIGITS_MAX] = {0};
    wide value = (wide)(((wide_unsigned)(uint64_t)units.high << 64) | units.low);
    wide_unsigned magnitude = value < 0 ? (wide_unsigned)0 - (wide_unsigned)value : (wide_unsigned)value;
    wide_unsigned power = scale ? power_of_ten(scale) : 1;
    wide_unsigned whole = scale ? magnitude / power : magnitude;
    wide_unsigned part = scale ? magnitude % power : 0;
    int part_count = (int)(scale + 3) / 4;
    uint16_t *middle = digits + NUMERIC_DIGITS_MAX / 2;
    int whole_count = split_digits(whole, middle);
    /* The part is filled up to whole digits of base 10000; those at its front may be zeros. */
    part *= (uint64_t)powers_of_ten[part_count * 4 - (int)scale];
    (void)split_digits(part, middle + part_count);
    uint16_t *first = middle - whole_count, *end = middle + part_count;
    int weight = whole_count - 1;
    while (end > first && end[-1] == 0)
        end--;
    while (first < end && *first == 0) {
        first++;
        weight--;
    }
    if (first == end)
        weight = 0;
    at = tlm_cell_write32(at, (uint32_t)(NUMERIC_HEAD + 2 * (end - first)));
    at = tlm_cell_write16(at, (uint16_t)(end - first));
    at = tlm_cell_write16(at, (uint16_t)(int16_t)weight);
    at = tlm_cell_write16(at, value < 0 ? NUMERIC_NEGATIVE : 0);
    at = tlm_cell_write16(at, (uint16_t)scale);
    for (; first < end; first++)
        at = tlm_cell_write16(at, *first);
    return at;
}

size_t tlm_cell_size_max(const tlm_column *column, const tlm_cell *cell)
{
    if (!cell->is_set)
        return 4;
    switch (column->type) {
    case TLM_COLUMN_TEXT:
    case TLM_COLUMN_JSON:
    case TLM_COLUMN_BYTES:
        return 4 + (size_t)cell->size;
    default:
        return 4 + NUMERIC_HEAD + 2 * NUMERIC_DIGITS_MAX;
    }
}

char *tlm_cell_write(char *at, const tlm_column *column, const tlm_cell *cell)
{
    if (!cell->is_set)
        return tlm_cell_write32(at, UINT32_MAX);
    switch (column->type) {
    case TLM_COLUMN_TEXT:
    case TLM_COLUMN_JSON:
    case TLM_COLUMN_BYTES:
        at = tlm_cell_write32(at, cell->size);
        if (cell->size > 0)
            memcpy(at, cell->as.text, cell->size);
        return at + cell->size;
    case TLM_COLUMN_DECIMAL:
        return write_numeric(at, cell->as.wide, column->scale);
    case TLM_COLUMN_BOOL:
        at = tlm_cell_write32(at, 1);
        *at = cell->as.integer != 0;
        return at + 1;
    default:
        return write64(tlm_cell_write32(at, 8), (uint64_t)cell->as.integer);
    }
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static uint16_t read16(const char *at)
{
    uint16_t big;
    memcpy(&big, at, sizeof big);
    return be16toh(big);
}

static uint64_t read64(const char *at)
{
    uint64_t big;
    memcpy(&big, at, sizeof big);
    return be64toh(big);
}

/* units * factor + more; false when it leaves 128 bits. */
static bool push(wide *units, wide factor, wide more)
{
    return !__builtin_mul_overflow(*units, factor, units) && !__builtin_add_overflow(*units, more, units);
}

/* The units of 10^-scale of a numeric; -EIO when it is none, or not a whole number of them in 128 bits. */
static int read_numeric(const char *bytes, int size, uint32_t scale, tlm_int128 *ret_units)
{
    if (size < NUMERIC_HEAD || size != NUMERIC_HEAD + 2 * read16(bytes))
        return -EIO;
    int count = read16(bytes), weight = (int16_t)read16(bytes + 2);
    uint16_t sign = read16(bytes + 4);
    if (sign != 0 && sign != NUMERIC_NEGATIVE)
        return -EIO; /* NaN or infinity */
    wide units = 0;
    wide direction = sign ? -1 : 1;
    for (int i = 0; i < count; i++) {
        /* The digit stands for digit * 10^(4 * (weight - i)); of that, scale places count. */
        int places = 4 * (weight - i) + (int)scale;
        wide digit = read16(bytes + NUMERIC_HEAD + 2 * i);
        if (places >= 0) {
            if (!push(&units, NUMERIC_BASE, direction * digit))
                return -EIO;
        } else {
            if (places <= -4 || digit % powers_of_ten[-places] != 0)
                return -EIO;
            if (!push(&units, powers_of_ten[4 + places], direction * (digit / powers_of_ten[-places])))
                return -EIO;
        }
    }
    int missing = 4 * (weight - count + 1) + (int)scale;
    for (; count > 0 && missing > 0; missing--) {
        if (!push(&units, 10, 0))
            return -EIO;
    }
    *ret_units = (tlm_int128){.low = (uint64_t)units, .high = (int64_t)(units >> 64)};
    return 0;
}

static int read_integer(const char *bytes, int size, uint32_t type, int64_t *ret_integer)
{
    if (size != (type == TLM_COLUMN_BOOL ? 1 : 8))
        return -EIO;
    *ret_integer = type == TLM_COLUMN_BOOL ? bytes[0] != 0 : (int64_t)read64(bytes);
    return 0;
}

int tlm_cell_read(const PGresult *row, int index, const tlm_column *column, tlm_buffer *texts, tlm_cell *ret_cell)
{
    tlm_cell cell = {.is_set = 1};
    const char *bytes = PQgetvalue(row, 0, index);
    int size = PQgetlength(row, 0, index), result = 0;
    if (PQgetisnull(row, 0, index)) {
        *ret_cell = (tlm_cell){0};
        return 0;
    }
    if (PQftype(row, index) != tlm_cell_type_id(column))
        return -EIO;
    switch (column->type) {
    case TLM_COLUMN_TEXT:
    case TLM_COLUMN_JSON:
    case TLM_COLUMN_BYTES:
        cell.size = (uint32_t)size;
        cell.as.integer = (int64_t)texts->size;
        result = tlm_buffer_append(texts, bytes, (size_t)size);
        break;
    case TLM_COLUMN_DECIMAL:
        result = read_numeric(bytes, size, column->scale, &cell.as.wide);
        break;
    default:
        result = read_integer(bytes, size, column->type, &cell.as.integer);
        break;
    }
    if (result == 0)
        *ret_cell = cell;
    return result;
}

int64_t tlm_cell_integer(const PGresult *rows, int row, int index)
{
    const char *bytes = PQgetvalue(rows, row, index);
    uint32_t big;
    if (PQgetlength(rows, row, index) == 8)
        return (int64_t)read64(bytes);
    memcpy(&big, bytes, sizeof big);
    return (int32_t)be32toh(big);
}
