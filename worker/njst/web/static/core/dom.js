/** Elements without a framework: made once, then changed only where their text changes. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return a new element. Properties that start with "on" are listeners, `class` is the class, and
 * a boolean attribute is there or not; children are elements or texts, null and false are left out.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...any} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for elements of SVG. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Set the text of an element if it is another one: the layout of an unchanged page stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set or remove an attribute if that changes it. */
export function setAttribute(element, name, value) {
  if (value == null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** Show or hide an element. */
export function setShown(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/**
 * Return a function that shows new children in `element` only when `key` has changed.
 * @param {Element} element
 */
export function keyed(element) {
  let last;
  return (key, make) => {
    if (key === last) return;
    last = key;
    element.replaceChildren(...[make()].flat(Infinity).filter((child) => child != null && child !== false));
  };
}

/** Say something to users of a screen reader. */
export function announce(text) {
  const place = document.getElementById("announce");
  if (place) place.textContent = text;
}

/** Offer a text or a blob as a file. */
export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
