/* SPDX-License-Identifier: Apache-2.0 */
#include "phrases.h"

#include <telemetra/base.h>

static const char *const neutral[] = {
    "%w %v the %n again",
    "the %n is over there",
    "%w needs the %n first",
    "just got here, %w %v already",
    "brb getting food",
    "chat is moving fast",
    "that was the %n from %p",
    "use the %n on %p",
    "left side, then %p",
    "I %v that %n %t",
    "%w always does this",
    "my cat %v my keyboard",
    "watching this at work",
    "second screen gang",
    "it was on the other %n",
    "%w said that %t",
    "do the %n strat",
    "he has to go back to %p",
    "wait for the %n",
    "skip %p and get the %n",
    "the new %n came out %t",
    "I thought %w was live %t",
    "one more %n and then bed",
    "you can see the %n from %p",
    "same as %t",
    "this is the part with the %n",
    "someone clip the %n",
    "ok but the %n",
    "%w plays on controller I think",
    "it drops from the %n at %p",
    "%w should try %p",
    "I was at %p when the %n %v me",
    "%w has a %n for that",
    "not the %n again",
    "ok %w, show us the %n",
    "there is a second %n behind %p",
    "the %n or the %n, pick one",
    "I only came for the %n",
    "%t it was the other %n",
    "save the %n for %p",
};

static const char *const glad[] = {
    "that was %i %g",
    "I love this %n",
    "%g %n",
    "this %n is so %g",
    "%w is %i %g today",
    "best %n ever",
    "what a %g %n",
    "so happy for you",
    "thank you for the stream, it was %g",
    "you are %i %g at this",
    "love the %n, %i %g",
    "this made my day %j",
    "nice %n",
    "wow %g",
    "never seen such a %g %n",
    "good job on the %n",
    "the music here is %g",
    "you deserve this win",
    "I enjoy these streams so much",
    "%g, simply %g",
    "congrats on the %n",
    "clean %n, well played",
    "ok that was %g %j",
    "welcome back, missed you",
};

static const char *const sad[] = {
    "that was %i %b",
    "I hate this %n",
    "%b %n",
    "this %n is so %b",
    "%w is %i %b today",
    "worst %n ever",
    "what a %b %n",
    "not good, not good at all",
    "this is %i %b to watch",
    "the %n is broken again",
    "why is the %n so %b",
    "so sad to see this %j",
    "never liked the %n",
    "the lag is %b",
    "stop the %n, it is %b",
    "%w lost again, %b",
    "can't watch this, too %b",
    "what a waste of time",
    "the devs ruined the %n",
    "that %n is unfair",
    "I am so tired of %p",
    "%b, simply %b",
    "no way this is %b again %j",
    "this mistake hurts to look at",
};

static const char *const question[] = {
    "what %n is that?",
    "why did %w do that",
    "when is the next %n?",
    "how long has %w been live?",
    "is this %p?",
    "who is %w playing with",
    "does anyone know the song name?",
    "wait what happened?",
    "did I miss the %n?",
    "what rank is %w now?",
    "is the %n any good?",
    "how many tries so far",
    "can you show the %n?",
    "what keyboard is that?",
    "are we going to %p %t?",
    "is this the first playthrough?",
    "which %n do you like most?",
    "what did he say",
    "where do I find the %n",
    "any tips for %p?",
    "is there a vod of %t?",
    "why not the %n?",
};

static const char *const greeting[] = {
    "hi chat",      "hello everyone",        "hey %w",          "good evening all",    "hii",
    "yo chat",      "good morning %j",       "hello from work", "hi, first time here", "back from dinner",
    "hello hello",  "hey, how is everybody", "good night all",  "gotta go, bye chat",  "gn chat %j",
    "bye everyone",
};

static const char *const command[] = {
    "!discord", "!uptime", "!song", "!rank", "!specs", "!followage", "!lurk", "!settings", "!commands", "!schedule",
};

static const char *const long_ones[] = {
    "I have been watching for years now and the %n %t was still the best one, don't @ me",
    "so you have to take the %n at %p first, then go back down and %w will open the door for you",
    "not sure why everyone wants the %n, it was %i %b %t and they never fixed it",
    "my brother and I tried %p all night %t, we never got past the %n and now %w does it first try",
    "can we take a moment to say how %g the %n is? the music, the light, everything about it is %i %g",
    "if %w loses this one I will eat my %n on camera, and you all can hold me to it",
    "chat, stop giving hints about the %n, let %w find it, half of the fun is the search",
    "the %n at %p has a second way in, nobody uses it because the first one is faster with the %n",
};

static const char *const short_ones[] = {
    "lol",       "?",           "??",      "what",      "true",     "same",       "hmm",      "ok",
    "oh",        "wait",        "yes",     "no",        "lmao",     "xD",         "real",     "o7",
    "1",         "2",           "F",       "here",      "this",     "maybe",      "right",    "LMAO",
    "yep",       "nope",        "idk",     "again",     "oh no",    "no way",     "lol what", "he knows",
    "of course", "there it is", "ok then", "not again", "one more", "the %n lol", "%w lol",   "wait for it",
};

static const char *const short_glad[] = {
    "gg", "nice",   "W",         "lets go",   "pog",   "huge",  "clean", "wow",   "love it", "yay",        "so good",
    "GG", "insane", "beautiful", "he did it", "gg wp", "great", "%g",    "based", "W %w",    "perfect %j",
};

static const char *const short_sad[] = {
    "L",   "rip",   "yikes", "cringe", "boring",  "oof",      "ugh", "bad",   "so bad",     "fail",         "nooo",
    "sad", "awful", "pain",  "L %w",   "unlucky", "terrible", "%b",  "wrong", "that hurts", "it's over %j",
};

