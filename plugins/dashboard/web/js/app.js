/* SPDX-License-Identifier: Apache-2.0 */
/* The frame: one view at a time, chosen by the address. */

import { showConnection } from "./connection.js";
import { h } from "./dom.js";
import { showOverview } from "./overview.js";
import { parseRoute } from "./route.js";
import { showStream } from "./stream.js";
import { bindTheme } from "./theme.js";

const main = document.getElementById("main");
let stop = null;

function showUnknown() {
    main.append(h("h1", {}, "No such page"), h("p", {}, h("a", { href: "#/" }, "Go to the live streams")));
    showConnection("good", "Not connected");
}

/* A view gets an empty `main` and a signal that aborts when it is left. */
function show() {
    const route = parseRoute(location.hash);
    stop?.abort();
    stop = new AbortController();
    main.replaceChildren();
    if (route.view === "overview") showOverview(main, route, stop.signal);
    else if (route.view === "stream") showStream(main, route, stop.signal);
    else showUnknown();
}

function follow() {
    if (location.hash === "#main") return; /* the skip link, where scripts are late */
    show();
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
}

document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
});
bindTheme(document.getElementById("theme"));
addEventListener("hashchange", follow);
show();
