#include "common/sketch.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    RANK_BITS = 6,
    RANK_MASK = (1 << RANK_BITS) - 1,
    HASH_REST_BITS = 64 - TLM_SKETCH_PRECISION, /* q in Ertl's paper */
    RANK_MAX = HASH_REST_BITS + 1,
    SPARSE_MAX = 2048, /* marks: 8 KiB, the last power of two below the dense form's 16 KiB */
    SPARSE_MIN = 4,
    VERSION_SPARSE = 0x11,
    VERSION_DENSE = 0x12,
};

static uint32_t register_of(uint32_t mark)
{
    return mark >> RANK_BITS;
}

static uint8_t rank_of(uint32_t mark)
{
    return (uint8_t)(mark & RANK_MASK);
}

static bool is_mark(uint32_t mark)
{
    return register_of(mark) < TLM_SKETCH_REGISTERS && rank_of(mark) >= 1 && rank_of(mark) <= RANK_MAX;
}

uint64_t tlm_sketch_hash(const void *bytes, size_t size)
{
    return XXH3_64bits(bytes, size);
}

uint32_t tlm_sketch_mark(uint64_t hash)
{
    /* The bit below the rest stops the count at RANK_MAX. */
    uint64_t rest = hash << TLM_SKETCH_PRECISION | UINT64_C(1) << (TLM_SKETCH_PRECISION - 1);
    uint32_t rank = (uint32_t)__builtin_clzll(rest) + 1;

    return (uint32_t)(hash >> HASH_REST_BITS) << RANK_BITS | rank;
}

void tlm_sketch_finish(tlm_sketch *sketch)
{
    if (!sketch)
        return;
    if (sketch->dense)
        free(sketch->in.registers);
    else
        free(sketch->in.marks);
    *sketch = (tlm_sketch)TLM_SKETCH_INIT;
}

static void raise_register(uint8_t *registers, uint32_t mark)
{
    uint8_t *rank = &registers[register_of(mark)];

    if (rank_of(mark) > *rank)
        *rank = rank_of(mark);
}

static int make_dense(tlm_sketch *sketch)
{
    uint8_t *registers = calloc(TLM_SKETCH_REGISTERS, 1);
    if (!registers)
        return -ENOMEM;

    for (uint32_t i = 0; i < sketch->count; i++)
        raise_register(registers, sketch->in.marks[i]);
    free(sketch->in.marks);
    *sketch = (tlm_sketch){.in.registers = registers, .dense = true};
    return 0;
}

/* The first mark of this register or of one behind. */
static uint32_t position_of(const tlm_sketch *sketch, uint32_t index)
{
    uint32_t first = 0;
    uint32_t left = sketch->count;

    while (left > 0) {
        uint32_t half = left / 2;
        bool later = register_of(sketch->in.marks[first + half]) < index;
        first = later ? first + half + 1 : first;
        left = later ? left - half - 1 : half;
    }
    return first;
}

static int grow_sparse(tlm_sketch *sketch)
{
    size_t doubled = sketch->capacity ? sketch->capacity * (size_t)2 : SPARSE_MIN;
    size_t capacity = doubled < SPARSE_MAX ? doubled : SPARSE_MAX;
    uint32_t *marks = realloc(sketch->in.marks, capacity * sizeof(*marks));
    if (!marks)
        return -ENOMEM;

    sketch->in.marks = marks;
    sketch->capacity = (uint16_t)capacity;
    return 0;
}

static int insert_mark(tlm_sketch *sketch, uint32_t at, uint32_t mark)
{
    int result = sketch->count == sketch->capacity ? grow_sparse(sketch) : 0;
    if (result < 0)
        return result;

    uint32_t *place = sketch->in.marks + at;
    memmove(place + 1, place, (sketch->count - at) * sizeof(*place));
    *place = mark;
    sketch->count++;
    return 0;
}

static int add_sparse(tlm_sketch *sketch, uint32_t mark)
{
    uint32_t at = position_of(sketch, register_of(mark));

    if (at < sketch->count && register_of(sketch->in.marks[at]) == register_of(mark)) {
        if (mark > sketch->in.marks[at])
            sketch->in.marks[at] = mark;
        return 0;
    }
    if (sketch->count < SPARSE_MAX)
        return insert_mark(sketch, at, mark);
    int result = make_dense(sketch);
    if (result == 0)
        raise_register(sketch->in.registers, mark);
    return result;
}

int tlm_sketch_add(tlm_sketch *sketch, uint32_t mark)
{
    assert(is_mark(mark));
    if (!sketch->dense)
        return add_sparse(sketch, mark);
    raise_register(sketch->in.registers, mark);
    return 0;
}

