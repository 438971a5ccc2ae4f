/* SPDX-License-Identifier: Apache-2.0 */
#include "excitation.h"

#include "random.h"

/* Messages that a message brings directly, and e^(-0.5 s / decay time): 4.8 s and 133 s. Fitted to what
 * tests/plugin/test_mock_statistics.c asserts: with the impulse response psi of the mean, the autocovariance of counts
 * is mean * sum_j psi_j psi_(j+l), from which Fano factors and autocorrelations follow in closed form. */
#define FAST_CHILDREN 0.692
#define FAST_KEEP 0.901069
#define SLOW_CHILDREN 0.199
#define SLOW_KEEP 0.996248
#define SPONTANEOUS (1 - FAST_CHILDREN - SLOW_CHILDREN)

/* Steps around the mean are as large as this: sixteen times the rate, and never so few that a slow stream feels it. */
#define STEP_MEANS_MAX 16
#define STEP_MESSAGES_MIN 64

uint32_t tlm_poisson_step(uint64_t seed, double mean, uint32_t max, uint32_t *ret_at_ns)
{
    uint32_t count = 0;

    if (mean <= 0)
        return 0;
    double gap = (double)TLM_STEP_NS / mean;
    double at = gap * tlm_exponential(tlm_draw(&seed));
    while (at < (double)TLM_STEP_NS && count < max) {
        ret_at_ns[count++] = (uint32_t)at;
        at += gap * tlm_exponential(tlm_draw(&seed));
    }
    return count;
}

static uint32_t chain_max(double rate)
{
    double means = STEP_MEANS_MAX * rate * (double)TLM_STEP_MS / 1000;

    return STEP_MESSAGES_MIN + (uint32_t)means;
}

uint32_t tlm_excitation_max(double rate)
{
    return 2 * chain_max(rate);
}

static uint32_t chain_step(tlm_chain *chain, uint64_t seed, double spontaneous, uint32_t max, uint32_t *ret_at_ns)
{
    uint32_t count = tlm_poisson_step(seed, spontaneous + chain->fast + chain->slow, max, ret_at_ns);

    chain->fast = FAST_KEEP * chain->fast + FAST_CHILDREN * (1 - FAST_KEEP) * count;
    chain->slow = SLOW_KEEP * chain->slow + SLOW_CHILDREN * (1 - SLOW_KEEP) * count;
    return count;
}

static int64_t chain_of(int64_t step)
{
    return step >= 0 ? step / TLM_CHAIN_STEPS : -1 - (-1 - step) / TLM_CHAIN_STEPS;
}

uint32_t tlm_excitation_step(tlm_excitation *self, uint64_t seed, double rate, int64_t step, uint32_t *ret_at_ns)
{
    int64_t young = chain_of(step);
    double spontaneous = SPONTANEOUS * rate * (double)TLM_STEP_MS / 1000;
    uint32_t max = chain_max(rate), count = 0;

    if (step == young * TLM_CHAIN_STEPS)
        self->chains[young & 1] = (tlm_chain){0, 0};
    for (int64_t chain = young - 1; chain <= young; chain++) {
        uint64_t state = tlm_mix(seed ^ (uint64_t)chain * TLM_GOLDEN_GAMMA) + (uint64_t)step;
        count += chain_step(&self->chains[chain & 1], tlm_mix(state), chain == young ? spontaneous : 0, max,
                            ret_at_ns + count);
    }
    return count;
}

void tlm_excitation_seek(tlm_excitation *self, uint64_t seed, double rate, int64_t step, uint32_t *scratch)
{
    *self = (tlm_excitation){.chains = {{0, 0}, {0, 0}}};
    for (int64_t past = (chain_of(step) - 1) * TLM_CHAIN_STEPS; past < step; past++)
        (void)tlm_excitation_step(self, seed, rate, past, scratch);
}
