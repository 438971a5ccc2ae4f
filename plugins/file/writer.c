/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include "rows.h"

#include <telemetra/host.h>

#include <string.h>

/** A job's result until it is decided, as the queue sets it. */
enum { UNDECIDED = 1 };

TLM_PRINTF(3, 4) static void tell(tlm_writer_news *news, uint32_t level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(news->sentence.text, sizeof news->sentence.text, format, arguments);
    va_end(arguments);
    news->level = level;
}

/* Puts the durable entries into effect, again if need be: repeating them changes nothing. */
static int catch_up(tlm_writer *writer, tlm_error *error)
{
    int result = tlm_ledger_apply(writer->ledger, writer->entries.data, writer->entries.size);
    writer->is_behind = result < 0;
    return result < 0 ? tlm_error_set(error, result, "%s: out of memory", writer->journal.path) : 0;
}

/* Makes the gathered entries durable and puts them into effect. */
static int enter(tlm_writer *writer, tlm_error *error)
{
    if (writer->entries.error < 0)
        return tlm_error_set(error, writer->entries.error, "out of memory");
    if (writer->journal.fd >= 0) {
        int result = tlm_journal_append(&writer->journal, &writer->entries, error);
        if (result < 0)
            return result;
    }
    /* From here on it is kept, whether or not memory suffices to show it. */
    (void)catch_up(writer, NULL);
    return 0;
}

static void rewrite_if_due(tlm_writer *writer, tlm_writer_news *news)
{
    tlm_error error;
    if (writer->journal.fd < 0 || writer->is_behind || !tlm_journal_is_due(&writer->journal))
        return;
    if (tlm_journal_rewrite(&writer->journal, writer->ledger, &error) < 0)
        tell(news, TLM_LOG_WARNING, "the checkpoint file keeps growing: %s", error.text);
}

/* --- taking lanes ------------------------------------------------------------------------------------------------ */

static int check_settings(const tlm_writer *writer, const char *settings, tlm_error *error)
{
    const char *pipeline = tlm_ledger_pipeline(writer->ledger), *found = tlm_ledger_settings(writer->ledger);
    if (strcmp(pipeline, writer->pipeline) != 0)
        return tlm_error_set(error, -EINVAL, "%s: it belongs to pipeline %s, this one is %s; name another path",
                             writer->journal.path, pipeline, writer->pipeline);
    if (strcmp(found, settings) != 0)
        return tlm_error_set(error, -EINVAL,
                             "%s: pipeline %s was begun with \"%s\" and is now configured with \"%s\"; restore the "
                             "settings or name another path",
                             writer->journal.path, pipeline, found, settings);
    return 0;
}

/* A checkpoint that knows nothing yet: what the output holds already stays. */
static int begin_anew(tlm_writer *writer, const char *settings, tlm_writer_news *news, tlm_error *error)
{
    tlm_buffer_clear(&writer->entries);
    tlm_ledger_write_head(&writer->entries, writer->pipeline, settings);
    tlm_ledger_write_output_size(&writer->entries, writer->output.size);
    int result = enter(writer, error);
    if (result < 0 || writer->is_behind)
        return result < 0 ? result : tlm_error_set(error, -ENOMEM, "out of memory");
    if (writer->output.is_regular && writer->output.is_own)
        return tlm_journal_rewrite(&writer->journal, writer->ledger, error);
    tell(news, TLM_LOG_INFO, "%s keeps no positions: the next start begins anew", tlm_output_name(&writer->output));
    return 0;
}

/* Reads the journal at the first take; nothing was written before. */
static int open_checkpoint(tlm_writer *writer, const char *settings, tlm_writer_news *news, tlm_error *error)
{
    uint64_t cut = 0;
    bool is_file = writer->output.is_regular && writer->output.is_own;
    int result = is_file ? tlm_journal_load(&writer->journal, writer->ledger, &cut, error) : 0;
    if (result < 0)
        return result;
    if (result == 0)
        return begin_anew(writer, settings, news, error);
    if (cut > 0)
        tell(news, TLM_LOG_WARNING, "%s: cut away %llu bytes of a commit that was not finished", writer->journal.path,
             (unsigned long long)cut);
    result = check_settings(writer, settings, error);
    if (result == 0)
        result = tlm_output_cut(&writer->output, tlm_ledger_output_size(writer->ledger), error);
    if (result < 0)
        tlm_journal_close(&writer->journal); /* the next take reads it again */
    return result;
}

int tlm_writer_take(tlm_writer *writer, uint32_t lane, const char *settings, tlm_writer_taken *ret_taken,
                    tlm_writer_news *news, tlm_error *error)
{
    int result = writer->is_behind ? catch_up(writer, error) : 0;
    if (result == 0 && lane >= TLM_LEDGER_LANES_MAX)
        result = tlm_error_set(error, -EINVAL, "lane %u: a file holds at most %d lanes", lane, TLM_LEDGER_LANES_MAX);
    if (result == 0 && !writer->is_checkpoint)
        result = open_checkpoint(writer, settings, news, error);
    else if (result == 0)
        result = check_settings(writer, settings, error);
    if (result < 0)
        return result;
    writer->is_checkpoint = true;

    tlm_writer_taken taken = {.epoch = 1, .record = TLM_BUFFER_INIT};
    const tlm_ledger_lane *known = tlm_ledger_find_lane(writer->ledger, lane);
    if (known) {
        taken.epoch = known->epoch + 1;
        taken.sequence = known->sequence;
        tlm_buffer_append(&taken.record, known->record, known->record_size);
    }
    tlm_buffer_clear(&writer->entries);
    tlm_ledger_write_lane(&writer->entries, lane, taken.epoch, taken.sequence,
                          (tlm_text){taken.record.data, taken.record.size});
    result = taken.record.error < 0 ? tlm_error_set(error, taken.record.error, "out of memory") : enter(writer, error);
    if (result < 0) {
        tlm_buffer_finish(&taken.record);
        return result;
    }
    *ret_taken = taken;
    return 0;
}

