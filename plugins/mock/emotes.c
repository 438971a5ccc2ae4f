/* SPDX-License-Identifier: Apache-2.0 */
#include "emotes.h"

#include "flat_words.h"
#include "put.h"
#include "random.h"

/* The most used first. */
static const char *const any[] = {
    "KEKW",        "LUL",          "PogChamp",       "OMEGALUL",   "Kappa",
    "Pog",         "catJAM",       "monkaS",         "Sadge",      "EZ",
    "PepeLaugh",   "Clap",         "WutFace",        "BibleThump", "pepeD",
    "HeyGuys",     "NotLikeThis",  "VoHiYo",         "SeemsGood",  "ResidentSleeper",
    "Kreygasm",    "4Head",        "DansGame",       "TriHard",    "PogU",
    "FeelsBadMan", "FeelsGoodMan", "widepeepoHappy", "peepoClap",  "AYAYA",
    "COPIUM",      "5Head",        "monkaW",         "HYPERS",     "WeirdChamp",
    "BabyRage",    "SwiftRage",    "GivePLZ",        "TakeNRG",    "CoolStoryBob",
};

static const char *const glad[] = {"PogChamp",     "Pog",       "EZ",       "Clap",           "catJAM", "HYPERS",
                                   "FeelsGoodMan", "SeemsGood", "Kreygasm", "widepeepoHappy", "PogU",   "peepoClap"};

static const char *const sad[] = {"Sadge",      "BibleThump", "NotLikeThis", "FeelsBadMan",     "DansGame",
                                  "WeirdChamp", "WutFace",    "BabyRage",    "ResidentSleeper", "SwiftRage"};

static const char *const own[] = {"Hype", "Love", "Wave", "Rage", "Laugh", "GG", "Raid", "Cry"};

/* A rank, from 0, by the sums of 1/k. */
static uint32_t zipf(uint64_t random, uint32_t count)
{
    double sum = 0, whole = 0;

    for (uint32_t k = 1; k <= count; k++)
        whole += 1.0 / k;
    double wanted = tlm_unit(random) * whole;
    for (uint32_t k = 1; k < count; k++) {
        sum += 1.0 / k;
        if (wanted <= sum)
            return k - 1;
    }
    return count - 1;
}

/* One of the stream's own: a prefix that is the stream's, and what it shows. */
static void pick_own(uint64_t stream_seed, uint64_t random, tlm_emote_name *ret_emote)
{
    const tlm_word *prefix = &tlm_name_tails[tlm_mix(stream_seed + 21) % TLM_NAME_PARTS];
    char *end = tlm_put_string(ret_emote->text, prefix->text);

    end = tlm_put_string(end, own[zipf(random, TLM_COUNT(own))]);
    ret_emote->size = (size_t)(end - ret_emote->text);
}

void tlm_emote_pick(uint64_t stream_seed, uint32_t kind, uint64_t random, tlm_emote_name *ret_emote)
{
    const char *const *list = kind == TLM_EMOTE_GLAD ? glad : kind == TLM_EMOTE_SAD ? sad : any;
    uint32_t count = kind == TLM_EMOTE_GLAD ? TLM_COUNT(glad) : kind == TLM_EMOTE_SAD ? TLM_COUNT(sad) : TLM_COUNT(any);
    uint64_t chance = tlm_mix(random);

    if (kind != TLM_EMOTE_SAD && (chance & 7) == 0) {
        pick_own(stream_seed, random, ret_emote);
        return;
    }
    uint32_t rank = zipf(random, count);
    /* A sixth of the uses follow the stream's order: the world's, begun elsewhere. */
    if (chance % 6 == 0)
        rank = (rank + (uint32_t)(tlm_mix(stream_seed + 22) % count)) % count;
    ret_emote->size = strlen(list[rank]);
    memcpy(ret_emote->text, list[rank], ret_emote->size);
}
