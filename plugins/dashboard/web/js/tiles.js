/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of now, each beside how it has changed. The newest window is still filling, so the one before it, which is
 * whole, is what is compared.
 */

import { METRICS } from "./charts.js";
import { h, setText } from "./dom.js";
import { change, sentiment } from "./format.js";

const BEFORE_MS = 300e3;

function comparison({ isSigned, key }, now, before) {
    if (!now || !before || now[key] === null || before[key] === null) return "";
    const text = isSigned ? sentiment(now[key] - before[key]) : change(now[key], before[key]);
    return text ? `${text} in 5 min` : "";
}

export class Tiles {
    constructor() {
        this.tiles = METRICS.map((metric) => {
            const value = h("dd", { class: `tile-value number tone-${metric.key}` }, "–");
            const more = h("dd", { class: "tile-more" });
            const element = h("div", { class: "tile panel" }, h("dt", {}, metric.title), value, more);
            element.dataset.metric = metric.key;
            return { metric, value, more, element };
        });
        this.element = h("dl", { class: "tiles" }, ...this.tiles.map((tile) => tile.element));
    }

    update(series) {
        const { latest } = series;
        if (!latest) return;
        const whole = series.before(latest.at - 1);
        const before = whole && series.before(whole.at - BEFORE_MS);
        for (const { metric, value, more } of this.tiles) {
            setText(value, metric.format(latest[metric.key]));
            setText(more, comparison(metric, whole, before));
        }
    }
}
