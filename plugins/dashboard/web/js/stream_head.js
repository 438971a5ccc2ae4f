/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a stream's page: who, what, since when. */

import { h, name, setText } from "./dom.js";
import { duration } from "./format.js";
import { noteInAddress } from "./route.js";

export const RANGES = [
    { key: "15", label: "15 min", ms: 900e3 },
    { key: "60", label: "1 h", ms: 3600e3 },
    { key: "360", label: "6 h", ms: 21600e3 },
];

export class StreamHead {
    /** `choose(range)` is called when another range is chosen. */
    constructor(id, rangeKey, choose) {
        this.title = h("h1", {}, name(id));
        this.badge = h("span", { class: "badge", hidden: true });
        this.about = h("p", { class: "sub about" }, "\u00a0");
        this.range = RANGES.find((range) => range.key === rangeKey) ?? RANGES[0];
        this.element = h(
            "div",
            { class: "title-row" },
            h(
                "div",
                { class: "title-block" },
                h("a", { href: "#/", class: "back" }, "← All streams"),
                h("div", { class: "title-line" }, this.title, this.badge),
                this.about,
            ),
            this.#rangeChoice(choose),
        );
        this.id = id;
    }

    #rangeChoice(choose) {
        return h(
            "fieldset",
            { class: "ranges" },
            h("legend", { class: "unseen" }, "Time shown"),
            ...RANGES.map((range) => {
                const input = h("input", { type: "radio", name: "range", value: range.key, id: `range-${range.key}` });
                input.checked = range === this.range;
                input.addEventListener("change", () => {
                    this.range = range;
                    noteInAddress("range", range === RANGES[0] ? "" : range.key);
                    choose(range);
                });
                return h("span", { class: "range" }, input, h("label", { for: input.id }, range.label));
            }),
        );
    }

    /** Shows the stream's row of the list; null: it has none. */
    update(stream) {
        const title = stream?.streamer_name || this.id;
        if (this.title.textContent !== title) this.title.replaceChildren(name(title));
        this.title.title = title;
        document.title = `${title} – Telemetra`;
        this.badge.hidden = !stream;
        if (!stream) return;
        setText(this.badge, stream.is_live ? "live" : "ended");
        this.badge.classList.toggle("badge-live", stream.is_live);
        const since =
            stream.is_live && stream.started_at
                ? `live for ${duration(Date.now() - Date.parse(stream.started_at))}`
                : "";
        setText(this.about, [stream.title, stream.game_category, since].filter(Boolean).join(" · ") || "\u00a0");
    }
}
