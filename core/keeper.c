/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include "clock.h"
#include "partition_reader.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Between two tries to take a lane: doubled from the first to the last. */
#define RETRY_FIRST_NS (500 * TLM_NS_PER_MS)
#define RETRY_LAST_NS (5 * TLM_NS_PER_SECOND)

/*
 * How long a lane that another process took is left to it while the log still gives it to this one. A process that was
 * frozen learns within a heartbeat or two that it was given up; it must not take its old lanes back before that.
 */
#define LOST_PAUSE_NS (10 * TLM_NS_PER_SECOND)

/* What waits for sinks that owe an answer is looked at so often. */
#define QUIET_LOOK_NS TLM_NS_PER_SECOND

/* A lane of the log, ours or not. Guarded by the keeper's mutex where it says so; else the keeper's thread's. */
struct slot {
    tlm_keeper *keeper;
    uint32_t lane;
    tlm_health_entry *health;
    uint32_t is_ended;       /* guarded: the lane's thread or its reader has come to its end */
    int result;              /* guarded: of that end */
    tlm_error sentence;      /* guarded: why */
    tlm_lane_worker *worker; /* changed under the mutex, as the next; NULL: not taken */
    tlm_partition_reader *reader;
    uint32_t is_stopping; /* was asked to stop */
    uint32_t is_failed;   /* for good */
    uint32_t is_waited;   /* health says that it cannot be taken yet */
    int64_t retry_ns, pause_ns;
    uint64_t assignment; /* the one it was last looked at in */
};

/* A lane that has ended, but owes its memory to sinks that have not answered. */
struct retired {
    struct retired *next;
    tlm_lane_worker *worker;
};

struct tlm_keeper {
    tlm_keeper_options options;
    const tlm_partitions *source;
    pthread_t thread;
    uint32_t is_running, is_open;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    uint32_t is_changed;    /* guarded */
    uint32_t *wanted;       /* guarded: lanes that the log gives to this process */
    uint32_t wanted_count;  /* guarded */
    uint64_t assignment;    /* guarded: number of the assignment that this is */
    uint32_t is_stopping;   /* guarded */
    uint32_t is_leaving;    /* guarded: no lane can be kept here, so that others get them */
    uint32_t is_kept;       /* when the thread has ended */
    int64_t deadline_ns;    /* guarded: of the stop */
    uint64_t records;       /* guarded: read by lanes that have gone */
    struct slot *slots;
    uint32_t slot_count;
    const char *const *inputs;
    struct retired *retired;
};

static void wake_locked(tlm_keeper *keeper)
{
    keeper->is_changed = 1;
    pthread_cond_signal(&keeper->changed);
}

/* --- news from other threads ------------------------------------------------------------------------------------- */

static void note_end(struct slot *slot, int result, const char *sentence)
{
    tlm_keeper *keeper = slot->keeper;
    pthread_mutex_lock(&keeper->mutex);
    if (!slot->is_ended || slot->result >= 0) {
        slot->result = result;
        tlm_error_set(&slot->sentence, 0, "%s", sentence);
    }
    slot->is_ended = 1;
    wake_locked(keeper);
    pthread_mutex_unlock(&keeper->mutex);
}

static void lane_ended(void *context, int result, const char *sentence)
{
    note_end(context, result, sentence);
}

static void reader_failed(void *context, const char *sentence)
{
    note_end(context, -EIO, sentence);
}

static void fail(const tlm_keeper *keeper, const char *who, const char *sentence)
{
    keeper->options.failed(keeper->options.context, who, sentence);
}

static void on_assigned(void *context, const uint32_t *lanes, uint32_t count)
{
    tlm_keeper *keeper = context;
    uint32_t *wanted = malloc((count + 1) * sizeof *wanted);
    if (!wanted) {
        fail(keeper, keeper->options.source->host.instance, "out of memory");
        return;
    }
    if (count)
        memcpy(wanted, lanes, count * sizeof *wanted);
    pthread_mutex_lock(&keeper->mutex);
    free(keeper->wanted);
    keeper->wanted = wanted;
    keeper->wanted_count = count;
    keeper->assignment++;
    wake_locked(keeper);
    pthread_mutex_unlock(&keeper->mutex);
}

/* What fails here for good must not keep lanes from those who can serve them: the log's other readers get all of them.
 */
static void leave(tlm_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->is_leaving = 1;
    wake_locked(keeper);
    pthread_mutex_unlock(&keeper->mutex);
}

