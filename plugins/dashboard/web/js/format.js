/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and times as people read them. Nothing known is an en dash. */

const NONE = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat("en", {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    signDisplay: "exceptZero",
});
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const clockShort = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayClock = new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
});

function isNumber(value) {
    return typeof value === "number" && Number.isFinite(value);
}

/** 12,345; from a million on 1.23M. */
export function count(value) {
    if (!isNumber(value)) return NONE;
    return Math.abs(value) >= 1e6 ? short.format(value) : whole.format(value);
}

/** A rate: one decimal below ten, where it matters. */
export function rate(value) {
    if (!isNumber(value)) return NONE;
    return Math.abs(value) < 10 ? tenth.format(value) : count(value);
}

/** Sentiment, -1 to 1, with its sign. */
export function sentiment(value) {
    return isNumber(value) ? signed.format(value).replace("-", "−") : NONE;
}

/** For axes, where room is scarce. */
export function axis(value) {
    return Math.abs(value) >= 10000 ? short.format(value) : tenth.format(value).replace("-", "−");
}

export function time(ms) {
    return isNumber(ms) ? clock.format(ms) : NONE;
}

export function timeShort(ms) {
    return clockShort.format(ms);
}

/** A time of today as a clock time, another with its day. */
export function moment(ms, now = Date.now()) {
    return Math.abs(now - ms) < 43200e3 ? clock.format(ms) : dayClock.format(ms);
}

/** "12 s", "5 min", "3 h 20 min", "4 d". */
export function duration(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    const minutes = Math.floor(seconds / 60);
    if (seconds < 60) return `${seconds} s`;
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 1440) return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
    return `${Math.floor(minutes / 1440)} d`;
}

export function ago(ms, now = Date.now()) {
    return now - ms < 5000 ? "just now" : `${duration(now - ms)} ago`;
}

/** How `value` stands to `before`: "+12 %", or nothing when that says little. */
export function change(value, before) {
    if (!isNumber(value) || !isNumber(before) || before <= 0) return null;
    const percent = Math.round(((value - before) / before) * 100);
    if (percent === 0) return "±0 %";
    return `${percent > 0 ? "+" : "−"}${whole.format(Math.abs(percent))} %`;
}