/* --- writing flushes --------------------------------------------------------------------------------------------- */

/* Whether the commit is the lane's next: 1 yes, 0 it was kept before, -ESTALE. */
static int judge_commit(const tlm_writer *writer, const tlm_flush *flush, tlm_error *error)
{
    const tlm_ledger_lane *lane = writer->is_checkpoint ? tlm_ledger_find_lane(writer->ledger, flush->lane) : NULL;
    if (!lane)
        return tlm_error_set(error, -ESTALE, "lane %u was never taken in %s", flush->lane, writer->output.path);
    if (lane->epoch == flush->epoch && lane->sequence == flush->sequence)
        return 0;
    if (lane->epoch == flush->epoch && lane->sequence + 1 == flush->sequence)
        return 1;
    return tlm_error_set(error, -ESTALE,
                         "lane %u of %s is at epoch %llu, flush %llu; refused was epoch %llu, flush %llu: the lane was "
                         "taken anew",
                         flush->lane, writer->output.path, (unsigned long long)lane->epoch,
                         (unsigned long long)lane->sequence, (unsigned long long)flush->epoch,
                         (unsigned long long)flush->sequence);
}

static bool is_wanted(const tlm_writer *writer, const tlm_rows *rows)
{
    /* Early rows would be taken for final ones by whoever reads the lines: they are the feeds' business. */
    if (rows->flags & TLM_ROWS_EARLY)
        return false;
    for (uint32_t i = 0; i < writer->datasets.count; i++) {
        if (strcmp(writer->datasets.items[i], rows->dataset->id) == 0)
            return true;
    }
    return writer->datasets.count == 0;
}

static int write_lines(tlm_writer *writer, tlm_error *error)
{
    if (writer->lines.error < 0)
        return tlm_error_set(error, writer->lines.error, "out of memory");
    int result = tlm_output_append(&writer->output, writer->lines.data, writer->lines.size, error);
    tlm_buffer_clear(&writer->lines);
    return result;
}

static int write_rows(tlm_writer *writer, const tlm_flush *flush, uint64_t *written, tlm_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < flush->rows_count; i++) {
        const tlm_rows *rows = flush->rows[i];
        if (!is_wanted(writer, rows))
            continue;
        for (uint32_t row = 0; row < rows->row_count && result == 0; row++) {
            tlm_rows_append(&writer->lines, rows->dataset, tlm_rows_at(rows, row));
            if (writer->lines.size >= TLM_WRITER_SLICE_BYTES || writer->lines.error < 0)
                result = write_lines(writer, error);
        }
        *written += rows->row_count;
    }
    return result;
}

static void note_commit(tlm_writer *writer, const tlm_commit *commit)
{
    const tlm_flush *flush = &commit->flush;
    tlm_ledger_write_lane(&writer->entries, flush->lane, flush->epoch, flush->sequence, commit->record);
    for (uint32_t i = 0; i < commit->change_count; i++) {
        const tlm_state_change *change = &commit->changes[i];
        tlm_ledger_write_state(&writer->entries, flush->lane, tlm_text_of(change->component), change->key,
                               change->value);
    }
}

/* One lane's part. A refused or repeated commit has its result now; the others wait for the group. */
static int write_part(tlm_writer *writer, tlm_flush_job *job, uint64_t *rows, tlm_error *error)
{
    int next = job->commit ? judge_commit(writer, job->flush, &job->error) : 1;
    if (next <= 0) {
        job->result = next;
        return 0;
    }
    int result = write_rows(writer, job->flush, rows, error);
    if (result == 0 && job->commit)
        note_commit(writer, job->commit);
    return result;
}

static int write_group(tlm_writer *writer, tlm_flush_job *jobs, uint32_t count, uint64_t *rows, tlm_error *error)
{
    /* What an earlier failure left behind goes first. */
    int result = writer->is_behind ? catch_up(writer, error) : 0;
    if (result == 0)
        result = tlm_output_take_back(&writer->output, error);
    if (result < 0)
        return result;
    tlm_buffer_clear(&writer->entries);
    for (uint32_t i = 0; i < count && result == 0; i++)
        result = write_part(writer, &jobs[i], rows, error);
    if (result == 0)
        result = write_lines(writer, error);
    if (result == 0 && writer->sync)
        result = tlm_output_sync(&writer->output, error);
    if (result == 0 && writer->entries.size > 0) {
        tlm_ledger_write_output_size(&writer->entries, writer->output.size);
        result = enter(writer, error);
    }
    if (result == 0)
        tlm_output_keep(&writer->output);
    else
        (void)tlm_output_take_back(&writer->output, NULL); /* else before the next group, which needs it */
    tlm_buffer_clear(&writer->lines);
    return result;
}

int tlm_writer_write(tlm_writer *writer, tlm_flush_job *jobs, uint32_t count, uint64_t *ret_rows, tlm_writer_news *news,
                     tlm_error *error)
{
    int result = write_group(writer, jobs, count, ret_rows, error);
    for (uint32_t i = 0; i < count; i++) {
        if (jobs[i].result != UNDECIDED)
            continue;
        jobs[i].result = result;
        if (result < 0)
            jobs[i].error = *error;
    }
    if (result == 0)
        rewrite_if_due(writer, news);
    return result;
}

void tlm_writer_finish(tlm_writer *writer)
{
    tlm_journal_close(&writer->journal);
    tlm_output_close(&writer->output);
    tlm_buffer_finish(&writer->lines);
    tlm_buffer_finish(&writer->entries);
}