static const char *const hype[] = {
    "LETS GOOO",
    "NO WAY",
    "CLIP IT",
    "WHAT",
    "OMG",
    "HOW",
    "INSANE",
    "did you see that",
    "clip that",
    "WWWWW",
    "that %n though",
    "GGGG",
    "he actually did it",
    "WHAT A %n",
    "no shot",
    "HOLY",
    "unreal",
    "my jaw",
    "the %n!!!",
    "AHAHAHAHA",
    "I can't believe it",
    "first try btw",
    "CALLED IT",
    "WOOOOO",
};

static const char *const thanks[] = {
    "thanks for the gifted sub!",
    "thank you so much",
    "W gifter",
    "so generous",
    "gifted gang",
    "hype train!!",
    "what a legend",
    "thank you %j",
    "I got one, thanks!",
    "subs everywhere",
    "love this community",
    "big W",
    "that is so kind",
    "thanks for the sub",
    "HYPE HYPE HYPE",
    "dodged again",
    "missed it again lol",
    "wow so many",
    "generous chat today",
    "legend",
};

static const char *const raid[] = {
    "RAID",
    "raid hype!!",
    "hello raiders",
    "welcome raiders %j",
    "hi from the raid",
    "welcome in everyone",
    "raid raid raid",
    "just raided in, what is going on?",
    "hello, what game is this?",
    "new viewer here, hi",
    "love from the raid",
    "hi %w!",
    "we have arrived",
    "so many people",
    "welcome welcome",
    "hello new friends",
    "was sent here, looks good",
};

static const char *const giving[] = {
    "keep it up, %i %g stream",
    "for the %n",
    "here, buy a better %n",
    "thank you for the streams",
    "love the content",
    "happy birthday!",
    "for more %n please",
    "good luck with %p",
    "lurking for years, had to",
    "take my money",
    "can you say hi to my cat?",
    "worth it",
    "for the %n fund",
    "you made my week",
    "gl hf",
};

static const char *const word_things[] = {
    "boss",  "run",   "build", "map",    "clip",   "song",  "game",   "level", "quest",   "fight",  "jump",
    "combo", "sword", "skin",  "stream", "match",  "round", "deck",   "shot",  "opening", "ending", "dragon",
    "car",   "patch", "team",  "item",   "camera", "story", "puzzle", "chair", "menu",    "trick",
};

static const char *const word_good[] = {
    "great",      "amazing", "awesome",   "good",      "perfect", "beautiful", "fun",       "brilliant", "cool",
    "impressive", "lovely",  "fantastic", "hilarious", "nice",    "excellent", "wonderful", "sweet",     "wholesome",
};

static const char *const word_bad[] = {
    "bad",  "terrible", "awful",         "boring",   "sad",     "horrible", "annoying",    "stupid",
    "weak", "ugly",     "disappointing", "pathetic", "painful", "unfair",   "frustrating", "worthless",
};

static const char *const word_very[] = {"so", "really", "very", "just", "absolutely", "pretty", "super", "actually"};

static const char *const word_who[] = {
    "he", "she", "bro", "this guy", "our streamer", "the team", "that mage", "the healer", "player two", "the mod",
};

static const char *const word_did[] = {
    "missed", "found", "beat", "skipped", "dropped", "forgot", "tried", "took", "lost", "saw",
};

static const char *const word_when[] = {"yesterday", "last week",    "last time", "last night",
                                        "on monday", "this morning", "later"};

static const char *const word_place[] = {
    "the tower", "the swamp",  "level three",     "the bridge", "mid",
    "the cave",  "the castle", "the last corner", "the shop",
};

static const char *const word_emoji[] = {"❤️", "😂", "😭", "🔥", "💀", "👏", "😡", "🎉", "😍", "👍"};

#define LIST(array)                                                                                                    \
    {                                                                                                                  \
        (array), TLM_COUNT(array)                                                                                      \
    }

const tlm_phrases *tlm_phrases_of(uint32_t group)
{
    static const tlm_phrases groups[TLM_PHRASE_GROUPS] = {
        [TLM_PHRASES_NEUTRAL] = LIST(neutral),
        [TLM_PHRASES_GLAD] = LIST(glad),
        [TLM_PHRASES_SAD] = LIST(sad),
        [TLM_PHRASES_QUESTION] = LIST(question),
        [TLM_PHRASES_GREETING] = LIST(greeting),
        [TLM_PHRASES_COMMAND] = LIST(command),
        [TLM_PHRASES_LONG] = LIST(long_ones),
        [TLM_PHRASES_SHORT] = LIST(short_ones),
        [TLM_PHRASES_SHORT_GLAD] = LIST(short_glad),
        [TLM_PHRASES_SHORT_SAD] = LIST(short_sad),
        [TLM_PHRASES_HYPE] = LIST(hype),
        [TLM_PHRASES_THANKS] = LIST(thanks),
        [TLM_PHRASES_RAID] = LIST(raid),
        [TLM_PHRASES_GIVING] = LIST(giving),
    };

    return &groups[group];
}

const tlm_phrases *tlm_phrase_words(char letter)
{
    static const tlm_phrases words['z' - 'a' + 1] = {
        ['n' - 'a'] = LIST(word_things), ['g' - 'a'] = LIST(word_good),  ['b' - 'a'] = LIST(word_bad),
        ['i' - 'a'] = LIST(word_very),   ['w' - 'a'] = LIST(word_who),   ['v' - 'a'] = LIST(word_did),
        ['t' - 'a'] = LIST(word_when),   ['p' - 'a'] = LIST(word_place), ['j' - 'a'] = LIST(word_emoji),
    };

    if (letter < 'a' || letter > 'z' || words[letter - 'a'].count == 0)
        return NULL;
    return &words[letter - 'a'];
}
