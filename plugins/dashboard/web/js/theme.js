/* SPDX-License-Identifier: Apache-2.0 */
/* Dark and light: the system's unless chosen here; the choice is remembered. Sends "themechange" to the document. */

const KEY = "telemetra.theme";
const NAMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };
const NEXT = { auto: "light", light: "dark", dark: "auto" };

function chosen() {
    return document.documentElement.dataset.theme ?? "auto";
}

function choose(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
        if (theme === "auto") localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, theme);
    } catch {
        /* Storage may be forbidden: the choice holds as long as the page. */
    }
}

function tell() {
    document.dispatchEvent(new CustomEvent("themechange"));
}

/** Makes `button` step through the themes. */
export function bindTheme(button) {
    const label = () => (button.textContent = NAMES[chosen()]);
    button.addEventListener("click", () => {
        choose(NEXT[chosen()]);
        label();
        tell();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
    label();
}

/** The value of a custom property of the theme that shows now, such as "--chat". */
export function themeColor(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
