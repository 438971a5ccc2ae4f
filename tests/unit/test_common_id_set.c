#include "test_common.h"

#include "common/id_set.h"

static tlm_id random_id(uint64_t *random)
{
    uint64_t low = test_random(random);

    return (tlm_id){.low = low, .high = test_random(random)};
}

static void test_empty_set_owns_nothing(void **state)
{
    (void)state;
    tlm_id_set set = TLM_ID_SET_INIT;

    assert_true(sizeof(set) <= 16);
    assert_int_equal(tlm_id_set_count(&set), 0);
    assert_int_equal(tlm_id_set_size_bytes(&set), 0);
    assert_false(tlm_id_set_has(&set, (tlm_id){0, 0}));
    assert_false(tlm_id_set_has(&set, (tlm_id){1, 2}));
    assert_int_equal(tlm_id_set_freeze(&set), 0);
    assert_int_equal(tlm_id_set_size_bytes(&set), 0);
    tlm_id_set_finish(&set);
    tlm_id_set_finish(NULL);
}

static void test_both_words_tell_ids_apart(void **state)
{
    (void)state;
    tlm_id_set set = TLM_ID_SET_INIT;
    const tlm_id ids[] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}, {UINT64_MAX, 0}, {0, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}};
    const size_t count = sizeof(ids) / sizeof(*ids);

    for (int frozen = 0; frozen < 2; frozen++) {
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(tlm_id_set_has(&set, ids[i]), frozen);
            assert_int_equal(tlm_id_set_add(&set, ids[i]), !frozen);
            assert_true(tlm_id_set_has(&set, ids[i]));
        }
        assert_int_equal(tlm_id_set_count(&set), count);
        assert_int_equal(tlm_id_set_freeze(&set), 0);
    }
    assert_false(tlm_id_set_has(&set, (tlm_id){2, 0}));
    assert_false(tlm_id_set_has(&set, (tlm_id){0, 2}));
    assert_int_equal(tlm_id_set_size_bytes(&set), (count - 1) * 16);
    tlm_id_set_finish(&set);
}

static void test_zero_id_alone_needs_no_memory(void **state)
{
    (void)state;
    tlm_id_set set = TLM_ID_SET_INIT;

    assert_int_equal(tlm_id_set_add(&set, (tlm_id){0, 0}), 1);
    assert_int_equal(tlm_id_set_add(&set, (tlm_id){0, 0}), 0);
    assert_int_equal(tlm_id_set_freeze(&set), 0);
    assert_true(tlm_id_set_has(&set, (tlm_id){0, 0}));
    assert_false(tlm_id_set_has(&set, (tlm_id){7, 7}));
    assert_int_equal(tlm_id_set_add(&set, (tlm_id){7, 7}), 1);
    assert_true(tlm_id_set_has(&set, (tlm_id){0, 0}));
    assert_int_equal(tlm_id_set_count(&set), 2);
    tlm_id_set_finish(&set);
    assert_false(tlm_id_set_has(&set, (tlm_id){0, 0}));
}

/* Every size up to a few growths: all members found, frozen and not; then one more thaws. */
static void test_every_small_size_freezes_and_thaws(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 300; count++) {
        tlm_id_set set = TLM_ID_SET_INIT;
        uint64_t random = count;
        for (size_t i = 0; i < count; i++)
            assert_int_equal(tlm_id_set_add(&set, random_id(&random)), 1);
        assert_true(count == 0 || tlm_id_set_size_bytes(&set) >= count * 16 * 8 / 7);
        assert_int_equal(tlm_id_set_freeze(&set), 0);
        assert_int_equal(tlm_id_set_size_bytes(&set), count * 16);
        for (int thawed = 0; thawed < 2; thawed++) {
            random = count;
            for (size_t i = 0; i < count; i++) {
                tlm_id id = random_id(&random);
                assert_true(tlm_id_set_has(&set, id));
                assert_int_equal(tlm_id_set_add(&set, id), 0);
            }
            assert_int_equal(tlm_id_set_has(&set, random_id(&random)), thawed);
            assert_int_equal(tlm_id_set_count(&set), count + (size_t)thawed);
            random = count;
            for (size_t i = 0; i < count; i++)
                random_id(&random);
            assert_int_equal(tlm_id_set_add(&set, random_id(&random)), !thawed);
        }
        tlm_id_set_finish(&set);
    }
}

/* Ids whose home slots are the last ones wrap round to the first; frozen they must stand at the end. */
static void test_probing_wraps_round_the_end(void **state)
{
    (void)state;
    tlm_id_set set = TLM_ID_SET_INIT;

    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(tlm_id_set_add(&set, (tlm_id){i, UINT64_MAX - i % 3}), 1);
        assert_int_equal(tlm_id_set_add(&set, (tlm_id){i, 1 + i % 3}), 1);
    }
    for (int frozen = 0; frozen < 2; frozen++) {
        for (uint64_t i = 0; i < 100; i++) {
            assert_true(tlm_id_set_has(&set, (tlm_id){i, UINT64_MAX - i % 3}));
            assert_true(tlm_id_set_has(&set, (tlm_id){i, 1 + i % 3}));
        }
        assert_false(tlm_id_set_has(&set, (tlm_id){100, UINT64_MAX}));
        assert_int_equal(tlm_id_set_freeze(&set), 0);
    }
    tlm_id_set_finish(&set);
}

/* Against a plain array of flags: few distinct ids, often repeated, with a freeze now and then. */
static void test_random_adds_agree_with_an_array_of_flags(void **state)
{
    (void)state;
    enum { IDS = 5000 };
    static bool known[IDS];
    static tlm_id ids[IDS];
    tlm_id_set set = TLM_ID_SET_INIT;
    uint64_t random = 3;
    size_t count = 0;

    for (size_t i = 0; i < IDS; i++)
        ids[i] = random_id(&random);
    for (int i = 0; i < 200000; i++) {
        size_t pick = (size_t)(test_random(&random) % IDS);
        if (test_random(&random) % 1000 == 0)
            assert_int_equal(tlm_id_set_freeze(&set), 0);
        assert_int_equal(tlm_id_set_has(&set, ids[pick]), known[pick]);
        assert_int_equal(tlm_id_set_add(&set, ids[pick]), !known[pick]);
        count += !known[pick];
        known[pick] = true;
        assert_int_equal(tlm_id_set_count(&set), count);
    }
    tlm_id_set_finish(&set);
}

static void test_load_stays_between_half_and_seven_eighths(void **state)
{
    (void)state;
    tlm_id_set set = TLM_ID_SET_INIT;
    uint64_t random = 4;

    for (size_t count = 1; count <= 100000; count++) {
        tlm_id_set_add(&set, random_id(&random));
        size_t slots = tlm_id_set_size_bytes(&set) / 16;
        assert_int_equal(slots % 8, 0);
        assert_true(count <= slots - slots / 8);
        assert_true(slots == 8 || count * 2 >= slots - 8);
    }
    tlm_id_set_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_set_owns_nothing),
        cmocka_unit_test(test_both_words_tell_ids_apart),
        cmocka_unit_test(test_zero_id_alone_needs_no_memory),
        cmocka_unit_test(test_every_small_size_freezes_and_thaws),
        cmocka_unit_test(test_probing_wraps_round_the_end),
        cmocka_unit_test(test_random_adds_agree_with_an_array_of_flags),
        cmocka_unit_test(test_load_stays_between_half_and_seven_eighths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
