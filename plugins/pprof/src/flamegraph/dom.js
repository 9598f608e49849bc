/** Building elements. Text from data only ever enters as text or as an attribute's value. */

/**
 * Makes an element.
 * @param {string} tag
 * @param {Object<string, string>} [attributes]
 * @param {...(Node|string)} children Strings become text nodes.
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** The element of this id; the page has it. */
export function byId(id) {
  return document.getElementById(id);
}
