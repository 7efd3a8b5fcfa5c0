// What is taken back goes calmly: it fades where it stood, and what is below it stays where it is.

const FADE_MS = 450;
const NOT_COPIED = ["id", "name", "for", "aria-label", "data-testid"];

/** Call it before the element is emptied: a copy of it fades above, unless less motion was asked for. */
export function fadeAway(node) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const ghost = node.cloneNode(true);
  const copies = [ghost, ...ghost.querySelectorAll("*")];
  [node, ...node.querySelectorAll("*")].forEach((original, index) => {
    if ("value" in original) copies[index].value = original.value; // what was typed is not cloned
    NOT_COPIED.forEach((attribute) => copies[index].removeAttribute(attribute));
  });
  ghost.classList.add("ghost");
  ghost.setAttribute("aria-hidden", "true");
  ghost.inert = true;
  const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = node;
  const box = { left: offsetLeft, top: offsetTop, width: offsetWidth, height: offsetHeight };
  for (const [side, length] of Object.entries(box)) ghost.style[side] = `${length}px`;
  node.parentElement.append(ghost);
  const fade = ghost.animate({ opacity: [1, 0] }, { duration: FADE_MS, easing: "ease-in" });
  fade.finished.finally(() => ghost.remove());
}

/** The element stays at least as large as it is now, until `letGo`. */
export function holdSize(node) {
  const { width, height } = node.getBoundingClientRect();
  Object.assign(node.style, { minWidth: `min(100%, ${width}px)`, minHeight: `${height}px` });
}

export function letGo(node) {
  Object.assign(node.style, { minWidth: "", minHeight: "" });
}