static void on_failed(void *context, tlm_text sentence)
{
    tlm_keeper *keeper = context;
    tlm_error error;
    tlm_error_set(&error, 0, "%.*s", (int)sentence.size, sentence.data);
    tlm_health_set(keeper->options.source->health, TLM_HEALTH_DEGRADED, sentence);
    fail(keeper, keeper->options.source->host.instance, error.text);
    leave(keeper);
}

/* --- letting a lane go ------------------------------------------------------------------------------------------- */

static int64_t stop_deadline(const tlm_keeper *keeper)
{
    return tlm_monotonic_ns() + keeper->options.shared->plan->pipeline.stop_timeout * TLM_NS_PER_MS;
}

/* Frees a lane, or remembers it until no sink can answer it any more. */
static void bury(tlm_keeper *keeper, tlm_lane_worker *worker)
{
    struct retired *retired;
    if (tlm_lane_is_quiet(worker)) {
        tlm_lane_destroy(worker);
    } else if ((retired = malloc(sizeof *retired))) {
        *retired = (struct retired){.next = keeper->retired, .worker = worker};
        keeper->retired = retired;
    } /* else it is left where it is, rather than freed under a sink's hands */
}

/* The lane keeps what it can and ends, then its reader, which may have been waiting for it. */
static void retire(struct slot *slot)
{
    tlm_keeper *keeper = slot->keeper;
    tlm_lane_worker *worker = slot->worker;
    tlm_partition_reader *reader = slot->reader;
    if (!slot->is_stopping)
        tlm_lane_ask_stop(worker, stop_deadline(keeper));
    (void)tlm_lane_join(worker);
    pthread_mutex_lock(&keeper->mutex);
    keeper->records += tlm_partition_reader_records(reader);
    slot->worker = NULL;
    slot->reader = NULL;
    pthread_mutex_unlock(&keeper->mutex);
    tlm_partition_reader_destroy(reader);
    bury(keeper, worker);
}

/* --- taking a lane ----------------------------------------------------------------------------------------------- */

static void name_lane(const struct slot *slot, char name[static 32])
{
    (void)snprintf(name, 32, "lane %u", slot->lane);
}

static void fail_slot(struct slot *slot, const char *sentence)
{
    char name[32];
    name_lane(slot, name);
    slot->is_failed = 1;
    tlm_health_set(slot->health, TLM_HEALTH_DEGRADED, tlm_text_of(sentence));
    fail(slot->keeper, name, sentence);
}

static void set_worker(struct slot *slot, tlm_lane_worker *worker, tlm_partition_reader *reader)
{
    pthread_mutex_lock(&slot->keeper->mutex);
    slot->worker = worker;
    slot->reader = reader;
    slot->is_ended = 0;
    pthread_mutex_unlock(&slot->keeper->mutex);
}

static int create_reader(struct slot *slot, tlm_lane_worker *worker, tlm_partition_reader **ret_reader,
                         tlm_error *error)
{
    const tlm_keeper *keeper = slot->keeper;
    tlm_partition_reader_options options = {.shared = keeper->options.shared,
                                            .source = keeper->options.source,
                                            .codec = keeper->options.codec,
                                            .inputs = keeper->inputs,
                                            .worker = worker,
                                            .lane = slot->lane,
                                            .lane_count = keeper->slot_count,
                                            .failed = reader_failed,
                                            .context = slot};
    return tlm_partition_reader_create(&options, ret_reader, error);
}

/* As tlm_lane_create fails; -EBADMSG also when the log has the lane's place no more. */
static int open_lane(struct slot *slot, tlm_error *error)
{
    const tlm_keeper *keeper = slot->keeper;
    tlm_lane_options options = {.shared = keeper->options.shared,
                                .lane = slot->lane,
                                .lane_count = keeper->slot_count,
                                .inputs = keeper->inputs,
                                .health = slot->health,
                                .ended = lane_ended,
                                .context = slot};
    tlm_lane_worker *worker = NULL;
    tlm_partition_reader *reader = NULL;
    int result = tlm_lane_create(&options, &worker, error);
    if (result < 0)
        return result;
    result = create_reader(slot, worker, &reader, error);
    if (result < 0) {
        (void)tlm_lane_join(worker);
        tlm_lane_destroy(worker); /* it has sent nothing */
        return result == -EINVAL || result == -ESTALE ? -EBADMSG : result;
    }
    slot->is_stopping = 0;
    set_worker(slot, worker, reader);
    result = tlm_lane_start(worker, error);
    if (!result)
        result = tlm_partition_reader_start(reader, error);
    if (result < 0)
        retire(slot);
    return result;
}

