/* SPDX-License-Identifier: Apache-2.0 */
/* Making elements. Texts only ever become text nodes: names and messages come from strangers. */

/** An element with attributes (null and false: left out) and children (nodes or texts). */
export function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes))
        if (value !== null && value !== false && value !== undefined)
            element.setAttribute(name, value === true ? "" : value);
    element.append(...children);
    return element;
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

/** A stranger's name, kept from turning the direction of the text around it. */
export function name(text, attributes = {}) {
    return h("bdi", attributes, text);
}

/** Sets a text only where it differs, so that nothing is laid out or announced for no change. */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/** Makes `parent` hold exactly `children` in this order, moving as few as it can. */
export function arrange(parent, children) {
    const wanted = new Set(children);
    for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
    let at = parent.firstElementChild;
    for (const child of children) {
        if (child === at) at = at.nextElementSibling;
        else parent.insertBefore(child, at);
    }
}
