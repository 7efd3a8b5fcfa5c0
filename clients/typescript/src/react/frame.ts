// When to draw: with the next animation frame, or without one where there are none.

const HIDDEN_MS = 250; // a page that nobody sees has no frames, and must not starve of that

/** Calls `draw` once, with the next frame. Returns what takes that back. */
export function nextFrame(draw: () => void): () => void {
  const take = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const now = () => {
    take();
    draw();
  };
  const frame = requestAnimationFrame(now);
  const timer = setTimeout(now, HIDDEN_MS);
  return take;
}
