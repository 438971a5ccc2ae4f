/* SPDX-License-Identifier: Apache-2.0 */
#include "state_code.h"

#include "rate.h"

/* Layout: version, first_ns, last_end_ns, chat, the tracks viewers, sentiment, donations, then the number of currencies
 * with flags of gifts, their rate unless it is the least, those of the last window if any, and the currencies. Numbers
 * are little-endian; a double is its IEEE 754 bits. A track begins with flags that say what follows. */
enum { VERSION = 1 };
enum {
    FLAG_BASELINE = 1u << 0,   /* level, variance, count */
    FLAG_TREND = 1u << 1,      /* trend */
    FLAG_STANDS_OUT = 1u << 2, /* direction, since when */
    FLAG_OPEN = 1u << 3,       /* an open moment and the level it would leave behind */
    FLAG_SLIDES = 1u << 4,     /* slides since the last reading */
    FLAGS_END = 1u << 5
};
/* With the number of currencies. */
enum { FLAG_GIFT_RATE = 1u << 7, FLAG_WINDOW_GIFTS = 1u << 6, CURRENCIES = FLAG_WINDOW_GIFTS - 1 };

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_number(tlm_buffer *buffer, uint64_t value, unsigned size)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    tlm_buffer_append(buffer, bytes, size);
}

static void write_double(tlm_buffer *buffer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    write_number(buffer, bits, 8);
}

/* The trend apart: few have one. */
static void write_baseline(tlm_buffer *buffer, const tlm_baseline *baseline)
{
    write_double(buffer, baseline->level);
    write_double(buffer, baseline->variance);
    write_number(buffer, baseline->count, 2);
}

static unsigned flags_of(const tlm_track *track)
{
    unsigned flags = track->baseline.count ? FLAG_BASELINE : 0;
    flags |= track->baseline.count && track->baseline.trend != 0 ? (unsigned)FLAG_TREND : 0;
    flags |= track->episode.stands_out ? (unsigned)FLAG_STANDS_OUT : 0;
    flags |= track->episode.direction ? (unsigned)FLAG_OPEN : 0;
    return flags | (track->slides ? (unsigned)FLAG_SLIDES : 0);
}

static void write_track(tlm_buffer *buffer, const tlm_track *track)
{
    const tlm_episode *episode = &track->episode;
    unsigned flags = flags_of(track);
    write_number(buffer, flags, 1);
    if (flags & FLAG_BASELINE) {
        write_baseline(buffer, &track->baseline);
    }
    if (flags & FLAG_TREND)
        write_double(buffer, track->baseline.trend);
    if (flags & FLAG_STANDS_OUT) {
        write_number(buffer, (uint8_t)episode->stands_out, 1);
        write_number(buffer, (uint64_t)episode->stands_out_ns, 8);
    }
    if (flags & FLAG_OPEN) {
        write_number(buffer, (uint8_t)episode->direction, 1);
        write_number(buffer, episode->rows, 1);
        write_number(buffer, episode->slides, 2);
        write_number(buffer, episode->quiet, 2);
        write_number(buffer, episode->peak_slides, 2);
        write_number(buffer, (uint64_t)episode->id_ms, 8);
        write_number(buffer, (uint64_t)episode->started_ns, 8);
        write_double(buffer, episode->peak);
        write_double(buffer, track->lasting);
    }
    if (flags & FLAG_SLIDES)
        write_number(buffer, track->slides, 4);
}

static void write_chat(tlm_buffer *buffer, const tlm_chat *chat)
{
    write_track(buffer, &chat->slides);
    if (chat->slides.baseline.count) {
        write_baseline(buffer, &chat->windows);
    }
    if (chat->slides.episode.direction)
        write_double(buffer, chat->lasting);
}

static void write_donations(tlm_buffer *buffer, const tlm_donations *donations)
{
    unsigned flags = donations->gift_rate > tlm_rate_least ? (unsigned)FLAG_GIFT_RATE : 0;
    flags |= donations->window_gifts ? (unsigned)FLAG_WINDOW_GIFTS : 0;
    write_track(buffer, &donations->count);
    write_number(buffer, donations->currency_count | flags, 1);
    if (flags & FLAG_GIFT_RATE)
        write_double(buffer, donations->gift_rate);
    if (flags & FLAG_WINDOW_GIFTS)
        write_number(buffer, (uint64_t)donations->window_gifts, 8);
    for (uint32_t i = 0; i < donations->currency_count; i++) {
        tlm_buffer_append(buffer, donations->currencies[i].code, 3);
        write_baseline(buffer, &donations->currencies[i].paid);
    }
}

