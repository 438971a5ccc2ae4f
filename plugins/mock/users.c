/* SPDX-License-Identifier: Apache-2.0 */
#include "users.h"

#include "flat_words.h"
#include "put.h"
#include "random.h"

#include <math.h>

/* The law's scale, as a share of the core crowd. With the default of 500 the busiest user writes 1 % of the messages
 * and 72,000 of them come from about 1,900 users. */
#define SCALE 0.6

#define RAIDERS 400

enum { ID_DIGITS = 12, NAME_STYLES = 8 };

uint64_t tlm_user_pick(uint64_t stream_seed, uint32_t crowd, uint64_t random)
{
    double fourth = sqrt(sqrt(tlm_unit(random)));
    double root = fourth * sqrt(fourth); /* u^(3/8) */
    uint64_t rank = (uint64_t)(SCALE * crowd * (1 / root - 1));

    return tlm_mix(stream_seed ^ tlm_mix(rank + 1));
}

uint64_t tlm_user_pick_raider(uint64_t raid_seed, uint64_t random)
{
    return tlm_mix(raid_seed ^ tlm_mix(1 + tlm_below(random, RAIDERS)));
}

uint32_t tlm_user_badges(uint64_t user)
{
    uint64_t random = tlm_mix(user + 1);
    uint32_t badges = (random & 31) < 7 ? TLM_BADGE_SUBSCRIBER : 0;

    badges |= (random >> 8 & 127) == 0 ? TLM_BADGE_MODERATOR : 0;
    badges |= (random >> 16 & 63) == 0 ? TLM_BADGE_VIP : 0;
    return badges;
}

static char *put_capital(char *at, const tlm_word *word)
{
    char *end = tlm_put_string(at, word->text);

    *at = (char)(*at - ('a' - 'A'));
    return end;
}

char *tlm_user_put_name(char *at, uint64_t user)
{
    uint64_t look = tlm_mix(user + 2);
    const tlm_word *head = &tlm_name_heads[look % TLM_NAME_PARTS];
    const tlm_word *tail = &tlm_name_tails[(look >> 8) % TLM_NAME_PARTS];

    switch (look >> 16 & (NAME_STYLES - 1)) {
    case 0:
        at = TLM_PUT(put_capital(at, head), "_");
        at = put_capital(at, tail);
        break;
    case 1:
        at = put_capital(put_capital(at, head), tail);
        break;
    case 2:
        at = TLM_PUT(at, "xX_");
        at = TLM_PUT(tlm_put_string(at, tail->text), "_Xx");
        break;
    case 3:
        at = TLM_PUT(at, "its");
        at = put_capital(at, tail);
        break;
    case 4:
        return tlm_put_number(TLM_PUT(tlm_put_string(at, tail->text), "_"), 1970 + (look >> 24) % 40);
    default:
        at = tlm_put_string(tlm_put_string(at, head->text), tail->text);
        break;
    }
    return tlm_put_number(at, (look >> 24) % 10000);
}

char *tlm_user_put(char *at, uint64_t user)
{
    static const char digits[] = "0123456789abcdef";

    at = TLM_PUT(at, ",\"user_id\":\"u");
    for (int i = 0; i < ID_DIGITS; i++)
        *at++ = digits[user >> 4 * i & 15];
    at = TLM_PUT(at, "\",\"username\":\"");
    at = tlm_user_put_name(at, user);
    *at++ = '"';
    return at;
}
