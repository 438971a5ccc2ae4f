/* SPDX-License-Identifier: Apache-2.0 */
/* The past of a stream, from the API, as far back as is asked for. */

import { getMetrics, METRICS_MAX } from "./api.js";
import { pointOfRow } from "./series.js";

const PAGES_MAX = 4;
/** Points are not thought to be further apart than this, since few points say little about it. */
const STEP_MAX_MS = 10000;

/** Rows to ask for so as to get all since `sinceMs`, if they are `stepMs` apart and the newest is of now. */
export function rowsSince(sinceMs, stepMs) {
    return Math.ceil(Math.max(0, Date.now() - sinceMs) / Math.min(stepMs, STEP_MAX_MS)) + 3;
}

/**
 * Points of a stream, newest first, back to one at or before `sinceMs` and no further back than `spanMs` from the
 * newest. `stepMs` is a guess at their distance.
 */
export async function readHistory(id, { sinceMs, spanMs, stepMs }, signal) {
    const limit = Math.min(METRICS_MAX, rowsSince(Math.max(sinceMs, Date.now() - spanMs), stepMs));
    const points = [];
    let before;
    for (let page = 0; page < PAGES_MAX; page++) {
        const rows = await getMetrics(id, { limit, before }, signal);
        points.push(...rows.map(pointOfRow));
        if (rows.length < limit || points.at(-1).at <= Math.max(sinceMs, points[0].at - spanMs)) break;
        before = rows.at(-1).timestamp;
    }
    return points;
}