/* Walks over the marks of either form in ascending order: start with *cursor = 0; false at the end. */
static bool next_mark(const tlm_sketch *sketch, uint32_t *cursor, uint32_t *ret_mark)
{
    uint32_t end = sketch->dense ? TLM_SKETCH_REGISTERS : sketch->count;

    while (sketch->dense && *cursor < end && sketch->in.registers[*cursor] == 0)
        ++*cursor;
    if (*cursor == end)
        return false;
    *ret_mark = sketch->dense ? *cursor << RANK_BITS | sketch->in.registers[*cursor] : sketch->in.marks[*cursor];
    ++*cursor;
    return true;
}

/* Both are sparse and fit together: one pass over both into new memory. */
static int merge_sparse(tlm_sketch *sketch, const tlm_sketch *other)
{
    size_t capacity = (size_t)sketch->count + other->count;
    uint32_t *marks = malloc(capacity * sizeof(*marks));
    if (!marks)
        return -ENOMEM;

    tlm_sketch merged = {.in.marks = marks, .capacity = (uint16_t)capacity};
    uint32_t ours = 0;
    uint32_t theirs = 0;
    while (ours < sketch->count || theirs < other->count) {
        uint32_t a = ours < sketch->count ? sketch->in.marks[ours] : UINT32_MAX;
        uint32_t b = theirs < other->count ? other->in.marks[theirs] : UINT32_MAX;
        bool same = register_of(a) == register_of(b);
        marks[merged.count++] = (a < b) != same ? a : b; /* the lower, or of one register the higher */
        ours += a < b || same;
        theirs += b < a || same;
    }
    free(sketch->in.marks);
    *sketch = merged;
    return 0;
}

int tlm_sketch_merge(tlm_sketch *sketch, const tlm_sketch *other)
{
    if (!other->dense && other->count == 0)
        return 0;
    if (!sketch->dense && !other->dense && sketch->count + other->count <= SPARSE_MAX)
        return merge_sparse(sketch, other);
    if (!sketch->dense) {
        int result = make_dense(sketch);
        if (result < 0)
            return result;
    }
    uint32_t mark;
    for (uint32_t cursor = 0; next_mark(other, &cursor, &mark);)
        raise_register(sketch->in.registers, mark);
    return 0;
}

/* Ertl's sigma: the sum of x^(2^k) 2^(k-1) that corrects for registers never hit; x < 1. */
static double sigma(double x)
{
    double factor = 1;
    double sum = x;
    double before;

    do {
        before = sum;
        x *= x;
        sum += x * factor;
        factor += factor;
    } while (sum != before);
    return sum;
}

/* Ertl's tau, which corrects for registers at their highest rank. */
static double tau(double x)
{
    if (x <= 0 || x >= 1)
        return 0;

    double factor = 1;
    double sum = 1 - x;
    double before;
    do {
        before = sum;
        x = sqrt(x);
        factor *= 0.5;
        sum -= (1 - x) * (1 - x) * factor;
    } while (sum != before);
    return sum / 3;
}

/* Ertl's improved raw estimator; histogram[k] registers have the rank k. */
static double estimate_of(const uint32_t histogram[static RANK_MAX + 1])
{
    const double half_by_ln2 = 0.72134752044448170367996234050095; /* alpha for infinitely many registers */
    const double registers = TLM_SKETCH_REGISTERS;

    if (histogram[0] == TLM_SKETCH_REGISTERS)
        return 0;
    double sum = registers * tau(1 - histogram[RANK_MAX] / registers);
    for (int rank = HASH_REST_BITS; rank >= 1; rank--)
        sum = 0.5 * (sum + histogram[rank]);
    sum += registers * sigma(histogram[0] / registers);
    return half_by_ln2 * registers * registers / sum;
}

uint64_t tlm_sketch_estimate(const tlm_sketch *sketch)
{
    uint32_t histogram[RANK_MAX + 1] = {0};

    for (uint32_t i = 0; sketch->dense && i < TLM_SKETCH_REGISTERS; i++)
        histogram[sketch->in.registers[i]]++;
    for (uint32_t i = 0; !sketch->dense && i < sketch->count; i++)
        histogram[rank_of(sketch->in.marks[i])]++;
    if (!sketch->dense)
        histogram[0] = TLM_SKETCH_REGISTERS - sketch->count;
    double estimate = estimate_of(histogram) + 0.5;
    return estimate >= 0x1p64 ? UINT64_MAX : (uint64_t)estimate;
}

static size_t varint_size(uint32_t value)
{
    return value < 1u << 7 ? 1 : value < 1u << 14 ? 2 : 3;
}

