/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>

static const char window[] = "window", moments[] = "moments";

static void put(tlm_state_set *set, const char *component, const char *key, const char *value)
{
    assert_int_equal(tlm_state_set_put(set, component, tlm_text_of(key), tlm_text_of(value)), 0);
}

static void the_newest_value_of_a_key_counts(void **state)
{
    (void)state;
    tlm_state_set set = {0};
    tlm_text value;
    put(&set, window, "a", "one");
    put(&set, window, "a", "two and more");
    assert_int_equal(tlm_state_set_get(&set, window, tlm_text_of("a"), &value), 1);
    assert_true(tlm_text_equal(value, tlm_text_of("two and more")));
    assert_int_equal(set.entry_count, 1);
    tlm_state_set_finish(&set);
}

static void keys_of_two_components_do_not_meet(void **state)
{
    (void)state;
    tlm_state_set set = {0};
    tlm_text value;
    put(&set, window, "a", "w");
    assert_int_equal(tlm_state_set_get(&set, moments, tlm_text_of("a"), &value), 0);
    put(&set, moments, "a", "m");
    assert_int_equal(tlm_state_set_get(&set, window, tlm_text_of("a"), &value), 1);
    assert_true(tlm_text_equal(value, tlm_text_of("w")));
    tlm_state_set_finish(&set);
}

static void an_empty_value_is_a_noted_removal(void **state)
{
    (void)state;
    tlm_state_set set = {0};
    tlm_text value;
    put(&set, window, "a", "w");
    put(&set, window, "a", "");
    assert_int_equal(tlm_state_set_get(&set, window, tlm_text_of("a"), &value), 1);
    assert_int_equal(value.size, 0);
    tlm_state_set_finish(&set);
}

static void ten_thousand_changes_are_listed_once_each(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    tlm_state_set set = {0};
    static unsigned char seen[COUNT];
    char text[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            (void)snprintf(text, sizeof text, "%d", i);
            put(&set, window, text, text);
        }
    }
    assert_int_equal(set.entry_count, COUNT);
    tlm_state_change *changes = tlm_state_set_list(&set);
    assert_non_null(changes);
    for (uint32_t i = 0; i < set.entry_count; i++) {
        (void)snprintf(text, sizeof text, "%.*s", (int)changes[i].key.size, changes[i].key.data);
        assert_int_equal(seen[atoi(text)]++, 0);
        assert_true(tlm_text_equal(changes[i].key, changes[i].value));
    }
    free(changes);
    tlm_state_set_finish(&set);
}

static void keys_and_values_are_any_bytes(void **state)
{
    (void)state;
    tlm_state_set set = {0};
    tlm_text value, key = {"a\0b", 3}, bytes = {"\0\xff", 2};
    assert_int_equal(tlm_state_set_put(&set, window, key, bytes), 0);
    assert_int_equal(tlm_state_set_get(&set, window, (tlm_text){"a", 1}, &value), 0);
    assert_int_equal(tlm_state_set_get(&set, window, key, &value), 1);
    assert_true(tlm_text_equal(value, bytes));
    tlm_state_set_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_value_of_a_key_counts),
        cmocka_unit_test(keys_of_two_components_do_not_meet),
        cmocka_unit_test(an_empty_value_is_a_noted_removal),
        cmocka_unit_test(ten_thousand_changes_are_listed_once_each),
        cmocka_unit_test(keys_and_values_are_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
