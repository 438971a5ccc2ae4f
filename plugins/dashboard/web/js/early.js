/* SPDX-License-Identifier: Apache-2.0 */
/* Runs before the first paint, so that a remembered theme does not flash. The rest of it is in theme.js. */
try {
    const theme = localStorage.getItem("telemetra.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
    /* Storage may be forbidden: the system's theme stands. */
}
