/* SPDX-License-Identifier: Apache-2.0 */
/* How rare a count is: the closed form of the moments plugin against the tail itself, summed term by term. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../plugins/moments/rate.c"

/* P(X >= count) of the negative binomial with that mean and k = mean RATE_MEMORY. */
static double tail_of(double mean, int count)
{
    double k = mean * RATE_MEMORY, share = mean / (mean + k), sum = 0;
    double term = exp(k * log1p(-share) + lgamma(count + k) - lgamma(k) - lgamma(count + 1.0) + count * log(share));
    for (int i = count; i < count + 500; i++) {
        sum += term;
        term *= (i + k) / (i + 1) * share;
    }
    return sum;
}

/* The normal deviate above which a standard normal lies with that chance. */
static double deviate_of(double tail)
{
    double low = -5, high = 40;
    for (int i = 0; i < 80; i++) {
        double middle = (low + high) / 2;
        if (erfc(middle / sqrt(2)) / 2 > tail)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void z_is_that_of_the_tail_and_never_much_above_it(void **context)
{
    (void)context;
    for (double mean = tlm_rate_least; mean < 5; mean *= 1.3)
        for (int count = 1; count <= 50; count++) {
            double exact = deviate_of(tail_of(mean, count)), z = tlm_rate_z(mean, count);
            if (exact < -1)
                continue;
            if (z > exact + 0.03 || z < exact - 0.03 - 0.1 * fabs(exact))
                fail_msg("mean %g count %d: z %g, exact %g", mean, count, z, exact);
        }
}

static void z_grows_with_the_count_and_falls_with_the_mean(void **context)
{
    (void)context;
    for (double mean = tlm_rate_least; mean < 1e6; mean *= 2)
        for (double count = 1; count < 1e18; count *= 3) {
            double z = tlm_rate_z(mean, count);
            if (z < 0) /* nobody asks */
                continue;
            if (tlm_rate_z(mean, count * 3) <= z)
                fail_msg("mean %g: z %g at %g, %g at three times that", mean, z, count, tlm_rate_z(mean, count * 3));
            if (z < 12 && tlm_rate_z(mean * 2, count) >= z) /* far out it hardly depends on the mean */
                fail_msg("count %g: z %g at mean %g, %g at twice that", count, z, mean, tlm_rate_z(mean * 2, count));
        }
}

static void cube_root_is_that_of_libm_to_a_few_units_in_the_last_place(void **context)
{
    (void)context;
    for (double value = 1e-40; value < 1e40; value *= 1.37) {
        double exact = cbrt(value);
        assert_true(fabs(cube_root(value) - exact) <= 4 * DBL_EPSILON * exact);
    }
}

static void mean_follows_what_comes_often_but_no_single_count(void **context)
{
    double mean = tlm_rate_least;
    (void)context;
    mean = tlm_rate_learn(mean, 1e9);
    assert_true(mean < 0.07);
    for (int i = 0; i < 100; i++)
        mean = tlm_rate_learn(mean, 0);
    assert_true(mean >= tlm_rate_least && mean <= tlm_rate_least); /* not below it, to the bit */
    for (int i = 0; i < 600; i++)
        mean = tlm_rate_learn(mean, i % 2 ? 0 : 4);
    assert_true(mean > 1.5 && mean < 2.5);
    assert_true(tlm_rate_z(mean, 4) < 3 && tlm_rate_z(mean, 19) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(z_is_that_of_the_tail_and_never_much_above_it),
        cmocka_unit_test(z_grows_with_the_count_and_falls_with_the_mean),
        cmocka_unit_test(cube_root_is_that_of_libm_to_a_few_units_in_the_last_place),
        cmocka_unit_test(mean_follows_what_comes_often_but_no_single_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
