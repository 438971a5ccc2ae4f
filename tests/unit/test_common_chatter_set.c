#include "test_common.h"

#include "common/chatter_set.h"

static uint32_t mark_of(uint64_t user)
{
    return (uint32_t)(user & 0xFFFFF);
}

static void test_empty_set_owns_nothing(void **state)
{
    (void)state;
    tlm_chatter_set set = TLM_CHATTER_SET_INIT;
    tlm_chatter chatter;
    uint32_t cursor = 0;

    assert_true(sizeof(set) <= 16);
    assert_int_equal(tlm_chatter_set_count(&set), 0);
    assert_int_equal(tlm_chatter_set_size_bytes(&set), 0);
    assert_false(tlm_chatter_set_has(&set, 0));
    assert_false(tlm_chatter_set_next(&set, &cursor, &chatter));
    assert_int_equal(tlm_chatter_set_freeze(&set), 0);
    tlm_chatter_set_finish(&set);
    tlm_chatter_set_finish(NULL);
}

static void test_user_zero_and_mark_zero_are_ordinary(void **state)
{
    (void)state;
    tlm_chatter_set set = TLM_CHATTER_SET_INIT;
    tlm_chatter chatter = {1, 1};
    uint32_t cursor = 0;

    assert_int_equal(tlm_chatter_set_add(&set, 0, 0), 1);
    assert_int_equal(tlm_chatter_set_add(&set, 0, 0), 0);
    assert_true(tlm_chatter_set_has(&set, 0));
    assert_false(tlm_chatter_set_has(&set, 1));
    assert_int_equal(tlm_chatter_set_freeze(&set), 0);
    assert_true(tlm_chatter_set_has(&set, 0));
    assert_true(tlm_chatter_set_next(&set, &cursor, &chatter));
    assert_true(chatter.user == 0 && chatter.mark == 0);
    assert_false(tlm_chatter_set_next(&set, &cursor, &chatter));
    tlm_chatter_set_finish(&set);
}

static void test_first_mark_stays(void **state)
{
    (void)state;
    tlm_chatter_set set = TLM_CHATTER_SET_INIT;
    tlm_chatter chatter;
    uint32_t cursor = 0;

    assert_int_equal(tlm_chatter_set_add(&set, UINT64_MAX, 0x7FFFFFFF), 1);
    assert_int_equal(tlm_chatter_set_add(&set, UINT64_MAX, 5), 0);
    assert_true(tlm_chatter_set_next(&set, &cursor, &chatter));
    assert_int_equal(chatter.mark, 0x7FFFFFFF);
    tlm_chatter_set_finish(&set);
}

/* Sum of all users that the walk meets; each with its mark, each once as the count tells. */
static uint64_t walk(const tlm_chatter_set *set)
{
    tlm_chatter chatter;
    uint64_t sum = 0;
    size_t count = 0;

    for (uint32_t cursor = 0; tlm_chatter_set_next(set, &cursor, &chatter); count++) {
        assert_int_equal(chatter.mark, mark_of(chatter.user));
        sum += chatter.user;
    }
    assert_int_equal(count, tlm_chatter_set_count(set));
    return sum;
}

static void test_every_small_size_walks_freezes_and_thaws(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 300; count++) {
        tlm_chatter_set set = TLM_CHATTER_SET_INIT;
        uint64_t random = count;
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            uint64_t user = test_random(&random);
            assert_int_equal(tlm_chatter_set_add(&set, user, mark_of(user)), 1);
            sum += user;
        }
        assert_int_equal(walk(&set), sum);
        assert_int_equal(tlm_chatter_set_freeze(&set), 0);
        assert_int_equal(tlm_chatter_set_size_bytes(&set), count * 12);
        assert_int_equal(walk(&set), sum);
        uint64_t late = test_random(&random);
        assert_false(tlm_chatter_set_has(&set, late));
        assert_int_equal(tlm_chatter_set_add(&set, late, mark_of(late)), 1);
        assert_int_equal(walk(&set), sum + late);
        random = count;
        for (size_t i = 0; i < count; i++)
            assert_true(tlm_chatter_set_has(&set, test_random(&random)));
        tlm_chatter_set_finish(&set);
    }
}

static void test_random_adds_agree_with_an_array_of_flags(void **state)
{
    (void)state;
    enum { USERS = 5000 };
    static bool known[USERS];
    static uint64_t users[USERS];
    tlm_chatter_set set = TLM_CHATTER_SET_INIT;
    uint64_t random = 5;

    for (size_t i = 0; i < USERS; i++)
        users[i] = test_random(&random);
    for (int i = 0; i < 200000; i++) {
        size_t pick = (size_t)(test_random(&random) % USERS);
        if (test_random(&random) % 1000 == 0)
            assert_int_equal(tlm_chatter_set_freeze(&set), 0);
        assert_int_equal(tlm_chatter_set_has(&set, users[pick]), known[pick]);
        assert_int_equal(tlm_chatter_set_add(&set, users[pick], mark_of(users[pick])), !known[pick]);
        known[pick] = true;
    }
    walk(&set);
    tlm_chatter_set_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_set_owns_nothing),
        cmocka_unit_test(test_user_zero_and_mark_zero_are_ordinary),
        cmocka_unit_test(test_first_mark_stays),
        cmocka_unit_test(test_every_small_size_walks_freezes_and_thaws),
        cmocka_unit_test(test_random_adds_agree_with_an_array_of_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
