/* SPDX-License-Identifier: Apache-2.0 */
/* The four charts of a stream: one time axis, one pointer, and the same values as a table. */

import { Chart } from "./chart.js";
import { h, setText } from "./dom.js";
import { count, rate, sentiment, time } from "./format.js";

export const METRICS = [
    { key: "chat", title: "Chat rate", unit: "messages/min", format: rate, color: "--chat", least: 10 },
    { key: "viewers", title: "Viewers", unit: "watching", format: count, color: "--viewers", least: 10 },
    { key: "chatters", title: "Unique chatters", unit: "people", format: count, color: "--chatters", least: 10 },
    {
        key: "sentiment",
        title: "Sentiment",
        unit: "−1 to 1",
        format: sentiment,
        color: "--sentiment",
        isSigned: true,
        least: 0.2,
    },
];

/** Rows of the table, newest first. */
const TABLE_ROWS = 30;

/* Rows for a metric; a null where a window or more is missing, so that no line is drawn across what is not known. */
function rowsOf(points, stepMs) {
    const rows = [];
    for (const point of points) {
        const last = rows.at(-1);
        if (last && point.at - last.at > 3 * stepMs) rows.push({ at: last.at + stepMs, gap: true });
        rows.push(point);
    }
    return rows;
}

export class Charts {
    #rows = [];
    #hovered = null;

    /** `pick(momentId)`: somebody pointed at a moment. */
    constructor(pick) {
        const on = { hover: (row) => this.#hover(row), pick };
        this.charts = METRICS.map((metric) => new Chart(metric, on));
        this.body = h("tbody");
        this.details = h(
            "details",
            { class: "panel values" },
            h("summary", {}, "Values as a table"),
            h(
                "div",
                { class: "scroller", tabindex: "0", role: "region", "aria-label": "Values of the charts" },
                h(
                    "table",
                    {},
                    h("caption", { class: "unseen" }, "The newest values of the charts above"),
                    h(
                        "thead",
                        {},
                        h(
                            "tr",
                            {},
                            ...["Time", ...METRICS.map((metric) => metric.title)].map((text) =>
                                h("th", { scope: "col" }, text),
                            ),
                        ),
                    ),
                    this.body,
                ),
            ),
        );
        this.details.addEventListener("toggle", () => this.#fillTable());
        this.element = h("div", { class: "charts" }, ...this.charts.map((chart) => chart.element), this.details);
    }

    update(points, stepMs, moments, [from, to]) {
        this.#rows = rowsOf(points, stepMs);
        const inside = moments.filter((one) => one.at >= from && one.at <= to);
        for (const chart of this.charts) {
            const { key } = chart.metric;
            chart.update(
                this.#rows.map((row) => [new Date(row.at), row.gap ? null : row[key]]),
                inside,
                [from, to],
            );
            chart.describe(this.#describe(chart.metric, points, inside.length));
        }
        this.#showValues();
        this.#fillTable();
    }

    #describe({ key, title, unit, format }, points, momentCount) {
        const values = points.map((point) => point[key]).filter((value) => value !== null);
        if (values.length === 0) return `${title}: no values yet.`;
        return (
            `${title} in ${unit}, ${time(points[0].at)} to ${time(points.at(-1).at)}: lowest ` +
            `${format(Math.min(...values))}, highest ${format(Math.max(...values))}, now ${format(values.at(-1))}; ` +
            `${momentCount} ${momentCount === 1 ? "moment" : "moments"} marked.`
        );
    }

    #hover(row) {
        if (row === this.#hovered) return;
        this.#hovered = row;
        for (const chart of this.charts) chart.select(row);
        this.#showValues();
    }

    #showValues() {
        const hovered = this.#hovered === null ? null : this.#rows[this.#hovered];
        const shown = hovered ?? this.#rows.at(-1);
        const when = hovered ? ` at ${time(hovered.at)}` : "";
        for (const { metric, value } of this.charts) setText(value, metric.format(shown?.[metric.key]) + when);
    }

    #fillTable() {
        if (!this.details.open) return;
        const newest = this.#rows
            .filter((row) => !row.gap)
            .slice(-TABLE_ROWS)
            .reverse();
        this.body.replaceChildren(
            ...newest.map((row) =>
                h(
                    "tr",
                    {},
                    h("th", { scope: "row" }, time(row.at)),
                    ...METRICS.map(({ key, format }) => h("td", {}, format(row[key]))),
                ),
            ),
        );
    }

    recolor() {
        for (const chart of this.charts) chart.recolor();
    }

    destroy() {
        for (const chart of this.charts) chart.destroy();
    }
}
