/* SPDX-License-Identifier: Apache-2.0 */
/* When messages come: a Hawkes process, in which each message makes further ones likelier for a while (A. G. Hawkes,
 * "Spectra of some self-exciting and mutually exciting point processes", Biometrika 58, 1971), in steps of half a
 * second, with two decay times: answers within seconds, and a topic that holds for minutes.
 *
 * It must be readable from anywhere, so its memory is finite: the process is the sum of chains, one each half hour. A
 * chain has the spontaneous messages of its own half hour and all that follows from them, until the next half hour is
 * over. Chains are independent, so their sum is the Hawkes process (its cluster representation: A. G. Hawkes, D. Oakes,
 * "A cluster process representation of a self-exciting process", 1974), but for the 0.3 % of the excitement that is
 * cut off; and two chains from their beginnings are all there is to know of a moment. */
#ifndef TLM_MOCK_EXCITATION_H
#define TLM_MOCK_EXCITATION_H

#include <stdint.h>

/* A step, of which everything is drawn at once. */
#define TLM_STEP_NS INT64_C(500000000)
#define TLM_STEP_MS INT64_C(500)

/* Steps of a chain's half hour. */
#define TLM_CHAIN_STEPS INT64_C(3600)

typedef struct tlm_chain {
    double fast, slow; /* messages per step that it adds now */
} tlm_chain;

/* State of a stream, 32 bytes. */
typedef struct tlm_excitation {
    tlm_chain chains[2]; /* by the number of their half hour, even and odd */
} tlm_excitation;

/* Most messages that a stream of so many per second has in one step; what is above is not drawn. */
uint32_t tlm_excitation_max(double rate);

/* The state before `step` (0: the run's start) of the stream with this seed, of a process that was always there.
 * `scratch` has tlm_excitation_max entries. Costs up to an hour of steps, some 30 ns each and 10 ns a message. */
void tlm_excitation_seek(tlm_excitation *self, uint64_t seed, double rate, int64_t step, uint32_t *scratch);

/* Draws step `step`, which must follow the one before: offsets in it, in no order, to `ret_at_ns`, which has
 * tlm_excitation_max entries. Their number. */
uint32_t tlm_excitation_step(tlm_excitation *self, uint64_t seed, double rate, int64_t step, uint32_t *ret_at_ns);

/* A step of a plain Poisson process with `mean` messages a step; at most `max`. */
uint32_t tlm_poisson_step(uint64_t seed, double mean, uint32_t max, uint32_t *ret_at_ns);

#endif
