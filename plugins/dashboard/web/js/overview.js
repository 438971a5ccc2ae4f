/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The overview: live streams, the biggest first.
 *
 * It reads the API every few seconds rather than hold a socket for each stream: what it shows moves with the slide of
 * a window, a browser allows few sockets, and scrolling would open and close them all the time. Only rows in sight are
 * read, a few at once, and after the first time only their newest values.
 */

import { getTrouble } from "./api.js";
import { showConnection } from "./connection.js";
import { arrange, setText } from "./dom.js";
import { count, duration, time } from "./format.js";
import { listStreams, PAGE_SIZE } from "./overview_list.js";
import { buildPage } from "./overview_page.js";
import { OverviewRow } from "./overview_row.js";
import { gate, repeat } from "./poll.js";
import { noteInAddress } from "./route.js";

const INTERVAL_MS = 5000;
/** Rows read at once. A browser has six connections to a server, and other pages may want one. */
const READERS = 4;

class Overview {
    #rows = new Map();
    #visible = new Set();
    #readers = gate(READERS);
    #goodAt = 0;
    #failure = null;
    #trouble = "";

    constructor(main, route, signal) {
        this.signal = signal;
        this.page = buildPage(route.query);
        this.number = Math.max(1, Number.parseInt(route.query.get("page"), 10) || 1);
        main.append(...this.page.elements);
        this.observer = new IntersectionObserver((entries) => this.#observe(entries), { rootMargin: "100px" });
        signal.addEventListener("abort", () => this.observer.disconnect());
        this.#bind();
    }

    #bind() {
        const { find, ended, previous, next } = this.page;
        let timer = 0;
        const again = () => {
            this.number = 1;
            noteInAddress("page", "");
            this.refresh().catch((error) => this.fail(error, INTERVAL_MS));
        };
        find.form.addEventListener("submit", (event) => event.preventDefault());
        find.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(again, 300);
            noteInAddress("find", find.value.trim());
        });
        ended.addEventListener("change", () => {
            noteInAddress("ended", ended.checked ? "1" : "");
            again();
        });
        previous.addEventListener("click", () => this.#turn(-1));
        next.addEventListener("click", () => this.#turn(1));
    }

    #turn(by) {
        this.number += by;
        noteInAddress("page", this.number > 1 ? String(this.number) : "");
        scrollTo(0, 0);
        this.refresh().catch((error) => this.fail(error, INTERVAL_MS));
    }

    #observe(entries) {
        for (const { target, isIntersecting } of entries) {
            const row = this.#rows.get(target.dataset.id);
            if (!row) continue;
            if (isIntersecting) this.#visible.add(row);
            else this.#visible.delete(row);
            if (isIntersecting && !row.wasSeen) {
                row.wasSeen = true;
                this.#read(row);
            }
        }
    }

    /* What fails for one row alone shows as old numbers until the next time; a server that is gone is told by the list. */
    #read(row) {
        return this.#readers(() => (this.signal.aborted ? Promise.resolve() : row.refresh(this.signal))).catch(
            () => {},
        );
    }

    async refresh() {
        const turn = (this.turn = {});
        const wanted = { number: this.number, find: this.page.find.value.trim(), withEnded: this.page.ended.checked };
        const [{ streams, hasMore }, trouble] = await Promise.all([
            listStreams(wanted, this.signal),
            getTrouble(this.signal),
        ]);
        if (turn !== this.turn) return; /* a newer question is under way */
        this.#goodAt = Date.now();
        this.#failure = null;
        this.#trouble = trouble;
        this.#show(streams, hasMore);
        this.tick();
        await Promise.all([...this.#visible].map((row) => this.#read(row)));
    }

    #show(streams, hasMore) {
        const { page } = this;
        const ids = new Set(streams.map((stream) => stream.stream_id));
        for (const [id, row] of this.#rows) if (!ids.has(id)) this.#forget(id, row);
        for (const stream of streams) this.#row(stream.stream_id).update(stream);
        const order = streams.map((stream) => this.#rows.get(stream.stream_id));
        arrange(
            page.body,
            (this.#isBusy() ? this.#keepOrder(order) : order).map((row) => row.element),
        );
        page.table.hidden = streams.length === 0;
        page.notice.hidden = streams.length > 0;
        setText(page.notice, this.#emptySentence());
        page.pager.hidden = this.number === 1 && !hasMore;
        page.previous.disabled = this.number === 1;
        page.next.disabled = !hasMore;
        setText(page.place, `Page ${this.number}`);
        setText(page.summary, this.#summary(streams, hasMore));
    }

    #row(id) {
        let row = this.#rows.get(id);
        if (!row) {
            row = new OverviewRow(id);
            this.#rows.set(id, row);
            this.observer.observe(row.element);
        }
        return row;
    }

    #forget(id, row) {
        this.observer.unobserve(row.element);
        this.#visible.delete(row);
        this.#rows.delete(id);
    }

    /* Rows do not move under somebody's pointer or focus. */
    #isBusy() {
        return this.page.body.matches(":hover, :focus-within");
    }

    #keepOrder(order) {
        const at = new Map([...this.page.body.children].map((element, i) => [element, i]));
        const place = (row) => at.get(row.element) ?? Infinity;
        return [...order].sort((a, b) => place(a) - place(b) || 0);
    }

    #summary(streams, hasMore) {
        const viewers = streams.reduce((sum, stream) => sum + (stream.viewer_count ?? 0), 0);
        const first = (this.number - 1) * PAGE_SIZE + 1;
        if (streams.length === 0) return "";
        const which =
            this.number === 1 && !hasMore
                ? `${count(streams.length)} ${streams.length === 1 ? "stream" : "streams"}`
                : `Streams ${count(first)} to ${count(first + streams.length - 1)}${hasMore ? ", more follow" : ""}`;
        return `${which} · ${count(viewers)} viewers`;
    }

    #emptySentence() {
        if (this.page.find.value.trim()) return "No stream has this in its name, title or category.";
        if (this.number > 1) return "There are no streams on this page any more.";
        return this.page.ended.checked
            ? "No stream is known yet."
            : "No stream is live now. Ended ones can be shown above.";
    }

    fail(error, waitMs) {
        if (this.signal.aborted) return;
        this.#failure = { text: error.message, retryAt: Date.now() + waitMs };
        if (!this.#goodAt) setText(this.page.notice, "Streams could not be loaded; trying again.");
        this.tick();
    }

    /** Keeps what depends on the clock true. */
    tick() {
        for (const row of this.#visible) row.showAge();
        if (!this.#failure && this.#trouble) {
            showConnection("stale", "Numbers may stand still", this.#trouble);
            return;
        }
        if (!this.#failure) {
            if (this.#goodAt) showConnection("good", "Up to date", `every ${duration(INTERVAL_MS)}`);
            return;
        }
        const left = Math.max(1000, this.#failure.retryAt - Date.now());
        const since = this.#goodAt ? `numbers of ${time(this.#goodAt)}, ` : "";
        showConnection("bad", `Not up to date: ${this.#failure.text}`, `${since}next try in ${duration(left)}`);
    }
}

export function showOverview(main, route, signal) {
    document.title = "Live streams – Telemetra";
    showConnection("busy", "Connecting");
    const overview = new Overview(main, route, signal);
    const timer = setInterval(() => overview.tick(), 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
    repeat(
        () => overview.refresh(),
        INTERVAL_MS,
        signal,
        (error, wait) => overview.fail(error, wait),
    );
}
