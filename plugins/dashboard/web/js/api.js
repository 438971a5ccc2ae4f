/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP API, as far as these pages use it. */

import { API_URL } from "./settings.js";

const BASE = "/api/v1";
const TIMEOUT_MS = 10000;

/** A request that brought no data; `message` is a sentence for people. `status` is 0 when there was no answer. */
export class ApiError extends Error {
    constructor(message, status) {
        super(message);
        this.status = status;
    }
}

async function sentenceOf(answer) {
    try {
        return (await answer.json()).detail || answer.statusText;
    } catch {
        return answer.statusText || `status ${answer.status}`;
    }
}

async function getJson(path, parameters, signal) {
    const url = new URL((API_URL || location.origin) + BASE + path);
    for (const [key, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(key, value);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
    const forward = () => late.abort();
    signal?.addEventListener("abort", forward);
    try {
        const answer = await fetch(url, { signal: late.signal, headers: { Accept: "application/json" } });
        if (!answer.ok) throw new ApiError(await sentenceOf(answer), answer.status);
        return await answer.json();
    } catch (error) {
        if (error instanceof ApiError || signal?.aborted) throw error;
        throw new ApiError(late.signal.aborted ? "the server does not answer" : "the server cannot be reached", 0);
    } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", forward);
    }
}

/** Most streams one answer holds. */
export const STREAMS_MAX = 500;
/** Most rows one answer holds. */
export const METRICS_MAX = 1000;

export function getStreams({ limit, offset }, signal) {
    return getJson("/streams", { limit, offset }, signal);
}

/** Rows of a stream, newest first; none for a stream that has none yet. */
export async function getMetrics(id, { limit, before }, signal) {
    try {
        return await getJson(`/streams/${encodeURIComponent(id)}/metrics`, { limit, before }, signal);
    } catch (error) {
        if (error.status === 404) return [];
        throw error;
    }
}

export function getMoments(id, { limit }, signal) {
    return getJson(`/streams/${encodeURIComponent(id)}/moments`, { limit }, signal);
}

/** What is wrong with the pipeline behind the numbers, in words; "" when nothing is. */
export async function getTrouble(signal) {
    try {
        const health = await getJson("/health", {}, signal);
        const sick = health.pipeline?.find((item) => item.status !== "ok");
        if (health.status === "ok") return "";
        return sick ? `${sick.name}: ${sick.message}` : `the pipeline is ${health.status}`;
    } catch (error) {
        if (error.status === 503) return "nothing can be served";
        throw error;
    }
}

/** The row of one stream, or null; the list is the only place that has it, and live ones come first. */
export async function findStream(id, signal) {
    for (let offset = 0; ; offset += STREAMS_MAX) {
        const page = await getStreams({ limit: STREAMS_MAX, offset }, signal);
        const found = page.find((stream) => stream.stream_id === id);
        if (found || page.length < STREAMS_MAX) return found ?? null;
    }
}
