/* SPDX-License-Identifier: Apache-2.0 */
/* The points of one stream over time, from both of their sources. */

/** Points kept: six hours of ten seconds, and some. */
const POINTS_MAX = 2400;

function numberOrNull(value) {
    return value === null || value === undefined ? null : Number(value);
}

function point(at, row, isFinal) {
    return {
        at,
        isFinal,
        viewers: numberOrNull(row.viewer_count),
        chat: numberOrNull(row.chat_rate),
        chatters: numberOrNull(row.unique_chatters),
        sentiment: numberOrNull(row.sentiment_score),
        emotes: row.top_emotes ?? [],
    };
}

/** A row of the API. */
export function pointOfRow(row) {
    return point(Date.parse(row.timestamp), row, row.final !== false);
}

/** The data of a live envelope, or null where the stream has no values yet. */
export function pointOfLive(data) {
    const isEmpty = !Number.isFinite(data.timestamp) || (data.chat_rate === null && data.viewer_count === null);
    return isEmpty ? null : point(data.timestamp, data, false);
}

export class Series {
    #points = [];

    get latest() {
        return this.#points.at(-1) ?? null;
    }

    get length() {
        return this.#points.length;
    }

    /** Takes points in any order. One that is final is not replaced by one that is not. */
    merge(points) {
        const byTime = new Map(this.#points.map((known) => [known.at, known]));
        for (const one of points) {
            const known = byTime.get(one.at);
            if (!known || one.isFinal || !known.isFinal) byTime.set(one.at, one);
        }
        this.#points = [...byTime.values()].sort((a, b) => a.at - b.at).slice(-POINTS_MAX);
    }

    /** When the newest final point is, or -Infinity: what was read up to it is complete. */
    get finalUntil() {
        return this.#points.findLast((one) => one.isFinal)?.at ?? -Infinity;
    }

    /** Points from `ms` on, oldest first. */
    since(ms) {
        return this.#points.filter((one) => one.at >= ms);
    }

    /** The newest point at or before `ms`, or null. */
    before(ms) {
        return this.#points.findLast((one) => one.at <= ms) ?? null;
    }

    /** The usual distance of two points: the smallest seen. */
    get stepMs() {
        let step = Infinity;
        for (let i = 1; i < this.#points.length; i++)
            step = Math.min(step, this.#points[i].at - this.#points[i - 1].at);
        return step === Infinity ? 10000 : step;
    }
}
