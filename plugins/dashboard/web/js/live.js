/* SPDX-License-Identifier: Apache-2.0 */
/* The live socket of one stream: envelopes in, and a connection that mends itself. */

import { backoff } from "./poll.js";
import { WS_URL } from "./settings.js";

/** Silence after which the server is asked for a sign of life, and then that after which the socket counts as dead. */
const QUIET_MS = 10000;
const DEAD_MS = 20000;

export class LiveSocket {
    #url;
    #on;
    #socket = null;
    #attempt = 0;
    #timer = 0;
    #watch = 0;
    #heardAt = 0;
    #closed = false;

    /**
     * `on.open()` for each connection made, `on.metrics(data)`, `on.moment(data)`, and `on.state(kind, retryAtMs)` with
     * "connecting", "live" or "lost".
     */
    constructor(streamId, on) {
        const here = location.origin.replace(/^http/, "ws");
        this.#url = `${WS_URL || here}/live/${encodeURIComponent(streamId)}`;
        this.#on = on;
        this.#connect();
    }

    close() {
        this.#closed = true;
        this.#drop();
    }

    /** Does not wait any longer for the next try. */
    retryNow() {
        if (this.#closed || this.#socket) return;
        clearTimeout(this.#timer);
        this.#connect();
    }

    #connect() {
        const socket = new WebSocket(this.#url);
        this.#socket = socket;
        this.#heardAt = Date.now();
        this.#on.state("connecting");
        socket.onopen = () => {
            this.#heardAt = Date.now();
            this.#on.state("live");
            this.#on.open();
        };
        socket.onmessage = (event) => this.#receive(event.data);
        socket.onclose = () => this.#lost();
        this.#watch = setInterval(() => this.#look(), 2000);
    }

    #receive(text) {
        this.#heardAt = Date.now();
        this.#attempt = 0;
        let envelope;
        try {
            envelope = JSON.parse(text);
        } catch {
            return; /* not ours; the watchdog judges the connection by what it says, not by how */
        }
        if (envelope?.type === "metrics" && envelope.data) this.#on.metrics(envelope.data);
        else if (envelope?.type === "moment" && envelope.data) this.#on.moment(envelope.data);
    }

    /* A connection can die without a word: a laptop that slept, a cable. */
    #look() {
        const quiet = Date.now() - this.#heardAt;
        if (quiet > DEAD_MS) this.#lost();
        else if (quiet > QUIET_MS && this.#socket.readyState === WebSocket.OPEN) this.#socket.send('{"type":"ping"}');
    }

    #drop() {
        clearInterval(this.#watch);
        clearTimeout(this.#timer);
        const socket = this.#socket;
        this.#socket = null;
        if (!socket) return;
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
    }

    #lost() {
        this.#drop();
        if (this.#closed) return;
        const wait = backoff(++this.#attempt);
        this.#timer = setTimeout(() => this.#connect(), wait);
        this.#on.state("lost", Date.now() + wait);
    }
}
