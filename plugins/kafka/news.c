/* SPDX-License-Identifier: Apache-2.0 */
#include "news.h"

#include <string.h>
#include <time.h>

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_words(const char *line)
{
    const char *end = strstr(line, " (after ");
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *line && line != end; line++) {
        if (*line < '0' || *line > '9')
            hash = (hash ^ (unsigned char)*line) * 0x100000001b3u;
    }
    return hash;
}

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

int tlm_kafka_news_is_new(tlm_kafka_news *news, const char *line)
{
    uint64_t hash = hash_words(line);
    int64_t now = now_s();
    for (uint32_t i = 0; i < news->count; i++) {
        if (news->said[i].hash != hash)
            continue;
        if (now - news->said[i].said_at_s < TLM_KAFKA_NEWS_AGE_S)
            return 0;
        news->said[i].said_at_s = now;
        return 1;
    }
    news->said[news->next].hash = hash;
    news->said[news->next].said_at_s = now;
    news->next = (news->next + 1) % TLM_KAFKA_NEWS_MAX;
    if (news->count < TLM_KAFKA_NEWS_MAX)
        news->count++;
    return 1;
}

void tlm_kafka_news_forget(tlm_kafka_news *news)
{
    news->next = news->count = 0;
}