/* Who may have told already why a lane cannot be taken: the checkpoint, or else the log. */
static const tlm_health_entry *cause_of(const tlm_keeper *keeper)
{
    const tlm_shared *shared = keeper->options.shared;
    for (uint32_t i = 0; i < shared->plan->instance_count; i++)
        if (shared->plan->instances[i].delivery == TLM_DELIVERY_CHECKPOINT &&
            !tlm_health_is_ok(shared->living[i].health))
            return shared->living[i].health;
    return keeper->options.source->health;
}

static void try_later(struct slot *slot, const tlm_error *reason)
{
    slot->pause_ns = slot->pause_ns ? slot->pause_ns * 2 : RETRY_FIRST_NS;
    if (slot->pause_ns > RETRY_LAST_NS)
        slot->pause_ns = RETRY_LAST_NS;
    slot->retry_ns = tlm_monotonic_ns() + slot->pause_ns;
    slot->is_waited = 1;
    tlm_error message;
    tlm_error_set(&message, 0, "cannot be taken yet: %.900s", reason->text);
    tlm_health_follow(slot->health, cause_of(slot->keeper), TLM_HEALTH_DEGRADED, tlm_text_of(message.text));
}

static void warn(const struct slot *slot, const char *sentence)
{
    char name[32];
    name_lane(slot, name);
    tlm_log_write(slot->keeper->options.shared->log, TLM_LOG_WARNING, name, "%s", sentence);
}

/* Another process has it; it is taken again when that was a mistake of the log's, or of whoever was frozen. */
static void lose(struct slot *slot, const char *sentence)
{
    slot->retry_ns = tlm_monotonic_ns() + LOST_PAUSE_NS;
    slot->is_waited = 1;
    warn(slot, sentence);
    tlm_health_set(
        slot->health, TLM_HEALTH_DEGRADED,
        tlm_text_of("another process has taken the lane, though it was given to this one: if that goes on, one "
                    "of another consumer group or host has the same pipeline name and checkpoint"));
}

static void take(struct slot *slot)
{
    tlm_error error = {"no reason was given"};
    int result = open_lane(slot, &error);
    if (!result) {
        slot->pause_ns = 0;
        slot->is_waited = 0;
        tlm_health_set(slot->health, TLM_HEALTH_OK, tlm_text_of(""));
    } else if (result == -ESTALE) {
        lose(slot, error.text);
    } else if (result == -EINVAL || result == -EBADMSG || result == -ENOMEM) {
        fail_slot(slot, error.text);
        if (result == -EINVAL)
            leave(slot->keeper); /* the settings of this process: no lane would be taken */
    } else {
        try_later(slot, &error);
    }
}

static void free_quiet(tlm_keeper *keeper)
{
    for (struct retired **link = &keeper->retired; *link;) {
        struct retired *each = *link;
        if (!tlm_lane_is_quiet(each->worker)) {
            link = &each->next;
            continue;
        }
        *link = each->next;
        tlm_lane_destroy(each->worker);
        free(each);
    }
}

/* What an ended lane means: given away, lost to another, or a failure. */
static void settle_end(struct slot *slot, int result, const char *sentence, int is_wanted)
{
    if (result == -ETIMEDOUT)
        warn(slot, sentence);
    if (result >= 0 || result == -ETIMEDOUT || (result == -ESTALE && !is_wanted)) {
        tlm_health_set(slot->health, TLM_HEALTH_OK, tlm_text_of(""));
        return;
    }
    if (result != -ESTALE) {
        fail_slot(slot, sentence);
        return;
    }
    lose(slot, sentence);
}

/* --- the thread -------------------------------------------------------------------------------------------------- */

static int is_stopping(tlm_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    int stopping = keeper->is_stopping || keeper->is_leaving;
    pthread_mutex_unlock(&keeper->mutex);
    return stopping;
}

static int is_cancelled(void *context)
{
    return is_stopping(context);
}

static int is_wanted_locked(const tlm_keeper *keeper, uint32_t lane)
{
    for (uint32_t i = 0; i < keeper->wanted_count; i++)
        if (keeper->wanted[i] == lane)
            return 1;
    return 0;
}