static size_t sparse_size(const tlm_sketch *sketch)
{
    uint32_t before = 0;
    uint32_t mark;
    size_t size = 1;

    for (uint32_t cursor = 0; next_mark(sketch, &cursor, &mark); before = mark)
        size += varint_size(mark - before);
    return size;
}

static size_t write_sparse(const tlm_sketch *sketch, uint8_t *out)
{
    uint32_t before = 0;
    uint32_t mark;
    size_t size = 0;

    out[size++] = VERSION_SPARSE;
    for (uint32_t cursor = 0; next_mark(sketch, &cursor, &mark); before = mark) {
        uint32_t distance = mark - before;
        for (; distance >= 1u << 7; distance >>= 7)
            out[size++] = (uint8_t)(distance | 1u << 7);
        out[size++] = (uint8_t)distance;
    }
    return size;
}

static size_t write_dense(const tlm_sketch *sketch, uint8_t *out)
{
    size_t size = 0;

    out[size++] = VERSION_DENSE;
    for (uint32_t i = 0; i < TLM_SKETCH_REGISTERS; i += 4) {
        const uint8_t *rank = sketch->in.registers + i;
        uint32_t four = rank[0] | (uint32_t)rank[1] << 6 | (uint32_t)rank[2] << 12 | (uint32_t)rank[3] << 18;
        out[size++] = (uint8_t)four;
        out[size++] = (uint8_t)(four >> 8);
        out[size++] = (uint8_t)(four >> 16);
    }
    return size;
}

size_t tlm_sketch_write(const tlm_sketch *sketch, uint8_t out[static TLM_SKETCH_SIZE])
{
    _Static_assert(1 + 3 * SPARSE_MAX < TLM_SKETCH_SIZE, "a sparse sketch is always shorter written so");

    return sparse_size(sketch) < TLM_SKETCH_SIZE ? write_sparse(sketch, out) : write_dense(sketch, out);
}

/* One LEB128 number of at most 3 bytes, in its shortest form; returns its size, 0 if there is none. */
static size_t read_varint(const uint8_t *at, size_t size, uint32_t *ret_value)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size && i < 3; i++) {
        value |= (uint32_t)(at[i] & 0x7F) << (7 * i);
        if (at[i] & 0x80)
            continue;
        *ret_value = value;
        return varint_size(value) == i + 1 ? i + 1 : 0;
    }
    return 0;
}

static int read_sparse(const uint8_t *at, size_t size, tlm_sketch *sketch)
{
    uint32_t mark = 0;
    uint32_t distance;
    bool first = true;

    for (; size > 0; first = false) {
        size_t taken = read_varint(at, size, &distance);
        if (!taken || !is_mark(mark + distance) || (!first && register_of(mark + distance) == register_of(mark)))
            return -EINVAL;
        mark += distance;
        int result = tlm_sketch_add(sketch, mark);
        if (result < 0)
            return result;
        at += taken;
        size -= taken;
    }
    return 0;
}

static int read_dense(const uint8_t *at, tlm_sketch *sketch)
{
    int result = make_dense(sketch);
    if (result < 0)
        return result;

    for (uint32_t i = 0; i < TLM_SKETCH_REGISTERS; i++) {
        const uint8_t *three = at + i / 4 * 3;
        uint32_t four = three[0] | (uint32_t)three[1] << 8 | (uint32_t)three[2] << 16;
        uint8_t rank = (uint8_t)(four >> (i % 4 * RANK_BITS) & RANK_MASK);
        if (rank > RANK_MAX)
            return -EINVAL;
        sketch->in.registers[i] = rank;
    }
    return sparse_size(sketch) < TLM_SKETCH_SIZE ? -EINVAL : 0;
}

int tlm_sketch_read(const void *bytes, size_t size, tlm_sketch *ret_sketch)
{
    const uint8_t *at = bytes;
    tlm_sketch sketch = TLM_SKETCH_INIT;
    int result = -EINVAL;

    if (size >= 1 && size < TLM_SKETCH_SIZE && at[0] == VERSION_SPARSE)
        result = read_sparse(at + 1, size - 1, &sketch);
    else if (size == TLM_SKETCH_SIZE && at[0] == VERSION_DENSE)
        result = read_dense(at + 1, &sketch);
    if (result < 0) {
        tlm_sketch_finish(&sketch);
        return result;
    }
    *ret_sketch = sketch;
    return 0;
}

size_t tlm_sketch_size_bytes(const tlm_sketch *sketch)
{
    return sketch->dense ? TLM_SKETCH_REGISTERS : sketch->capacity * sizeof(*sketch->in.marks);
}
