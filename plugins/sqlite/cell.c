/* SPDX-License-Identifier: Apache-2.0 */
#include "cell.h"

#include "common/answer.h"
#include "common/decimal.h"
#include "database.h"

#include <float.h>
#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide_unsigned;

/** Decimals with this many digits survive the way into a double and back (C17 5.2.4.2.2, DBL_DIG = 15). */
static const int64_t real_units_end = INT64_C(1000000000000000);

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

_Static_assert(DBL_DIG == 15, "real_units_end follows DBL_DIG");

static tlm_wide wide_of(tlm_int128 value)
{
    return (tlm_wide)(((wide_unsigned)(uint64_t)value.high << 64) | value.low);
}

static tlm_int128 pair_of(tlm_wide value)
{
    return (tlm_int128){.low = (uint64_t)value, .high = (int64_t)(value >> 64)};
}

static int bind_decimal(sqlite3_stmt *statement, int index, uint32_t scale, tlm_wide units)
{
    if (scale == 0 && units >= INT64_MIN && units <= INT64_MAX)
        return sqlite3_bind_int64(statement, index, (int64_t)units);
    if (scale > 0 && units > -real_units_end && units < real_units_end)
        return sqlite3_bind_double(statement, index, (double)(int64_t)units / powers_of_ten[scale]);
    char text[TLM_DECIMAL_SIZE];
    size_t size = tlm_decimal_format(units, scale, false, text);
    return sqlite3_bind_text(statement, index, text, (int)size, SQLITE_TRANSIENT);
}

int tlm_cell_bind(sqlite3_stmt *statement, int index, const tlm_column *column, const tlm_cell *cell)
{
    if (!cell->is_set)
        return sqlite3_bind_null(statement, index);
    switch (column->type) {
    case TLM_COLUMN_TEXT:
    case TLM_COLUMN_JSON:
        return sqlite3_bind_text64(statement, index, cell->size ? cell->as.text : "", cell->size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case TLM_COLUMN_BYTES:
        return sqlite3_bind_blob64(statement, index, cell->size ? cell->as.text : "", cell->size, SQLITE_STATIC);
    case TLM_COLUMN_DECIMAL:
        return bind_decimal(statement, index, column->scale, wide_of(cell->as.wide));
    default:
        return sqlite3_bind_int64(statement, index, cell->as.integer);
    }
}

/* Adds a digit; 0 when the number leaves 128 bits. */
static int push_digit(tlm_wide *units, int digit, int sign)
{
    tlm_wide next;
    if (__builtin_mul_overflow(*units, (tlm_wide)10, &next) ||
        __builtin_add_overflow(next, (tlm_wide)(sign * digit), &next))
        return 0;
    *units = next;
    return 1;
}

/* Reads what bind_decimal wrote as text: a sign, digits, and `scale` of them after a point. */
static int parse_decimal(const char *text, int size, uint32_t scale, tlm_wide *ret_units)
{
    tlm_wide units = 0;
    int at = size > 0 && text[0] == '-';
    int sign = at ? -1 : 1;
    int point = scale > 0 ? size - (int)scale - 1 : size;
    if (point <= at)
        return -EIO;
    for (; at < size; at++) {
        if (at == point ? text[at] != '.' : text[at] < '0' || text[at] > '9')
            return -EIO;
        if (at != point && !push_digit(&units, text[at] - '0', sign))
            return -EIO;
    }
    *ret_units = units;
    return 0;
}

static int decimal_of(sqlite3_value *value, uint32_t scale, tlm_wide *ret_units)
{
    double scaled;
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        if (scale > 0)
            return -EIO;
        *ret_units = sqlite3_value_int64(value);
        return 0;
    case SQLITE_FLOAT:
        /* Below 10^15 units both roundings together are off by less than 0.23. */
        scaled = round(sqlite3_value_double(value) * powers_of_ten[scale]);
        if (scale == 0 || !(fabs(scaled) < (double)real_units_end))
            return -EIO;
        *ret_units = (int64_t)scaled;
        return 0;
    case SQLITE_TEXT:
        return parse_decimal((const char *)sqlite3_value_text(value), sqlite3_value_bytes(value), scale, ret_units);
    default:
        return -EIO;
    }
}

/* Big-endian with the sign bit turned: bytes then order as numbers do. */
static void write_key(tlm_wide units, unsigned char key[static 16])
{
    wide_unsigned bits = (wide_unsigned)units ^ ((wide_unsigned)1 << 127);
    for (int i = 15; i >= 0; i--) {
        key[i] = (unsigned char)bits;
        bits >>= 8;
    }
}

static void decimal_key(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    tlm_wide units;
    unsigned char key[16];
    int scale = sqlite3_value_int(values[1]);
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) {
        sqlite3_result_null(context);
    } else if (scale < 0 || scale > 18 || decimal_of(values[0], (uint32_t)scale, &units) < 0) {
        sqlite3_result_error(context, "a decimal column holds something else", -1);
    } else {
        write_key(units, key);
        sqlite3_result_blob(context, key, sizeof key, SQLITE_TRANSIENT);
    }
}

int tlm_cell_register(sqlite3 *database, tlm_error *error)
{
    if (sqlite3_create_function_v2(database, TLM_CELL_DECIMAL_KEY, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                   decimal_key, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return tlm_database_fail(database, "register " TLM_CELL_DECIMAL_KEY, error);
}

int tlm_cell_bind_filter(sqlite3_stmt *statement, int index, const tlm_column *column, const tlm_cell *cell)
{
    if (column->type != TLM_COLUMN_DECIMAL || !cell->is_set)
        return tlm_cell_bind(statement, index, column, cell);
    unsigned char key[16];
    write_key(wide_of(cell->as.wide), key);
    return sqlite3_bind_blob(statement, index, key, sizeof key, SQLITE_TRANSIENT);
}

static int read_text(sqlite3_stmt *statement, int index, int type, tlm_buffer *texts, tlm_cell *cell)
{
    if (sqlite3_column_type(statement, index) != type)
        return -EIO;
    const void *bytes = type == SQLITE_TEXT ? (const void *)sqlite3_column_text(statement, index)
                                            : sqlite3_column_blob(statement, index);
    cell->size = (uint32_t)sqlite3_column_bytes(statement, index);
    if (!bytes && cell->size > 0)
        return -ENOMEM;
    cell->as.integer = (int64_t)texts->size;
    return tlm_buffer_append(texts, bytes, cell->size);
}

int tlm_cell_read(sqlite3_stmt *statement, int index, const tlm_column *column, tlm_buffer *texts, tlm_cell *ret_cell)
{
    tlm_wide units = 0;
    int result = 0;
    tlm_cell cell = {.is_set = 1};
    int type = sqlite3_column_type(statement, index);
    if (type == SQLITE_NULL) {
        cell.is_set = 0;
    } else if (tlm_column_is_text(column)) {
        result =
            read_text(statement, index, column->type == TLM_COLUMN_BYTES ? SQLITE_BLOB : SQLITE_TEXT, texts, &cell);
    } else if (column->type == TLM_COLUMN_DECIMAL) {
        result = decimal_of(sqlite3_column_value(statement, index), column->scale, &units);
        cell.as.wide = pair_of(units);
    } else if (type == SQLITE_INTEGER) {
        cell.as.integer = sqlite3_column_int64(statement, index);
    } else {
        result = -EIO;
    }
    if (result == 0)
        *ret_cell = cell;
    return result;
}