/* One look at a lane; lowers `wake_ns` to when it wants the next. */
static void tend(struct slot *slot, int64_t *wake_ns)
{
    tlm_keeper *keeper = slot->keeper;
    pthread_mutex_lock(&keeper->mutex);
    int is_wanted = is_wanted_locked(keeper, slot->lane), is_ended = (int)slot->is_ended, result = slot->result;
    uint64_t assignment = keeper->assignment;
    tlm_error sentence = slot->sentence;
    pthread_mutex_unlock(&keeper->mutex);
    if (slot->worker && is_ended) {
        retire(slot);
        settle_end(slot, result, sentence.text, is_wanted);
    }
    if (assignment != slot->assignment)
        slot->retry_ns = 0; /* whoever had the lane knows by now whether it still has it */
    slot->assignment = assignment;
    if (slot->worker && !is_wanted && !slot->is_stopping) {
        tlm_lane_ask_stop(slot->worker, stop_deadline(keeper));
        slot->is_stopping = 1;
    }
    if (!slot->worker && is_wanted && !slot->is_failed && !is_stopping(keeper)) {
        if (slot->retry_ns <= tlm_monotonic_ns())
            take(slot);
        if (!slot->worker && slot->retry_ns < *wake_ns)
            *wake_ns = slot->retry_ns;
    }
    if (!slot->worker && !is_wanted && slot->is_waited) {
        slot->pause_ns = 0;
        slot->is_waited = 0;
        tlm_health_set(slot->health, TLM_HEALTH_OK, tlm_text_of(""));
    }
    tlm_health_show(slot->health, slot->worker || is_wanted);
}

static void sleep_until_changed(tlm_keeper *keeper, int64_t wake_ns)
{
    struct timespec until = {.tv_sec = wake_ns / TLM_NS_PER_SECOND, .tv_nsec = wake_ns % TLM_NS_PER_SECOND};
    int result = 0;
    pthread_mutex_lock(&keeper->mutex);
    while (!result && !keeper->is_changed && !keeper->is_stopping)
        result = pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &until);
    keeper->is_changed = 0;
    pthread_mutex_unlock(&keeper->mutex);
}

static void keep(tlm_keeper *keeper)
{
    while (!is_stopping(keeper)) {
        int64_t wake_ns = tlm_monotonic_ns() + (keeper->retired ? QUIET_LOOK_NS : 60 * TLM_NS_PER_SECOND);
        for (uint32_t i = 0; i < keeper->slot_count; i++)
            tend(&keeper->slots[i], &wake_ns);
        free_quiet(keeper);
        sleep_until_changed(keeper, wake_ns);
    }
}

static int create_slots(tlm_keeper *keeper, uint32_t count)
{
    struct slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        slots[i] = (struct slot){.keeper = keeper, .lane = i};
        name_lane(&slots[i], name);
        slots[i].health = tlm_health_add(keeper->options.shared->health, name, "core", 0);
        if (!slots[i].health) {
            free(slots); /* entries stay with the health, which frees them */
            return -ENOMEM;
        }
    }
    pthread_mutex_lock(&keeper->mutex);
    keeper->slots = slots;
    keeper->slot_count = count;
    pthread_mutex_unlock(&keeper->mutex);
    return 0;
}

/* What a source says of itself comes from outside. */
static int check_source(const tlm_keeper *keeper, uint32_t lane_count, tlm_error *error)
{
    uint32_t inputs = 0;
    while (inputs <= TLM_PARTITION_INPUTS_MAX && keeper->inputs[inputs])
        if (strlen(keeper->inputs[inputs++]) > TLM_NAME_SIZE_MAX)
            return tlm_error_set(error, -EINVAL, "an input's name has more than %d bytes", TLM_NAME_SIZE_MAX);
    if (!lane_count || !inputs || inputs > TLM_PARTITION_INPUTS_MAX)
        return tlm_error_set(error, -EINVAL, "expected a lane or more, each of 1 to %d inputs, found %u of %u%s",
                             TLM_PARTITION_INPUTS_MAX, lane_count, inputs,
                             inputs > TLM_PARTITION_INPUTS_MAX ? " or more" : "");
    return 0;
}

static int open_source(tlm_keeper *keeper, tlm_error *error)
{
    const tlm_partitions_listener listener = {.context = keeper, .assigned = on_assigned, .failed = on_failed};
    uint32_t count = 0;
    int result =
        keeper->source->open(keeper->options.source->instance, &listener, is_cancelled, &count, &keeper->inputs, error);
    if (result < 0)
        return result;
    keeper->is_open = 1;
    result = check_source(keeper, count, error);
    if (result < 0)
        return result;
    return create_slots(keeper, count) < 0 ? tlm_error_set(error, -ENOMEM, "out of memory") : 0;
}

