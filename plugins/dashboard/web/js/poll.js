/* SPDX-License-Identifier: Apache-2.0 */
/* Doing something again and again, and not too much of it at once. */

const RETRY_MAX_MS = 30000;

/** Resolves after `ms`, when `signal` aborts, or when `wake` is called on the returned promise. */
export function pause(ms, signal) {
    let wake;
    const done = new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
            clearTimeout(timer);
            resolve();
        };
        signal?.addEventListener("abort", wake, { once: true });
    });
    done.wake = wake;
    return done;
}

/** The wait before try number `attempt` (from 1): doubling, bounded, and spread out ("full jitter": M. Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that a restart is not met by all pages at once. */
export function backoff(attempt, firstMs = 500) {
    const most = Math.min(RETRY_MAX_MS, firstMs * 2 ** (attempt - 1));
    return most / 2 + (Math.random() * most) / 2;
}

/**
 * Runs `task` every `intervalMs` until `signal` aborts; not while the page is hidden, at once when it is shown again.
 * A task that throws is tried again after a growing wait; `failed(error, waitMs)` is told.
 */
export async function repeat(task, intervalMs, signal, failed) {
    let waiting = null;
    let failures = 0;
    const wake = () => !document.hidden && waiting?.wake();
    document.addEventListener("visibilitychange", wake, { signal });
    addEventListener("online", wake, { signal });
    while (!signal.aborted) {
        let wait = intervalMs;
        try {
            await task();
            failures = 0;
        } catch (error) {
            if (signal.aborted) return;
            failures++;
            wait = Math.max(intervalMs / 2, backoff(failures, 1000));
            failed(error, wait);
        }
        do {
            waiting = pause(wait, signal);
            await waiting;
        } while (document.hidden && !signal.aborted);
    }
}

/** A gate that lets `most` tasks through at once; the others wait in turn. */
export function gate(most) {
    const waiting = [];
    let running = 0;
    const next = () => {
        if (running >= most || waiting.length === 0) return;
        running++;
        const { task, resolve, reject } = waiting.shift();
        task()
            .then(resolve, reject)
            .finally(() => {
                running--;
                next();
            });
    };
    return (task) =>
        new Promise((resolve, reject) => {
            waiting.push({ task, resolve, reject });
            next();
        });
}
