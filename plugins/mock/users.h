/* SPDX-License-Identifier: Apache-2.0 */
/* Who writes: a few users much, most of them seldom, and always somebody new.
 *
 * The author's rank is drawn anew for each message from a Pareto (Lomax) law of tail exponent 8/3. Of users drawn so
 * from an endless supply, a share of 3/11 = 27 % has been seen just once in the long run however long it is (S. Karlin,
 * "Central limit theorems for certain infinite urn schemes", 1967), and somewhat more in the first hours. */
#ifndef TLM_MOCK_USERS_H
#define TLM_MOCK_USERS_H

#include <stdbool.h>
#include <stdint.h>

/* Room for ,"user_id":"...","username":"..." */
#define TLM_USER_JSON_SIZE_MAX 128

/* Badges of a user. */
enum { TLM_BADGE_MODERATOR = 1, TLM_BADGE_SUBSCRIBER = 2, TLM_BADGE_VIP = 4 };

/* A user's number, which is a hash: that of an author of a stream with this seed and core crowd. */
uint64_t tlm_user_pick(uint64_t stream_seed, uint32_t crowd, uint64_t random);

/* One of a crowd that a raid brought: its own supply, of which most write once or twice. */
uint64_t tlm_user_pick_raider(uint64_t raid_seed, uint64_t random);

/* TLM_BADGE_... of the user, the same ones always. */
uint32_t tlm_user_badges(uint64_t user);

/* Writes the members user_id and username. */
char *tlm_user_put(char *at, uint64_t user);

/* Writes the name alone, TLM_USER_JSON_SIZE_MAX bytes at most. */
char *tlm_user_put_name(char *at, uint64_t user);

#endif
