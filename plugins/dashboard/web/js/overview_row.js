/* SPDX-License-Identifier: Apache-2.0 */
/* One stream in the table of the overview. */

import { getMetrics, getMoments } from "./api.js";
import { h, name, setText } from "./dom.js";
import { ago, count, rate } from "./format.js";
import { rowsSince } from "./history.js";
import { momentChip, momentOfRow } from "./moments.js";
import { streamHash } from "./route.js";
import { pointOfRow, Series } from "./series.js";
import { Sparkline } from "./sparkline.js";

/** What the small line shows. */
const SPAN_MS = 600e3;
const SPAN_ROWS = 61;
/** A last moment is asked for at every so manieth refresh. */
const MOMENT_EVERY = 3;

export class OverviewRow {
    #series = new Series();
    #refreshes = 0;
    #moment = null;

    constructor(id) {
        this.id = id;
        this.link = h("a", { href: streamHash(id), class: "row-link" });
        this.about = h("span", { class: "row-about" });
        this.badge = h("span", { class: "badge", hidden: true }, "ended");
        this.viewers = h("span", { class: "number tone-viewers" }, "–");
        this.chat = h("span", { class: "number tone-chat" }, "–");
        this.spark = new Sparkline("chat");
        this.momentKind = h("span", { class: "row-kind" });
        this.momentAge = h("span", { class: "row-age" });
        this.momentText = h("span", { class: "row-sentence", dir: "auto" });
        const cell = (label, className, ...children) =>
            h("td", { role: "cell", class: className, "data-label": label }, ...children);
        this.element = h(
            "tr",
            { role: "row" },
            h(
                "th",
                { role: "rowheader", scope: "row" },
                h("span", { class: "row-name" }, this.link, this.badge),
                this.about,
            ),
            cell("Viewers", "cell-number", this.viewers),
            cell("Messages/min", "cell-number", this.chat),
            cell("Last 10 min", "cell-spark", this.spark.element),
            cell(
                "Last moment",
                "cell-moment",
                h("span", { class: "row-moment" }, this.momentKind, this.momentAge),
                this.momentText,
            ),
        );
        this.element.dataset.id = id;
    }

    /** Shows a row of the list. */
    update(stream) {
        if (this.link.textContent !== (stream.streamer_name || this.id))
            this.link.replaceChildren(name(stream.streamer_name || this.id));
        setText(this.about, [stream.title, stream.game_category].filter(Boolean).join(" · "));
        this.about.title = this.about.textContent;
        setText(this.viewers, count(stream.viewer_count));
        this.badge.hidden = stream.is_live;
        this.element.classList.toggle("is-ended", !stream.is_live);
        this.showAge();
    }

    /** Reads what the list does not have: the chat rate of the last minutes, now and then the last moment. */
    async refresh(signal) {
        const limit = Math.min(SPAN_ROWS, rowsSince(this.#series.finalUntil, this.#series.stepMs));
        const rows = await getMetrics(this.id, { limit }, signal);
        this.#series.merge(rows.map(pointOfRow));
        this.#showSeries();
        if (this.#refreshes++ % MOMENT_EVERY) return;
        const [moment] = await getMoments(this.id, { limit: 1 }, signal);
        if (moment) this.#showMoment(momentOfRow(moment));
        else setText(this.momentAge, "None yet");
    }

    #showSeries() {
        const latest = this.#series.latest;
        if (!latest) return;
        setText(this.chat, rate(latest.chat));
        const pairs = this.#series.since(latest.at - SPAN_MS).map((one) => [one.at, one.chat]);
        this.spark.update(pairs, SPAN_MS, "messages a minute");
    }

    #showMoment(moment) {
        const isSame = this.#moment?.type === moment.type;
        this.#moment = moment;
        if (!isSame) this.momentKind.replaceChildren(momentChip(moment.type));
        setText(this.momentText, moment.text);
        this.momentText.title = moment.text;
        this.showAge();
    }

    showAge() {
        if (this.#moment) setText(this.momentAge, ago(this.#moment.at));
    }
}
