/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of the overview. */

import { h } from "./dom.js";

const COLUMNS = [
    { text: "Stream" },
    { text: "Viewers", isNumber: true },
    { text: "Messages/min", isNumber: true },
    { text: "Last 10 min" },
    { text: "Last moment" },
];

function headCell({ text, isNumber }) {
    return h("th", { role: "columnheader", scope: "col", class: isNumber && "cell-number" }, text);
}

function button(id, text) {
    return h("button", { type: "button", class: "button", id }, text);
}

/* Roles are said aloud because a narrow screen shows the table as cards, and a display that is no table's loses them. */
function buildTable(body) {
    const head = h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...COLUMNS.map(headCell)));
    return h("table", { role: "table", class: "streams", "aria-label": "Streams", hidden: true }, head, body);
}

function buildTools(find, ended) {
    const label = h("label", { for: "find", class: "unseen" }, "Find a stream");
    return h(
        "form",
        { class: "tools", role: "search" },
        label,
        find,
        h("label", { class: "check" }, ended, "Show ended"),
    );
}

/** What the overview changes, by name; `elements` is all of it. */
export function buildPage(query) {
    const page = {
        summary: h("p", { class: "sub", id: "summary" }, "\u00a0"),
        find: h("input", {
            type: "search",
            id: "find",
            placeholder: "Find a stream",
            autocomplete: "off",
            spellcheck: "false",
        }),
        ended: h("input", { type: "checkbox", id: "ended" }),
        body: h("tbody", { role: "rowgroup" }),
        notice: h("div", { class: "notice", id: "notice" }, "Loading streams…"),
        previous: button("previous", "Previous"),
        next: button("next", "Next"),
        place: h("span", { class: "sub" }),
    };
    page.find.value = query.get("find") ?? "";
    page.ended.checked = query.get("ended") === "1";
    page.table = buildTable(page.body);
    page.pager = h(
        "nav",
        { class: "pager", "aria-label": "Pages of streams", hidden: true },
        page.previous,
        page.place,
        page.next,
    );
    const title = h("div", {}, h("h1", {}, "Live streams"), page.summary);
    page.elements = [
        h("div", { class: "title-row" }, title, buildTools(page.find, page.ended)),
        page.notice,
        page.table,
        page.pager,
    ];
    return page;
}
