// The few DOM helpers that all parts of the page share. Text goes in as text: nothing here parses HTML.

/** An element with attributes (`data-*`, `aria-*` and plain names alike; false and undefined are left out). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/** Writes only what differs: a caret stays where it is, and an unchanged text costs nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
  }
}

/**
 * At most one drawing of each name in an animation frame, however many events touch it.
 * @param {(name: string) => void} draw
 * @returns {(names: Iterable<string>) => void}
 */
export function perFrame(draw) {
  const touched = new Set();
  let asked = false;
  return (names) => {
    for (const name of names) touched.add(name);
    if (asked || touched.size === 0) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      const now = [...touched];
      touched.clear();
      now.forEach(draw);
    });
  };
}

/**
 * Makes a change that may hide the element which has the focus. Then the first of the others that is shown gets it:
 * whoever goes by keyboard is not thrown back to the top of the page.
 * @param {() => void} change
 * @param {HTMLElement[]} others
 */
export function keepFocus(change, others) {
  const focused = document.activeElement;
  change();
  if (focused !== document.body && !isShown(focused)) others.find(isShown)?.focus();
}

function isShown(node) {
  return node.getClientRects().length > 0;
}

/**
 * Keeps a scrolling box at its end, through changes inside and of its size, and lets them read who have scrolled up.
 * @returns {(change: () => void) => void} makes a change inside
 */
export function stickToEnd(box) {
  let atEnd = true;
  const toEnd = () => {
    if (atEnd) box.scrollTop = box.scrollHeight;
  };
  box.addEventListener("scroll", () => {
    atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  });
  new ResizeObserver(toEnd).observe(box);
  return (change) => {
    change();
    toEnd();
  };
}