/* Ends all lanes at once, then one after the other. */
static void end_lanes(tlm_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    int64_t deadline_ns = keeper->deadline_ns;
    pthread_mutex_unlock(&keeper->mutex);
    for (uint32_t i = 0; i < keeper->slot_count; i++)
        if (keeper->slots[i].worker)
            tlm_lane_ask_stop(keeper->slots[i].worker, deadline_ns);
    for (uint32_t i = 0; i < keeper->slot_count; i++) {
        struct slot *slot = &keeper->slots[i];
        if (!slot->worker)
            continue;
        keeper->is_kept &= (uint32_t)tlm_lane_join(slot->worker);
        pthread_mutex_lock(&keeper->mutex);
        tlm_partition_reader *reader = slot->reader;
        keeper->records += tlm_partition_reader_records(reader);
        slot->reader = NULL;
        pthread_mutex_unlock(&keeper->mutex);
        tlm_partition_reader_destroy(reader);
    }
}

/* The same where the process goes on without lanes: they are freed and counted no more. */
static void drop_lanes(tlm_keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->slot_count; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->worker && !slot->is_stopping)
            tlm_lane_ask_stop(slot->worker, stop_deadline(keeper));
        slot->is_stopping = 1;
    }
    for (uint32_t i = 0; i < keeper->slot_count; i++)
        if (keeper->slots[i].worker)
            retire(&keeper->slots[i]);
}

static void *run(void *context)
{
    tlm_keeper *keeper = context;
    tlm_error error = {"no reason was given"};
    int result = open_source(keeper, &error);
    if (!result)
        keep(keeper);
    else if (result != -ECANCELED)
        on_failed(keeper, tlm_text_of(error.text));
    pthread_mutex_lock(&keeper->mutex);
    int is_asked = (int)keeper->is_stopping;
    pthread_mutex_unlock(&keeper->mutex);
    if (is_asked)
        end_lanes(keeper);
    else
        drop_lanes(keeper);
    if (keeper->is_open)
        keeper->source->close(keeper->options.source->instance);
    return NULL;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int tlm_keeper_create(const tlm_keeper_options *options, tlm_keeper **ret_keeper, tlm_error *error)
{
    tlm_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    keeper->options = *options;
    keeper->source = tlm_living_interface(options->source, TLM_INTERFACE_PARTITIONS);
    keeper->is_kept = 1;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_cond_init(&keeper->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *ret_keeper = keeper;
    return 0;
}

int tlm_keeper_start(tlm_keeper *keeper, tlm_error *error)
{
    int result = pthread_create(&keeper->thread, NULL, run, keeper);
    if (result)
        return tlm_error_set(error, -result, "cannot start a thread: %s", strerror(result));
    keeper->is_running = 1;
    return 0;
}

int tlm_keeper_stop(tlm_keeper *keeper, int64_t deadline_ns)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->is_stopping = 1;
    keeper->deadline_ns = deadline_ns;
    pthread_cond_signal(&keeper->changed);
    pthread_mutex_unlock(&keeper->mutex);
    if (keeper->is_running)
        pthread_join(keeper->thread, NULL);
    keeper->is_running = 0;
    return (int)keeper->is_kept;
}

void tlm_keeper_destroy(tlm_keeper *keeper)
{
    if (!keeper)
        return;
    for (uint32_t i = 0; i < keeper->slot_count; i++)
        tlm_lane_destroy(keeper->slots[i].worker);
    for (struct retired *each = keeper->retired, *next; each; each = next) {
        next = each->next;
        tlm_lane_destroy(each->worker);
        free(each);
    }
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->mutex);
    free(keeper->wanted);
    free(keeper->slots);
    free(keeper);
}

void tlm_keeper_each(tlm_keeper *keeper, void (*visit)(void *context, uint32_t lane, tlm_lane_worker *worker),
                     void *context)
{
    pthread_mutex_lock(&keeper->mutex);
    for (uint32_t i = 0; i < keeper->slot_count; i++)
        if (keeper->slots[i].worker)
            visit(context, i, keeper->slots[i].worker);
    pthread_mutex_unlock(&keeper->mutex);
}

uint64_t tlm_keeper_records(tlm_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    uint64_t records = keeper->records;
    for (uint32_t i = 0; i < keeper->slot_count; i++)
        if (keeper->slots[i].reader)
            records += tlm_partition_reader_records(keeper->slots[i].reader);
    pthread_mutex_unlock(&keeper->mutex);
    return records;
}
