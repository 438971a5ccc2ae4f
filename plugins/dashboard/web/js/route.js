/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses within the pages: #/?find=x&page=2 and #/stream/ID?range=60. */

function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/** The route of a location hash: {view: "overview"|"stream"|"unknown", id, query}. */
export function parseRoute(hash) {
    const [path, search = ""] = hash.replace(/^#/, "").split("?", 2);
    const query = new URLSearchParams(search);
    if (path === "" || path === "/") return { view: "overview", query };
    const stream = path.match(/^\/stream\/([^/]+)$/);
    return stream ? { view: "stream", id: decode(stream[1]), query } : { view: "unknown", query };
}

export function streamHash(id) {
    return `#/stream/${encodeURIComponent(id)}`;
}

/** Notes a setting in the address without leaving the page; an empty value removes it. */
export function noteInAddress(key, value) {
    const [path, search = ""] = (location.hash || "#/").split("?", 2);
    const query = new URLSearchParams(search);
    if (value) query.set(key, value);
    else query.delete(key);
    history.replaceState(null, "", query.size ? `${path}?${query}` : path);
}
