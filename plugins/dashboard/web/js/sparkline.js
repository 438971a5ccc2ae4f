/* SPDX-License-Identifier: Apache-2.0 */
/* A small line without axes: the shape of the last minutes. */

import { svg } from "./dom.js";
import { duration, rate } from "./format.js";

const WIDTH = 160;
const HEIGHT = 36;
const PAD = 2;

function describe(points, spanMs, unit) {
    const values = points.map(([, value]) => value);
    return (
        `Over ${duration(spanMs)}: from ${rate(values[0])} to ${rate(values.at(-1))}, highest ` +
        `${rate(Math.max(...values))} ${unit}`
    );
}

export class Sparkline {
    constructor(kind) {
        this.area = svg("path", { class: "spark-area" });
        this.line = svg("path", { class: "spark-line", "vector-effect": "non-scaling-stroke" });
        this.element = svg(
            "svg",
            {
                class: `spark spark-${kind}`,
                viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
                preserveAspectRatio: "none",
                role: "img",
                "aria-label": "No values yet",
            },
            this.area,
            this.line,
        );
    }

    /** Draws [ms, value] pairs, oldest first, of the last `spanMs`. */
    update(pairs, spanMs, unit) {
        const points = pairs.filter(([, value]) => value !== null);
        if (points.length < 2) return;
        const end = points.at(-1)[0];
        const highest = Math.max(1, ...points.map(([, value]) => value));
        const x = (ms) => (WIDTH * (1 - (end - ms) / spanMs)).toFixed(1);
        const y = (value) => (HEIGHT - PAD - (HEIGHT - 2 * PAD) * (value / highest)).toFixed(1);
        const path = points.map(([ms, value]) => `${x(ms)},${y(value)}`).join("L");
        this.line.setAttribute("d", `M${path}`);
        this.area.setAttribute("d", `M${x(points[0][0])},${HEIGHT}L${path}L${x(end)},${HEIGHT}Z`);
        this.element.setAttribute("aria-label", describe(points, spanMs, unit));
    }
}
