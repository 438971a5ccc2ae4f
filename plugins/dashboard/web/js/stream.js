/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of one stream. The past comes from the API first, then the live socket adds to it. The API is read again
 * after each new connection, so that nothing is missing, now and then, because final values replace early ones, and
 * every few seconds while there is no socket.
 */

import { findStream, getMoments } from "./api.js";
import { Charts } from "./charts.js";
import { announce, showConnection } from "./connection.js";
import { h, setText } from "./dom.js";
import { Emotes } from "./emotes.js";
import { duration, moment as timeOf } from "./format.js";
import { readHistory } from "./history.js";
import { LiveSocket } from "./live.js";
import { MomentList } from "./moment_list.js";
import { kindOf, MomentLog, momentOfLive, momentOfRow, MOMENTS_MAX } from "./moments.js";
import { repeat } from "./poll.js";
import { pointOfLive, Series } from "./series.js";
import { StreamHead } from "./stream_head.js";
import { Tiles } from "./tiles.js";

/** The API is read this often without a socket and while one is new, and this often with one. */
const INTERVAL_MS = 5000;
const WITH_SOCKET_MS = 30000;
/** The socket brings the newest window only; those just before it become final in the API so long after. */
const NEW_MS = 45000;
/** Values older than this are told to be old. */
const STALE_MS = 60000;

class StreamPage {
    #series = new Series();
    #log = new MomentLog();
    #isLoaded = false;
    #socket = { kind: "connecting", retryAt: 0 };
    #failure = null;
    #readAt = 0;
    #openedAt = 0;
    #frame = 0;

    constructor(main, route, signal) {
        this.id = route.id;
        this.signal = signal;
        this.moments = new MomentList();
        this.head = new StreamHead(this.id, route.query.get("range"), () => this.#changeRange());
        this.tiles = new Tiles();
        this.charts = new Charts((id) => this.moments.pick(id));
        this.emotes = new Emotes();
        this.notice = h("div", { class: "notice" }, "Loading…");
        this.body = h(
            "div",
            { class: "stream-body", hidden: true },
            this.charts.element,
            h(
                "aside",
                { class: "side", "aria-label": "Moments and emotes" },
                this.moments.element,
                this.emotes.element,
            ),
        );
        this.tiles.element.hidden = this.moments.banner.hidden = true;
        main.append(this.head.element, this.moments.banner, this.tiles.element, this.notice, this.body);
        this.#live();
    }

    #live() {
        this.socket = new LiveSocket(this.id, {
            state: (kind, retryAt) => {
                this.#socket = { kind, retryAt };
                this.tick();
            },
            open: () => {
                this.#openedAt = Date.now();
                this.#read().catch((error) => this.fail(error, INTERVAL_MS));
            },
            metrics: (data) => {
                const point = pointOfLive(data);
                if (!point) return;
                this.#series.merge([point]);
                this.#draw();
            },
            moment: (data) => {
                this.#takeMoments([momentOfLive(data)]);
                this.#readAt = 0; /* its numbers are in the API */
            },
        });
        this.signal.addEventListener("abort", () => this.socket.close());
        addEventListener("online", () => this.socket.retryNow(), { signal: this.signal });
        document.addEventListener("visibilitychange", () => !document.hidden && this.socket.retryNow(), {
            signal: this.signal,
        });
    }

