/* SPDX-License-Identifier: Apache-2.0 */
/* The emotes of the newest window as bars; the numbers beside them say the same. */

import { h, name, setText } from "./dom.js";
import { count } from "./format.js";

const SHOWN = 10;

export class Emotes {
    constructor() {
        this.note = h("p", { class: "empty" }, "No emotes in the newest window.");
        this.list = h("ol", { class: "emotes" });
        this.bars = Array.from({ length: SHOWN }, () => {
            const bar = {
                name: name("", { class: "emote-name" }),
                fill: h("span", { class: "emote-fill" }),
                count: h("span", { class: "emote-count number" }),
            };
            bar.element = h(
                "li",
                { hidden: true },
                bar.name,
                h("span", { class: "emote-track", "aria-hidden": "true" }, bar.fill),
                bar.count,
            );
            return bar;
        });
        this.list.append(...this.bars.map((bar) => bar.element));
        this.element = h(
            "section",
            { class: "panel emotes-panel", "aria-labelledby": "emotes-title" },
            h("h2", { id: "emotes-title" }, "Top emotes"),
            this.note,
            this.list,
        );
    }

    update(emotes) {
        const most = Math.max(1, ...emotes.map((emote) => emote.count));
        this.note.hidden = emotes.length > 0;
        this.bars.forEach((bar, i) => {
            const emote = emotes[i];
            bar.element.hidden = !emote;
            if (!emote) return;
            setText(bar.name, emote.name);
            bar.name.title = emote.name;
            bar.fill.style.setProperty("width", `${(100 * emote.count) / most}%`);
            setText(bar.count, count(emote.count));
        });
    }
}
