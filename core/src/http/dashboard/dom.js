/** Building and updating elements. Text from data only ever enters as text or as an attribute's value. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an HTML element.
 * @param {string} tag
 * @param {Object<string, string>} [attributes]
 * @param {...(Node|string)} children Strings become text nodes.
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an SVG element; the same arguments as {@link el}. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** An icon from the symbols in page.html. It is decoration: a word beside it says the same. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#icon-${name}` }));
}

/** Shows another symbol in an icon made by {@link icon}. */
export function setIcon(node, name) {
  setAttribute(node.firstElementChild, "href", `#icon-${name}`);
}

/** Sets the text, and touches the document only when it changed (so live regions stay quiet). */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute when it changed; null removes it. */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** What is shown under each parent: key to view. */
const shown = new WeakMap();

/**
 * Makes the children of `parent` mirror `items`, in order. Elements are kept while their key is, so open
 * details, the focus and the scroll position survive an update.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf Items of one key are told apart by their order.
 * @param {(item: T) => {node: Element, update: (item: T) => void}} create
 */
export function mirror(parent, items, keyOf, create) {
  const before = shown.get(parent) ?? new Map();
  const after = new Map();
  const focused = document.activeElement;
  for (const item of items) {
    let key = keyOf(item);
    while (after.has(key)) key += "\u0000";
    after.set(key, before.get(key) ?? create(item));
    after.get(key).update(item);
  }
  for (const [key, view] of before) if (!after.has(key)) view.node.remove();
  let previous = null;
  for (const { node } of after.values()) {
    const place = previous ? previous.nextSibling : firstMirrored(parent, before);
    if (node !== place) parent.insertBefore(node, place);
    previous = node;
  }
  shown.set(parent, after);
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

/** The first child that an earlier call put there: what page.html has before it (a table's head) stays first. */
function firstMirrored(parent, before) {
  const mine = new Set([...before.values()].map((view) => view.node));
  return [...parent.children].find((child) => mine.has(child)) ?? null;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
