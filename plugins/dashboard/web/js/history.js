/* SPDX-License-Identifier: Apache-2.0 */
/* The past of a stream, from the API, as far back as is asked for. */

import { getMetrics, METRICS_MAX } from "./api.js";
import { pointOfRow } from "./series.js";

const PAGES_MAX = 4;

/** Points of the last `spanMs` before the newest one, or fewer. `stepMs` is a guess at their distance. */
export async function readHistory(id, spanMs, stepMs, signal) {
    const points = [];
    let before;
    for (let page = 0; page < PAGES_MAX; page++) {
        const limit = Math.min(METRICS_MAX, Math.ceil(spanMs / stepMs) + 2);
        const rows = await getMetrics(id, { limit, before }, signal);
        points.push(...rows.map(pointOfRow));
        if (rows.length < limit || points.at(-1).at <= points[0].at - spanMs) break;
        before = rows.at(-1).timestamp;
    }
    return points;
}