void tlm_moments_state_write(const tlm_moments_stream *stream, tlm_buffer *buffer)
{
    write_number(buffer, VERSION, 1);
    write_number(buffer, (uint64_t)stream->first_ns, 8);
    write_number(buffer, (uint64_t)stream->last_end_ns, 8);
    write_chat(buffer, &stream->chat);
    write_track(buffer, &stream->viewers);
    write_track(buffer, &stream->sentiment);
    write_donations(buffer, &stream->donations);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* What is still to be read; `error` is sticky. */
typedef struct {
    tlm_text left;
    int error;
} reader;

static uint64_t read_number(reader *in, unsigned size)
{
    uint64_t value = 0;
    if (in->error || size > in->left.size) {
        in->error = -EINVAL;
        return 0;
    }
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)(unsigned char)in->left.data[i] << (8 * i);
    in->left.data += size;
    in->left.size -= size;
    return value;
}

static double read_double(reader *in)
{
    uint64_t bits = read_number(in, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void read_baseline(reader *in, tlm_baseline *baseline)
{
    baseline->level = read_double(in);
    baseline->variance = read_double(in);
    baseline->count = (uint32_t)read_number(in, 2);
}

static int8_t read_direction(reader *in)
{
    int8_t direction = (int8_t)read_number(in, 1);
    if (direction != 1 && direction != -1)
        in->error = -EINVAL;
    return direction;
}

static void read_open(reader *in, tlm_track *track)
{
    tlm_episode *episode = &track->episode;
    episode->direction = read_direction(in);
    episode->rows = (uint8_t)read_number(in, 1);
    episode->slides = (uint16_t)read_number(in, 2);
    episode->quiet = (uint16_t)read_number(in, 2);
    episode->peak_slides = (uint16_t)read_number(in, 2);
    episode->id_ms = (int64_t)read_number(in, 8);
    episode->started_ns = (int64_t)read_number(in, 8);
    episode->peak = read_double(in);
    track->lasting = read_double(in);
}

static void read_track(reader *in, tlm_track *track)
{
    unsigned flags = (unsigned)read_number(in, 1);
    if (flags >= FLAGS_END)
        in->error = -EINVAL;
    if (in->error)
        return;
    if (flags & FLAG_BASELINE) {
        read_baseline(in, &track->baseline);
    }
    if (flags & FLAG_TREND)
        track->baseline.trend = read_double(in);
    if (flags & FLAG_STANDS_OUT) {
        track->episode.stands_out = read_direction(in);
        track->episode.stands_out_ns = (int64_t)read_number(in, 8);
    }
    if (flags & FLAG_OPEN)
        read_open(in, track);
    if (flags & FLAG_SLIDES)
        track->slides = (uint32_t)read_number(in, 4);
}

static void read_chat(reader *in, tlm_chat *chat)
{
    read_track(in, &chat->slides);
    if (chat->slides.baseline.count) {
        read_baseline(in, &chat->windows);
    }
    if (chat->slides.episode.direction)
        chat->lasting = read_double(in);
}

static void read_currency(reader *in, tlm_currency *currency)
{
    uint64_t code = read_number(in, 3);
    for (unsigned i = 0; i < 3; i++)
        currency->code[i] = (char)(code >> (8 * i));
    read_baseline(in, &currency->paid);
}

static void read_donations(reader *in, tlm_donations *donations)
{
    read_track(in, &donations->count);
    unsigned currencies = (unsigned)read_number(in, 1);
    if (currencies & FLAG_GIFT_RATE)
        donations->gift_rate = read_double(in);
    if (currencies & FLAG_WINDOW_GIFTS)
        donations->window_gifts = (int64_t)read_number(in, 8);
    donations->currency_count = currencies & CURRENCIES;
    if (donations->currency_count > TLM_CURRENCIES_MAX || !(donations->gift_rate >= tlm_rate_least) ||
        donations->window_gifts < 0)
        in->error = -EINVAL;
    for (uint32_t i = 0; !in->error && i < donations->currency_count; i++)
        read_currency(in, &donations->currencies[i]);
}

int tlm_moments_state_read(tlm_text bytes, tlm_moments_stream *stream)
{
    reader in = {.left = bytes};
    if (read_number(&in, 1) != VERSION)
        return -EINVAL;
    stream->first_ns = (int64_t)read_number(&in, 8);
    stream->last_end_ns = (int64_t)read_number(&in, 8);
    read_chat(&in, &stream->chat);
    read_track(&in, &stream->viewers);
    read_track(&in, &stream->sentiment);
    read_donations(&in, &stream->donations);
    return in.error || in.left.size ? -EINVAL : 0;
}
