/* SPDX-License-Identifier: Apache-2.0 */
#include "flat_words.h"

const tlm_word tlm_words[TLM_WORDS] = {
    {"the"},   {"that"},     {"this"},     {"you"},    {"what"},   {"play"},   {"game"},   {"stream"},
    {"chat"},  {"now"},      {"again"},    {"just"},   {"really"}, {"so"},     {"very"},   {"never"},
    {"love"},  {"great"},    {"amazing"},  {"nice"},   {"good"},   {"best"},   {"happy"},  {"awesome"},
    {"win"},   {"gg"},       {"wow"},      {"lol"},    {"hype"},   {"cool"},   {"thanks"}, {"perfect"},
    {"bad"},   {"terrible"}, {"hate"},     {"boring"}, {"worst"},  {"sad"},    {"lag"},    {"awful"},
    {"fail"},  {"ugly"},     {"annoying"}, {"lost"},   {"wrong"},  {"broken"}, {"angry"},  {"no"},
    {"boss"},  {"level"},    {"run"},      {"music"},  {"song"},   {"team"},   {"clip"},   {"moment"},
    {"hello"}, {"goodbye"},  {"here"},     {"when"},   {"why"},    {"how"},    {"please"}, {"tonight"},
};

const tlm_word tlm_emotes[TLM_EMOTES] = {
    {"KEKW"},        {"LUL"},     {"PogChamp"}, {"Kappa"},      {"OMEGALUL"},        {"monkaS"},
    {"Pog"},         {"catJAM"},  {"Sadge"},    {"PepeLaugh"},  {"widepeepo"},       {"Clap"},
    {"FeelsBadMan"}, {"EZ"},      {"HeyGuys"},  {"BibleThump"}, {"ResidentSleeper"}, {"NotLikeThis"},
    {"Kreygasm"},    {"TriHard"}, {"WutFace"},  {"SeemsGood"},  {"4Head"},           {"DansGame"},
};

const tlm_word tlm_name_heads[TLM_NAME_PARTS] = {
    {"quiet"}, {"rapid"},  {"lucky"}, {"misty"},  {"brave"},  {"silver"}, {"tiny"},  {"wild"},
    {"sunny"}, {"frozen"}, {"lazy"},  {"clever"}, {"dark"},   {"neon"},   {"retro"}, {"salty"},
    {"royal"}, {"sleepy"}, {"angry"}, {"gentle"}, {"cosmic"}, {"pixel"},  {"turbo"}, {"velvet"},
    {"amber"}, {"hidden"}, {"loud"},  {"noble"},  {"odd"},    {"plain"},  {"rusty"}, {"zen"},
};

const tlm_word tlm_name_tails[TLM_NAME_PARTS] = {
    {"fox"},   {"otter"},  {"wolf"},  {"panda"},  {"raven"}, {"tiger"},  {"gecko"}, {"moose"},
    {"koala"}, {"shark"},  {"eagle"}, {"badger"}, {"lynx"},  {"viper"},  {"bison"}, {"crane"},
    {"mage"},  {"knight"}, {"pilot"}, {"robot"},  {"baker"}, {"wizard"}, {"ninja"}, {"sailor"},
    {"comet"}, {"storm"},  {"river"}, {"stone"},  {"maple"}, {"cloud"},  {"spark"}, {"shadow"},
};

const char *const tlm_titles[TLM_TITLES] = {
    "First playthrough, no spoilers",
    "Ranked until we drop",
    "Chill evening with music",
    "Speedrun attempts",
    "Community games",
    "Learning something new",
    "Charity marathon",
    "Morning coffee and chat",
};

const char *const tlm_categories[TLM_CATEGORIES] = {
    "Just Chatting",
    "Minecraft",
    "Chess",
    "League of Legends",
    "Music",
    "Art",
    "Elden Ring",
    "Valorant",
    "Tetris",
    "Retro",
    "Science & Technology",
    "Software Development",
};
