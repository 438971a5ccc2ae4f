/* SPDX-License-Identifier: Apache-2.0 */
#include "compound.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;

/* 15 in the square of 10^-9. */
static const wide ALPHA = (wide)15 * UINT64_C(1000000000000000000);
/* From 388 points on the score rounds to 1; squares of what is below fit. */
static const int64_t SUM_MAX = INT64_C(400000000000);
enum { STEPS = 10000 };

/* Whether the score of `sum` is above (1), at (0) or below (-1) `halves` half steps of 0.0001. Squared, it is a
 * comparison of whole numbers below 2^107. */
static int compare(wide sum, uint32_t halves)
{
    wide left = sum * sum * ((wide)4 * STEPS * STEPS);
    wide right = (sum * sum + ALPHA) * ((wide)halves * halves);
    return left < right ? -1 : left > right;
}

int16_t tlm_compound(int64_t sum)
{
    uint64_t size = sum < 0 ? 0 - (uint64_t)sum : (uint64_t)sum;
    if (size > (uint64_t)SUM_MAX)
        size = (uint64_t)SUM_MAX;
    /* Floating point proposes; its error is far below a thousandth of a step. Near a half, whole numbers decide. */
    double x = (double)size * 1e-9;
    double steps = x / sqrt(x * x + 15.0) * STEPS;
    uint32_t score = (uint32_t)(steps + 0.5);
    double off = steps - score;
    if (off > -0.499 && off < 0.499)
        return (int16_t)(sum < 0 ? -(int32_t)score : (int32_t)score);
    int above = compare(size, 2 * score + 1);
    int below = score > 0 ? compare(size, 2 * score - 1) : 1;
    if (above > 0 || (above == 0 && score % 2))
        score++;
    else if (below < 0 || (below == 0 && score % 2))
        score--;
    return (int16_t)(sum < 0 ? -(int32_t)score : (int32_t)score);
}
