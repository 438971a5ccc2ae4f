/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

/* Parts of a generation: the run's start, and a hash of the options. */
#define START_BITS 44
#define START_MASK ((UINT64_C(1) << START_BITS) - 1)

uint64_t tlm_log_generation(const tlm_mock_options *options)
{
    return (tlm_mock_options_hash(options) & ~START_MASK) | (uint64_t)options->start_ms;
}

int64_t tlm_log_start_ms(const tlm_position *place)
{
    return (int64_t)(place->generation & START_MASK);
}

static int init_lifelike(tlm_log *log, const tlm_position *from, const char *planted_path, tlm_error *error)
{
    int result = 0;

    log->end = INT64_MAX; /* the end of the last year shows as a time */
    if (planted_path && *planted_path)
        result = tlm_planted_create(planted_path, &log->options, &log->planted, error);
    if (result < 0)
        return result;
    result = tlm_lifelike_create(&log->options, log->planted, &log->lifelike);
    if (result == 0)
        result = tlm_lifelike_seek(log->lifelike, from ? from->offset : 0);
    if (result == -ESTALE)
        return tlm_error_set(error, result,
                             "the place to go on from is not one of this run; begin with an empty "
                             "checkpoint");
    if (result < 0)
        return tlm_error_set(error, result, "no memory for %u streams", log->options.stream_count);
    return log->planted ? tlm_planted_flush(log->planted, error) : 0;
}

int tlm_log_init(tlm_log *log, const tlm_mock_options *options, const tlm_position *from, int64_t count,
                 const char *planted_path, tlm_error *error)
{
    int result = 0;

    *log = (tlm_log){.options = *options, .generation = tlm_log_generation(options)};
    log->ordinal = from ? from->ordinal : 0;
    if (options->model == TLM_MODEL_LIFELIKE) {
        result = init_lifelike(log, from, planted_path, error);
    } else {
        tlm_flat_init(&log->flat, &log->options);
        log->end = tlm_flat_count(&log->flat);
    }
    if (count > 0 && count < log->end)
        log->end = count;
    if (result < 0)
        tlm_log_finish(log);
    return result;
}

void tlm_log_finish(tlm_log *log)
{
    tlm_lifelike_destroy(log->lifelike);
    tlm_planted_destroy(log->planted);
    log->lifelike = NULL;
    log->planted = NULL;
}

tlm_position tlm_log_position(const tlm_log *log)
{
    return (tlm_position){.ordinal = log->ordinal,
                          .offset = log->lifelike ? tlm_lifelike_offset(log->lifelike) : log->ordinal,
                          .generation = log->generation};
}

int tlm_log_peek(tlm_log *log, int64_t until_ns, int64_t *ret_time_ns)
{
    if (log->lifelike)
        return tlm_lifelike_peek(log->lifelike, until_ns, ret_time_ns);
    *ret_time_ns = log->ordinal < log->end ? tlm_flat_time_ns(&log->flat, log->ordinal) : INT64_MAX;
    return 0;
}

uint32_t tlm_log_guess(const tlm_log *log, int64_t time_ns, int64_t until_ns, uint32_t limit)
{
    double rate = log->options.rate * log->options.stream_count;
    double span_s = (double)(until_ns - time_ns) / (double)TLM_NS_PER_S;
    double guess = 16 + 1.5 * rate * span_s;

    if (log->end - log->ordinal < limit)
        limit = (uint32_t)(log->end - log->ordinal);
    return guess < limit ? (uint32_t)guess : limit;
}

void tlm_log_write(tlm_log *log, int64_t time_ns, char *out, tlm_record *ret_record)
{
    tlm_position position = tlm_log_position(log);
    uint32_t kind;
    size_t size = log->lifelike ? tlm_lifelike_write(log->lifelike, out, &kind)
                                : tlm_flat_write(&log->flat, log->ordinal, time_ns, out, &kind);

    *ret_record = (tlm_record){
        .position = position, .full_size = size, .append_time_ns = time_ns, .size = (uint32_t)size, .kind = kind};
    log->ordinal++;
}

int tlm_log_flush(tlm_log *log, tlm_error *error)
{
    return log->planted ? tlm_planted_flush(log->planted, error) : 0;
}
