/* SPDX-License-Identifier: Apache-2.0 */
/* What the page knows of its connection, told where it can always be seen. */

import { setText } from "./dom.js";

/**
 * Shows a state: `kind` "good", "busy", "stale" or "bad"; `text` is read out when it changes, so it holds no countdown;
 * `more` is for the eyes only.
 */
export function showConnection(kind, text, more = "") {
    const box = document.getElementById("connection");
    if (box.dataset.kind !== kind) box.dataset.kind = kind;
    setText(document.getElementById("connection-text"), text);
    setText(document.getElementById("connection-more"), more);
}

/** Has a sentence read out by screen readers. */
export function announce(text) {
    const place = document.getElementById("announcements");
    place.textContent = "";
    setTimeout(() => (place.textContent = text), 50);
}
