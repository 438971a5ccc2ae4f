#include "test_common.h"

#include "common/murmur2.h"

#include <string.h>

/* Kafka's own vectors, UtilsTest.testMurmur2. */
static void test_hashes_as_kafka_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t hash;
    } vectors[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };

    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
        assert_int_equal((int32_t)tlm_murmur2(vectors[i].text, strlen(vectors[i].text)), vectors[i].hash);
}

static void test_bytes_above_127_are_unsigned_and_alignment_does_not_matter(void **state)
{
    (void)state;
    char bytes[] = "?\xC3\xA9\xC3\xA8\xFF\x80\x81\xFE";
    char moved[sizeof(bytes)];

    for (size_t size = 0; size < sizeof(bytes) - 1; size++) {
        memcpy(moved, bytes + 1, size);
        assert_int_equal(tlm_murmur2(bytes + 1, size), tlm_murmur2(moved, size));
    }
    assert_int_equal(tlm_murmur2("\xC3\xA9t\xC3\xA9", 5), UINT32_C(2193773721));
    assert_int_equal(tlm_murmur2("", 0), UINT32_C(275646681));
}

static void test_partition_drops_the_sign(void **state)
{
    (void)state;
    assert_int_equal(tlm_murmur2_partition(0x80000000, 12), 0);
    assert_int_equal(tlm_murmur2_partition(0xFFFFFFFF, 12), 0x7FFFFFFF % 12);
    assert_int_equal(tlm_murmur2_partition((uint32_t)-973932308, 12), (-973932308 & 0x7FFFFFFF) % 12);
    assert_int_equal(tlm_murmur2_partition(0xFFFFFFFF, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_as_kafka_does),
        cmocka_unit_test(test_bytes_above_127_are_unsigned_and_alignment_does_not_matter),
        cmocka_unit_test(test_partition_drops_the_sign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
