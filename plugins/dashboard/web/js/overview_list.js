/* SPDX-License-Identifier: Apache-2.0 */
/* One page of the streams that are asked for. */

import { getStreams, STREAMS_MAX } from "./api.js";

export const PAGE_SIZE = 50;
/** Answers that a search looks through. */
const SEARCHED_MAX = 10;

function isMatch(stream, wanted) {
    const texts = [stream.stream_id, stream.streamer_name, stream.title, stream.game_category];
    return texts.some((text) => text?.toLowerCase().includes(wanted));
}

/* The API knows no search: the list is read whole, within reason, and looked through here. */
async function search(wanted, shows, signal) {
    const matches = [];
    for (let i = 0; i < SEARCHED_MAX; i++) {
        const found = await getStreams({ limit: STREAMS_MAX, offset: i * STREAMS_MAX }, signal);
        matches.push(...found.filter((stream) => shows(stream) && isMatch(stream, wanted)));
        if (found.length < STREAMS_MAX) break;
    }
    return matches;
}

/** Page `number` (from 1): {streams, hasMore}. `find` is looked for in names, titles and categories. */
export async function listStreams({ number, find, withEnded }, signal) {
    const shows = (stream) => withEnded || stream.is_live;
    const first = (number - 1) * PAGE_SIZE;
    if (find) {
        const matches = await search(find.toLowerCase(), shows, signal);
        return { streams: matches.slice(first, first + PAGE_SIZE), hasMore: matches.length > first + PAGE_SIZE };
    }
    const found = await getStreams({ limit: PAGE_SIZE + 1, offset: first }, signal);
    const streams = found.slice(0, PAGE_SIZE).filter(shows);
    return { streams, hasMore: found.length > PAGE_SIZE && shows(found[PAGE_SIZE]) };
}
