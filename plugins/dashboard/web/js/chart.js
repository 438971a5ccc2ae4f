/* SPDX-License-Identifier: Apache-2.0 */
/* One metric over time with moments marked on its axis: a figure around a dygraph. */

import { h, setText } from "./dom.js";
import { axis, timeShort } from "./format.js";
import { kindOf } from "./moments.js";
import { themeColor } from "./theme.js";

const { Dygraph } = window;

/* Values are told beside the titles; the legend's part would set a style attribute, which the page's policy forbids. */
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

const EDGE_PX = 24;

function scaleOf(metric, rows) {
    const values = rows.map(([, value]) => value).filter((value) => value !== null);
    if (metric.isSigned) {
        const most = Math.min(1, 1.2 * Math.max(0.2, ...values.map(Math.abs)));
        return [-most, most];
    }
    return [0, 1.12 * Math.max(metric.least, ...values)];
}

/* A time under the left edge would touch the number beside it. */
function timeLabel(date, graph) {
    return graph.toDomXCoord(date) - graph.getArea().x < EDGE_PX ? "" : timeShort(date);
}

function nearestRow(rows, at) {
    let best = null;
    for (const row of rows)
        if (row[1] !== null && (best === null || Math.abs(row[0] - at) < Math.abs(best[0] - at))) best = row;
    return best;
}

export class Chart {
    #graph = null;
    #rows = [];
    #moments = [];

    /** `metric`: {key, title, unit, format, color, isSigned, least}; `on.hover(row or null)`, `on.pick(momentId)`. */
    constructor(metric, on) {
        this.metric = metric;
        this.on = on;
        const titleId = `chart-${metric.key}`;
        this.value = h("span", { class: `chart-value number tone-${metric.key}` }, "–");
        this.plot = h("div", { class: "plot" });
        this.box = h(
            "div",
            { class: "plot-box", role: "img", "aria-labelledby": titleId, "aria-label": metric.title },
            this.plot,
        );
        this.summary = h("figcaption", { class: "unseen" });
        this.element = h(
            "figure",
            { class: "panel chart" },
            h(
                "div",
                { class: "chart-head" },
                h("h2", { id: titleId }, metric.title, " ", h("span", { class: "unit" }, metric.unit)),
                this.value,
            ),
            this.box,
            this.summary,
        );
        this.sizes = new ResizeObserver(() => this.#graph?.resize());
        this.sizes.observe(this.box);
    }

    /** Draws [Date, value] rows between two times; nulls are gaps. */
    update(rows, moments, window) {
        this.#rows = rows;
        this.#moments = moments;
        if (!this.#graph) {
            if (rows.length < 2) return;
            this.#graph = new Dygraph(this.plot, rows, this.#options(rows, window));
        } else {
            this.#graph.setAnnotations(this.#annotations(), true);
            this.#graph.updateOptions({ file: rows, dateWindow: window, valueRange: scaleOf(this.metric, rows) });
            return;
        }
        this.#graph.setAnnotations(this.#annotations());
    }

    #options(rows, window) {
        return {
            labels: ["Time", this.metric.title],
            interactionModel: {},
            animatedZooms: false,
            strokeWidth: 2,
            fillGraph: true,
            fillAlpha: 0.1,
            highlightCircleSize: 4,
            rightGap: 8,
            dateWindow: window,
            valueRange: scaleOf(this.metric, rows),
            axisLabelFontSize: 12,
            axes: {
                x: {
                    drawGrid: false,
                    axisLabelFormatter: (date, _, __, graph) => timeLabel(date, graph),
                    axisLabelWidth: 52,
                },
                y: { axisLabelFormatter: axis, axisLabelWidth: 44, pixelsPerLabel: 36 },
            },
            underlayCallback: (canvas, area, graph) => this.#underlay(canvas, area, graph),
            highlightCallback: (event, x, points, row) => this.on.hover(row),
            unhighlightCallback: () => this.on.hover(null),
            ...this.#colors(),
        };
    }

    #colors() {
        return {
            colors: [themeColor(this.metric.color)],
            gridLineColor: themeColor("--grid"),
            axisLineColor: themeColor("--grid"),
        };
    }

    /* The exact times, as lines behind the curve. */
    #underlay(canvas, area, graph) {
        canvas.save();
        canvas.setLineDash([3, 3]);
        for (const moment of this.#moments) {
            const x = Math.round(graph.toDomXCoord(moment.at)) + 0.5;
            if (x < area.x || x > area.x + area.w) continue;
            canvas.strokeStyle = themeColor(`--${kindOf(moment.type).tone}`);
            canvas.beginPath();
            canvas.moveTo(x, area.y);
            canvas.lineTo(x, area.y + area.h);
            canvas.stroke();
        }
        canvas.restore();
    }

    /* The marks that can be pointed at; dygraphs puts them at a row. */
    #annotations() {
        const [from, to] = [this.#rows[0]?.[0] ?? 0, this.#rows.at(-1)?.[0] ?? 0];
        return this.#moments
            .filter((one) => one.at >= from && one.at <= to)
            .map((one) => {
                const kind = kindOf(one.type);
                return {
                    series: this.metric.title,
                    x: nearestRow(this.#rows, one.at)?.[0].getTime(),
                    shortText: kind.letter,
                    text: `${kind.label}: ${one.text}`,
                    cssClass: `mark tone-${kind.tone}`,
                    attachAtBottom: true,
                    tickHeight: 0,
                    width: 18,
                    height: 18,
                    clickHandler: () => this.on.pick(one.id),
                };
            })
            .filter((one) => one.x !== undefined);
    }

    /** Marks the row of that index, or the last value again. */
    select(row) {
        if (!this.#graph) return;
        if (row === null) this.#graph.clearSelection();
        else this.#graph.setSelection(row);
    }

    /** What the picture says, for those who do not see it. */
    describe(text) {
        setText(this.summary, text);
    }

    /** The theme has changed. */
    recolor() {
        this.#graph?.updateOptions(this.#colors());
    }

    destroy() {
        this.sizes.disconnect();
        this.#graph?.destroy();
        this.#graph = null;
    }
}
