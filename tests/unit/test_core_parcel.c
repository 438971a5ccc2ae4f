/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"
#include "parcel.h"

#include <stdatomic.h>

static tlm_parcel *parcel_of(uint64_t size_bytes)
{
    tlm_parcel *parcel = tlm_parcel_create(NULL, 0, 0);
    assert_non_null(parcel);
    parcel->size_bytes = size_bytes;
    return parcel;
}

struct putter {
    tlm_inbox *inbox;
    uint64_t size_bytes;
    atomic_int result; /* 1: still waiting */
};

static void *put_one(void *context)
{
    struct putter *putter = context;
    atomic_store(&putter->result, tlm_inbox_put(putter->inbox, parcel_of(putter->size_bytes)));
    return NULL;
}

static tlm_parcel *take(tlm_inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    tlm_parcel *parcel = tlm_inbox_take_locked(inbox);
    pthread_mutex_unlock(&inbox->mutex);
    return parcel;
}

/* Starts a put that has to wait, then makes room with `make_room` and expects its result. */
static void expect_wait(tlm_inbox *inbox, uint64_t size_bytes, void (*make_room)(tlm_inbox *inbox), int result)
{
    struct putter putter = {.inbox = inbox, .size_bytes = size_bytes, .result = 1};
    pthread_t thread;
    uint32_t count = inbox->count;
    assert_int_equal(pthread_create(&thread, NULL, put_one, &putter), 0);
    for (int i = 0; i < 1000; i++) { /* however it is scheduled, the bound holds */
        pthread_mutex_lock(&inbox->mutex);
        assert_int_equal(inbox->count, count);
        pthread_mutex_unlock(&inbox->mutex);
    }
    make_room(inbox);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&putter.result), result);
}

static void take_one(tlm_inbox *inbox)
{
    tlm_parcel_destroy(take(inbox));
}

static void parcels_come_out_in_order(void **state)
{
    (void)state;
    tlm_inbox inbox;
    assert_int_equal(tlm_inbox_init(&inbox, 3, 1000), 0);
    for (uint64_t round = 0; round < 5; round++) {
        for (uint64_t i = 1; i <= 3; i++)
            assert_int_equal(tlm_inbox_put(&inbox, parcel_of(i)), 0);
        for (uint64_t i = 1; i <= 3; i++) {
            tlm_parcel *parcel = take(&inbox);
            assert_int_equal(parcel->size_bytes, i);
            tlm_parcel_destroy(parcel);
        }
        assert_null(take(&inbox));
    }
    tlm_inbox_finish(&inbox);
}

static void a_put_waits_while_there_are_too_many(void **state)
{
    (void)state;
    tlm_inbox inbox;
    assert_int_equal(tlm_inbox_init(&inbox, 2, 1000), 0);
    assert_int_equal(tlm_inbox_put(&inbox, parcel_of(1)), 0);
    assert_int_equal(tlm_inbox_put(&inbox, parcel_of(1)), 0);
    expect_wait(&inbox, 1, take_one, 0);
    tlm_inbox_finish(&inbox);
}

static void a_put_waits_while_there_are_too_many_bytes(void **state)
{
    (void)state;
    tlm_inbox inbox;
    assert_int_equal(tlm_inbox_init(&inbox, 100, 1000), 0);
    assert_int_equal(tlm_inbox_put(&inbox, parcel_of(600)), 0);
    expect_wait(&inbox, 600, take_one, 0);
    tlm_inbox_finish(&inbox);
}

static void one_parcel_above_the_bound_passes_alone(void **state)
{
    (void)state;
    tlm_inbox inbox;
    assert_int_equal(tlm_inbox_init(&inbox, 100, 1000), 0);
    assert_int_equal(tlm_inbox_put(&inbox, parcel_of(5000)), 0);
    tlm_inbox_finish(&inbox);
}

static void a_closed_inbox_lets_waiting_puts_go(void **state)
{
    (void)state;
    tlm_inbox inbox;
    assert_int_equal(tlm_inbox_init(&inbox, 1, 1000), 0);
    assert_int_equal(tlm_inbox_put(&inbox, parcel_of(1)), 0);
    expect_wait(&inbox, 1, tlm_inbox_close, -ECANCELED);
    assert_int_equal(tlm_inbox_put(&inbox, parcel_of(1)), -ECANCELED);
    assert_null(take(&inbox));
    tlm_inbox_finish(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parcels_come_out_in_order),
        cmocka_unit_test(a_put_waits_while_there_are_too_many),
        cmocka_unit_test(a_put_waits_while_there_are_too_many_bytes),
        cmocka_unit_test(one_parcel_above_the_bound_passes_alone),
        cmocka_unit_test(a_closed_inbox_lets_waiting_puts_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
