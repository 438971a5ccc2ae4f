/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"
#include "refused.h"

static void what_was_noted_is_known_and_nothing_else(void **state)
{
    (void)state;
    tlm_refused refused = {0};
    static const int64_t ordinals[] = {0, 7, 4095, 4096, 1000000, 12288, INT64_MAX};
    for (size_t i = 0; i < TLM_COUNT(ordinals); i++)
        assert_int_equal(tlm_refused_add(&refused, ordinals[i]), 0);
    for (size_t i = 0; i < TLM_COUNT(ordinals); i++)
        assert_true(tlm_refused_has(&refused, ordinals[i]));
    static const int64_t others[] = {1, 6, 8, 4094, 4097, 999999, 8192, INT64_MAX - 1};
    for (size_t i = 0; i < TLM_COUNT(others); i++)
        assert_false(tlm_refused_has(&refused, others[i]));
    tlm_refused_finish(&refused);
}

static void only_whole_blocks_before_a_place_are_forgotten(void **state)
{
    (void)state;
    tlm_refused refused = {0};
    for (int64_t block = 0; block < 10; block++)
        assert_int_equal(tlm_refused_add(&refused, block * TLM_REFUSED_RECORDS + 5), 0);
    assert_int_equal(tlm_refused_blocks_before(&refused, TLM_REFUSED_RECORDS - 1), 0);
    assert_int_equal(tlm_refused_blocks_before(&refused, 3 * TLM_REFUSED_RECORDS + 100), 3);
    tlm_refused_drop(&refused, 3);
    assert_false(tlm_refused_has(&refused, 2 * TLM_REFUSED_RECORDS + 5));
    assert_true(tlm_refused_has(&refused, 3 * TLM_REFUSED_RECORDS + 5));
    assert_int_equal(refused.count, 7);
    tlm_refused_finish(&refused);
}

static void a_stored_block_is_put_back(void **state)
{
    (void)state;
    tlm_refused refused = {0}, back = {0};
    assert_int_equal(tlm_refused_add(&refused, 9 * TLM_REFUSED_RECORDS + 77), 0);
    assert_int_equal(refused.blocks[0].is_changed, 1);
    assert_int_equal(tlm_refused_load(&back, refused.blocks[0].number, refused.blocks[0].bits), 0);
    assert_int_equal(back.blocks[0].is_changed, 0);
    assert_true(tlm_refused_has(&back, 9 * TLM_REFUSED_RECORDS + 77));
    assert_int_equal(tlm_refused_add(&back, 9 * TLM_REFUSED_RECORDS + 78), 0);
    assert_int_equal(back.count, 1);
    tlm_refused_finish(&refused);
    tlm_refused_finish(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_noted_is_known_and_nothing_else),
        cmocka_unit_test(only_whole_blocks_before_a_place_are_forgotten),
        cmocka_unit_test(a_stored_block_is_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
