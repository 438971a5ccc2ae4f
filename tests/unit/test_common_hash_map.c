#include "test_common.h"

#include "common/hash_map.h"

static void test_empty_map_owns_nothing(void **state)
{
    (void)state;
    tlm_hash_map map = TLM_HASH_MAP_INIT;
    uint32_t value = 4711;

    assert_false(tlm_hash_map_get(&map, 0, &value));
    assert_false(tlm_hash_map_remove(&map, 0));
    assert_int_equal(value, 4711);
    assert_int_equal(tlm_hash_map_size_bytes(&map), 0);
    tlm_hash_map_finish(&map);
    tlm_hash_map_finish(NULL);
}

static void test_put_replaces_and_any_key_will_do(void **state)
{
    (void)state;
    tlm_hash_map map = TLM_HASH_MAP_INIT;
    const uint64_t keys[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63};
    uint32_t value;

    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(tlm_hash_map_put(&map, keys[i], i), 1);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(tlm_hash_map_put(&map, keys[i], UINT32_MAX - i), 0);
    assert_int_equal(map.count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(tlm_hash_map_get(&map, keys[i], &value));
        assert_int_equal(value, UINT32_MAX - i);
        assert_true(tlm_hash_map_remove(&map, keys[i]));
        assert_false(tlm_hash_map_get(&map, keys[i], &value));
    }
    assert_int_equal(map.count, 0);
    tlm_hash_map_finish(&map);
}

/* Against a plain array; keys in a row, in even distances, and random ones, with as many removals as puts. */
static void check_against_array(uint64_t distance)
{
    enum { KEYS = 700 };
    static bool present[KEYS];
    static uint32_t values[KEYS];
    static uint64_t keys[KEYS];
    tlm_hash_map map = TLM_HASH_MAP_INIT;
    uint64_t random = 6;
    uint32_t count = 0;

    for (size_t i = 0; i < KEYS; i++) {
        present[i] = false;
        keys[i] = distance ? i * distance : test_random(&random);
    }
    for (uint32_t i = 0; i < 200000; i++) {
        size_t pick = (size_t)(test_random(&random) % KEYS);
        size_t other = (size_t)(test_random(&random) % KEYS);
        if (test_random(&random) % 2) {
            assert_int_equal(tlm_hash_map_put(&map, keys[pick], i), !present[pick]);
            count += !present[pick];
            present[pick] = true;
            values[pick] = i;
        } else {
            assert_int_equal(tlm_hash_map_remove(&map, keys[pick]), present[pick]);
            count -= present[pick];
            present[pick] = false;
        }
        uint32_t value = 0;
        assert_int_equal(tlm_hash_map_get(&map, keys[other], &value), present[other]);
        assert_true(!present[other] || value == values[other]);
        assert_int_equal(map.count, count);
    }
    assert_true(tlm_hash_map_size_bytes(&map) <= 1024 * 16);
    tlm_hash_map_finish(&map);
}

static void test_random_keys_agree_with_an_array(void **state)
{
    (void)state;
    check_against_array(0);
}

static void test_regular_keys_agree_with_an_array(void **state)
{
    (void)state;
    check_against_array(1);
    check_against_array(UINT64_C(1) << 32);
    check_against_array(UINT64_C(0x100000001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_map_owns_nothing),
        cmocka_unit_test(test_put_replaces_and_any_key_will_do),
        cmocka_unit_test(test_random_keys_agree_with_an_array),
        cmocka_unit_test(test_regular_keys_agree_with_an_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
