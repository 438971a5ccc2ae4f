/* SPDX-License-Identifier: Apache-2.0 */
/* Tells files apart by how they begin. The generation of a place in a file is the file's number in the list and a hash
 * of the file's first bytes, at most TLM_FINGERPRINT_SIZE of them: up to the end of the line that begins there for the
 * place of a record, which so tells files apart at byte 0 too; those before it for a place behind records, where
 * nothing more may be known yet. It depends on nothing but
 * the content: a file keeps it when it grows, is copied, restored, renamed or compressed, and an inode number that was
 * given out again is no trap. What it cannot see is a change after the first bytes. */
#ifndef TLM_REPLAY_FINGERPRINT_H
#define TLM_REPLAY_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a file that are looked at. */
#define TLM_FINGERPRINT_SIZE 4096

/* Files of a list that a generation can number. */
#define TLM_FINGERPRINT_FILES_MAX 65534

typedef struct tlm_fingerprint {
    char bytes[TLM_FINGERPRINT_SIZE]; /* how the file begins, as far as it was read */
    size_t size;
    size_t hashed; /* bytes that `hash` covers */
    uint64_t hash;
} tlm_fingerprint;

/* For a file of which nothing was read. */
void tlm_fingerprint_init(tlm_fingerprint *print);

/* Takes notice of bytes just read, in the order of the file; what is not needed is passed over. */
void tlm_fingerprint_feed(tlm_fingerprint *print, const char *bytes, size_t size);

/* Generation of the place `offset` in file `index` (from 0); the bytes before it must have been fed. Cheap when offsets
 * are asked for in rising order. Never 0. */
uint64_t tlm_fingerprint_generation(tlm_fingerprint *print, uint32_t index, int64_t offset);

/* Whether `generation` is one of the place `offset` in this file, of which the first TLM_FINGERPRINT_SIZE bytes, or
 * all, must have been fed. */
bool tlm_fingerprint_has_place(tlm_fingerprint *print, uint64_t generation, int64_t offset);

/* Number of the file in the list that a generation speaks of; UINT32_MAX for 0, which is no generation. */
uint32_t tlm_fingerprint_index(uint64_t generation);

/* The generation's hash beside another file number. */
uint64_t tlm_fingerprint_renumber(uint64_t generation, uint32_t index);

#endif
