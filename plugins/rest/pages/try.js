// SPDX-License-Identifier: Apache-2.0
// Sends the request of a form and shows the answer below it. Opens the route that the address names.

const SHOWN_MAX = 200000;

function addressOf(form) {
    let path = form.getAttribute("action");
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
        if (name.startsWith("{"))
            path = path.replace(name, () => encodeURIComponent(value));
        else if (value !== "")
            query.append(name, value);
    }
    const text = query.toString();
    return text === "" ? path : `${path}?${text}`;
}

function bodyOf(text, type) {
    if (type.startsWith("application/json")) {
        try {
            text = JSON.stringify(JSON.parse(text), null, 2);
        } catch {
            // Shown as it came.
        }
    }
    return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}\n... ${text.length - SHOWN_MAX} more characters` : text;
}

function show(place, title, text) {
    const head = document.createElement("p");
    const body = document.createElement("pre");
    head.textContent = title;
    body.textContent = text;
    body.tabIndex = 0;
    body.setAttribute("aria-label", "Answer");
    place.replaceChildren(head, ...(text === "" ? [] : [body]));
}

async function send(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const place = form.nextElementSibling;
    const address = addressOf(form);
    const start = performance.now();
    try {
        const answer = await fetch(address, { headers: { Accept: "application/json" } });
        const text = await answer.text();
        const took = Math.round(performance.now() - start);
        show(place, `GET ${address}: ${answer.status}, ${text.length} characters in ${took} ms`,
            bodyOf(text, answer.headers.get("Content-Type") ?? ""));
    } catch (error) {
        show(place, `GET ${address}: no answer`, String(error));
    }
}

function openNamed() {
    const named = location.hash && document.getElementById(location.hash.slice(1));
    if (named instanceof HTMLDetailsElement)
        named.open = true;
}

for (const form of document.forms)
    form.addEventListener("submit", send);
addEventListener("hashchange", openNamed);
openNamed();
