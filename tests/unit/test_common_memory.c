/* Every room when memory runs out: -ENOMEM, nothing lost, nothing leaked. Linked with --wrap for the allocator. */
#include "test_common.h"

#include "common/chatter_set.h"
#include "common/hash_map.h"
#include "common/id_set.h"
#include "common/json_writer.h"
#include "common/sketch.h"

#include <errno.h>
#include <stdlib.h>

static bool memory_gone;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return memory_gone ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_gone ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return memory_gone ? NULL : __real_realloc(old, size);
}

static int memory_is_back(void **state)
{
    (void)state;
    memory_gone = false;
    return 0;
}

static void test_id_set_keeps_its_ids(void **state)
{
    (void)state;
    tlm_id_set set = TLM_ID_SET_INIT;
    uint64_t random = 1;
    uint64_t count = 0;

    memory_gone = true;
    assert_int_equal(tlm_id_set_add(&set, (tlm_id){1, 1}), -ENOMEM);
    assert_int_equal(tlm_id_set_add(&set, (tlm_id){0, 0}), 1);
    for (int i = 0; i < 1000; i++) {
        tlm_id id = {1, test_random(&random)};
        memory_gone = true;
        int result = tlm_id_set_add(&set, id);
        memory_gone = false;
        assert_true(result == 1 || result == -ENOMEM);
        assert_int_equal(tlm_id_set_count(&set), 1 + count + (result == 1));
        assert_int_equal(tlm_id_set_add(&set, id), result < 0);
        count++;
    }
    memory_gone = true;
    assert_int_equal(tlm_id_set_freeze(&set), -ENOMEM);
    memory_gone = false;
    assert_int_equal(tlm_id_set_freeze(&set), 0);
    memory_gone = true;
    assert_int_equal(tlm_id_set_add(&set, (tlm_id){2, 2}), -ENOMEM);
    random = 1;
    for (int i = 0; i < 1000; i++)
        assert_true(tlm_id_set_has(&set, (tlm_id){1, test_random(&random)}));
    assert_int_equal(tlm_id_set_size_bytes(&set), 1000 * 16);
    tlm_id_set_finish(&set);
}

static void test_chatter_set_keeps_its_chatters(void **state)
{
    (void)state;
    tlm_chatter_set set = TLM_CHATTER_SET_INIT;

    memory_gone = true;
    assert_int_equal(tlm_chatter_set_add(&set, 1, 1), -ENOMEM);
    memory_gone = false;
    assert_int_equal(tlm_chatter_set_add(&set, 1, 1), 1);
    memory_gone = true;
    assert_int_equal(tlm_chatter_set_freeze(&set), -ENOMEM);
    assert_true(tlm_chatter_set_has(&set, 1));
    tlm_chatter_set_finish(&set);
}

static void test_hash_map_keeps_its_keys(void **state)
{
    (void)state;
    tlm_hash_map map = TLM_HASH_MAP_INIT;
    uint32_t value = 0;

    memory_gone = true;
    assert_int_equal(tlm_hash_map_put(&map, 1, 1), -ENOMEM);
    memory_gone = false;
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(tlm_hash_map_put(&map, i, i), 1);
    memory_gone = true;
    assert_int_equal(tlm_hash_map_put(&map, 6, 6), -ENOMEM);
    assert_int_equal(tlm_hash_map_put(&map, 5, 7), 0);
    assert_true(tlm_hash_map_get(&map, 5, &value));
    assert_int_equal(value, 7);
    assert_int_equal(map.count, 6);
    tlm_hash_map_finish(&map);
}

static void test_sketch_stays_as_it_was(void **state)
{
    (void)state;
    tlm_sketch sketch = TLM_SKETCH_INIT;
    tlm_sketch other = TLM_SKETCH_INIT;
    static uint8_t bytes[TLM_SKETCH_SIZE];

    memory_gone = true;
    assert_int_equal(tlm_sketch_add(&sketch, 1), -ENOMEM);
    memory_gone = false;
    for (uint32_t i = 0; i < 2048; i++)
        assert_int_equal(tlm_sketch_add(&sketch, i << 6 | 1), 0);
    assert_int_equal(tlm_sketch_add(&other, 5000 << 6 | 3), 0);
    size_t size = tlm_sketch_write(&sketch, bytes);
    memory_gone = true;
    assert_int_equal(tlm_sketch_add(&sketch, 5000 << 6 | 1), -ENOMEM); /* would become dense */
    assert_int_equal(tlm_sketch_merge(&sketch, &other), -ENOMEM);
    assert_int_equal(tlm_sketch_merge(&other, &sketch), -ENOMEM);
    assert_int_equal(tlm_sketch_merge(&other, &other), -ENOMEM); /* both sparse */
    assert_int_equal(tlm_sketch_read(bytes, size, &other), -ENOMEM);
    assert_int_equal(tlm_sketch_write(&sketch, bytes), size);
    assert_int_equal(tlm_sketch_estimate(&other), 1);
    tlm_sketch_finish(&sketch);
    tlm_sketch_finish(&other);
}

static void test_dense_bytes_are_not_read(void **state)
{
    (void)state;
    tlm_sketch sketch = TLM_SKETCH_INIT;
    tlm_sketch read = TLM_SKETCH_INIT;
    static uint8_t bytes[TLM_SKETCH_SIZE];

    for (uint32_t i = 0; i < TLM_SKETCH_REGISTERS; i++)
        assert_int_equal(tlm_sketch_add(&sketch, i << 6 | 1), 0);
    size_t size = tlm_sketch_write(&sketch, bytes);
    assert_int_equal(size, TLM_SKETCH_SIZE);
    memory_gone = true;
    assert_int_equal(tlm_sketch_read(bytes, size, &read), -ENOMEM);
    tlm_sketch_finish(&sketch);
}

static void test_writer_fails_once_and_for_good(void **state)
{
    (void)state;
    tlm_buffer buffer = TLM_BUFFER_INIT;
    tlm_json_writer json;
    size_t size = 0;

    tlm_json_init(&json, &buffer);
    tlm_json_begin_array(&json);
    memory_gone = true;
    for (int i = 0; i < 1000; i++)
        tlm_json_string(&json, "\"\xFF", 2);
    memory_gone = false;
    tlm_json_int(&json, 1);
    tlm_json_end_array(&json);
    assert_int_equal(buffer.error, -ENOMEM);
    assert_null(tlm_buffer_reserve(&buffer, 0));
    assert_null(tlm_buffer_take(&buffer, &size));
    assert_true(buffer.size <= buffer.capacity);
    tlm_buffer_finish(&buffer);
    assert_int_equal(buffer.error, 0);
}

#define MEMORY_TEST(function) cmocka_unit_test_teardown(function, memory_is_back)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(test_id_set_keeps_its_ids),     MEMORY_TEST(test_chatter_set_keeps_its_chatters),
        MEMORY_TEST(test_hash_map_keeps_its_keys),  MEMORY_TEST(test_sketch_stays_as_it_was),
        MEMORY_TEST(test_dense_bytes_are_not_read), MEMORY_TEST(test_writer_fails_once_and_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
