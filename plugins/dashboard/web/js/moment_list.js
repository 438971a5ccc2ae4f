/* SPDX-License-Identifier: Apache-2.0 */
/* The moments of a stream: the newest one at the top of the page, and all of them in a list. */

import { arrange, h, setText } from "./dom.js";
import { ago, moment as timeOf } from "./format.js";
import { kindOf, momentChip, numbersOf } from "./moments.js";

/** A moment that came while the page was open stays lit so long. */
const LIT_MS = 20000;

function timeElement() {
    return h("time", { class: "moment-time number" });
}

function fill(element, moment) {
    element.dateTime = new Date(moment.at).toISOString();
    element.title = element.dateTime;
    setText(element, timeOf(moment.at));
}

class Entry {
    constructor(moment) {
        this.time = timeElement();
        this.age = h("span", { class: "moment-age" });
        this.text = h("p", { class: "moment-text", dir: "auto" });
        this.numbers = h("span", { class: "moment-numbers number" });
        this.element = h(
            "li",
            { class: `moment edge-${kindOf(moment.type).tone}`, tabindex: "-1" },
            h("div", { class: "moment-head" }, momentChip(moment.type), this.age),
            this.text,
            h("p", { class: "moment-foot" }, this.time, this.numbers),
        );
        this.element.dataset.id = moment.id;
    }

    update(moment) {
        this.at = moment.at;
        fill(this.time, moment);
        setText(this.text, moment.text);
        setText(this.numbers, numbersOf(moment));
        setText(this.age, ago(moment.at));
    }
}

export class MomentList {
    #entries = new Map();
    #newest = null;

    constructor() {
        this.empty = h("p", { class: "empty" }, "None yet. A moment shows here when something stands out.");
        this.list = h("ol", { class: "moments", id: "moments" });
        this.element = h(
            "section",
            { class: "panel moments-panel", "aria-labelledby": "moments-title" },
            h("h2", { id: "moments-title" }, "Moments"),
            this.empty,
            h(
                "div",
                { class: "moments-scroller", tabindex: "0", role: "region", "aria-labelledby": "moments-title" },
                this.list,
            ),
        );
        this.banner = h("div", { class: "latest-moment" }, h("span", { class: "empty" }, "No moment yet"));
    }

    /** Shows all moments, newest first; those in `lit` (ids) light up. */
    update(moments, lit) {
        for (const moment of moments) {
            if (!this.#entries.has(moment.id)) this.#entries.set(moment.id, new Entry(moment));
            this.#entries.get(moment.id).update(moment);
            if (lit.has(moment.id)) this.#light(this.#entries.get(moment.id).element);
        }
        const kept = new Set(moments.map((one) => one.id));
        for (const id of this.#entries.keys()) if (!kept.has(id)) this.#entries.delete(id);
        arrange(
            this.list,
            moments.map((one) => this.#entries.get(one.id).element),
        );
        this.empty.hidden = moments.length > 0;
        if (moments[0]) this.#showNewest(moments[0], lit.has(moments[0].id));
    }

    #light(element) {
        element.classList.add("is-lit");
        setTimeout(() => element.classList.remove("is-lit"), LIT_MS);
    }

    #showNewest(moment, isLit) {
        this.#newest = moment;
        this.bannerAge = h("span", { class: "moment-age" }, ago(moment.at));
        this.banner.replaceChildren(
            momentChip(moment.type),
            h("span", { class: "latest-text", dir: "auto" }, moment.text),
            this.bannerAge,
        );
        if (isLit) this.#light(this.banner);
    }

    /** Brings a moment into view and marks it. */
    pick(id) {
        const entry = this.#entries.get(id);
        entry?.element.scrollIntoView({ block: "nearest" });
        entry?.element.focus({ preventScroll: true });
    }

    /** Keeps "2 min ago" true. */
    tick() {
        for (const entry of this.#entries.values()) setText(entry.age, ago(entry.at));
        if (this.#newest) setText(this.bannerAge, ago(this.#newest.at));
    }
}