    #readPast(sinceMs) {
        const { stepMs } = this.#series;
        return readHistory(this.id, { sinceMs, spanMs: this.head.range.ms, stepMs }, this.signal);
    }

    async #changeRange() {
        this.#draw();
        try {
            this.#series.merge(await this.#readPast(-Infinity));
            this.#draw();
        } catch (error) {
            this.fail(error, INTERVAL_MS);
        }
    }

    /** Reads the API unless that is not needed yet. */
    async refresh() {
        const isSettled = this.#socket.kind === "live" && Date.now() - this.#openedAt > NEW_MS;
        const every = isSettled ? WITH_SOCKET_MS : INTERVAL_MS;
        if (this.#isLoaded && Date.now() - this.#readAt < every - 500) return;
        await this.#read();
    }

    async #read() {
        const stream = await findStream(this.id, this.signal);
        /* Who is not in the list has no values; asking for them would only be an error. */
        const [points, moments] = await Promise.all([
            stream ? this.#readPast(this.#series.finalUntil) : [],
            getMoments(this.id, { limit: MOMENTS_MAX }, this.signal),
        ]);
        this.#readAt = Date.now();
        this.#failure = null;
        this.stream = stream;
        this.#series.merge(points);
        this.#takeMoments(moments.map(momentOfRow));
        this.#isLoaded = true;
        this.head.update(stream);
        this.#draw();
        this.tick();
    }

    /* What was there when the page came is no news. */
    #takeMoments(moments) {
        const fresh = this.#log.merge(moments);
        const lit = new Set(this.#isLoaded ? fresh.map((one) => one.id) : []);
        this.moments.update(this.#log.all, lit);
        if (lit.size > 0) announce(fresh.map((one) => `${kindOf(one.type).label}: ${one.text}`).join(" "));
        this.#draw();
    }

    #draw() {
        cancelAnimationFrame(this.#frame);
        this.#frame = requestAnimationFrame(() => this.signal.aborted || this.#drawNow());
    }

    #drawNow() {
        const { latest, stepMs } = this.#series;
        const isEmpty = !latest;
        this.body.hidden = this.tiles.element.hidden = this.moments.banner.hidden = isEmpty;
        this.notice.hidden = !isEmpty;
        if (isEmpty) {
            if (this.#isLoaded)
                setText(this.notice, "This stream has no values yet. They show here as soon as there are some.");
            return;
        }
        const from = latest.at - this.head.range.ms;
        this.tiles.update(this.#series);
        this.emotes.update(latest.emotes);
        this.charts.update(this.#series.since(from), stepMs, this.#log.all, [from, latest.at]);
    }

    fail(error, waitMs) {
        if (this.signal.aborted) return;
        this.#failure = { text: error.message, retryAt: Date.now() + waitMs };
        if (!this.#isLoaded) setText(this.notice, "The stream could not be loaded; trying again.");
        this.tick();
    }

    recolor() {
        this.charts.recolor();
    }

    /** Tells how things stand; nothing is called live that is not. */
    tick() {
        if (this.signal.aborted) return;
        this.moments.tick();
        const age = this.#series.latest ? Date.now() - this.#series.latest.at : 0;
        const since = age > STALE_MS ? `since ${timeOf(this.#series.latest.at)}` : "";
        const { kind, retryAt } = this.#socket;
        if (kind === "live" && this.stream && !this.stream.is_live)
            showConnection("stale", "Connected, the stream has ended", since);
        else if (kind === "live" && since) showConnection("stale", "Connected, nothing new", since);
        else if (kind === "live") showConnection("good", "Live");
        else if (this.#failure) showConnection("bad", `Disconnected: ${this.#failure.text}`, this.#retryText(retryAt));
        else if (kind === "connecting" && !this.#isLoaded) showConnection("busy", "Connecting");
        else showConnection("busy", "No live connection, refreshed every 5 s", this.#retryText(retryAt));
    }

    #retryText(retryAt) {
        const left = Math.max(retryAt ?? 0, this.#failure?.retryAt ?? 0) - Date.now();
        return left > 0 ? `next try in ${duration(Math.max(1000, left))}` : "trying now";
    }

    destroy() {
        cancelAnimationFrame(this.#frame);
        this.charts.destroy();
    }
}

export function showStream(main, route, signal) {
    document.title = `${route.id} – Telemetra`;
    showConnection("busy", "Connecting");
    const page = new StreamPage(main, route, signal);
    const timer = setInterval(() => page.tick(), 1000);
    document.addEventListener("themechange", () => page.recolor(), { signal });
    signal.addEventListener("abort", () => {
        clearInterval(timer);
        page.destroy();
    });
    repeat(
        () => page.refresh(),
        INTERVAL_MS,
        signal,
        (error, wait) => page.fail(error, wait),
    );
}
