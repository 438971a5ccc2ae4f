/* SPDX-License-Identifier: Apache-2.0 */
/* Moments: what they are called, and one shape for both of their sources. */

import { h } from "./dom.js";
import { rate } from "./format.js";

/** Name, the letter that marks it on a time axis, and the metric whose colour it has. */
const KINDS = {
    chat_spike: { label: "Chat spike", letter: "C", tone: "chat" },
    viewer_surge: { label: "Viewer surge", letter: "V", tone: "viewers" },
    viewer_drop: { label: "Viewer drop", letter: "V", tone: "viewers" },
    donation_burst: { label: "Donation burst", letter: "D", tone: "money" },
    raid: { label: "Raid", letter: "R", tone: "moment" },
    sentiment_shift: { label: "Sentiment shift", letter: "S", tone: "sentiment" },
};

export function kindOf(type) {
    return KINDS[type] ?? { label: String(type ?? "Moment").replaceAll("_", " "), letter: "M", tone: "moment" };
}

/** A row of the API. */
export function momentOfRow(row) {
    return {
        id: row.moment_id,
        type: row.moment_type,
        at: Date.parse(row.timestamp),
        text: row.description ?? "",
        z: row.z_score ?? null,
    };
}

/** The data of a live envelope, whose numbers come with the next reading of the API. */
export function momentOfLive(data) {
    return { id: data.id, type: data.type, at: data.timestamp, text: data.description ?? "", z: null };
}

/** How far it stands out, in deviations: "z 4.2"; empty when not known. */
export function numbersOf(moment) {
    return moment.z === null ? "" : `z ${rate(Number(moment.z)).replace("-", "−")}`;
}

export function momentChip(type) {
    const kind = kindOf(type);
    return h("span", { class: `chip tone-${kind.tone}` }, kind.label);
}

/** The moments of a stream, newest first, each once; a revision replaces what it revises. */
export class MomentLog {
    #byId = new Map();

    /** Takes moments; those that were not known. */
    merge(moments) {
        const fresh = moments.filter((one) => !this.#byId.has(one.id));
        for (const one of moments) if (one.z !== null || !this.#byId.has(one.id)) this.#byId.set(one.id, one);
        const sorted = [...this.#byId.values()].sort((a, b) => b.at - a.at).slice(0, MOMENTS_MAX);
        this.#byId = new Map(sorted.map((one) => [one.id, one]));
        return fresh;
    }

    get all() {
        return [...this.#byId.values()];
    }
}

/** Moments kept and shown. */
export const MOMENTS_MAX = 50;
