// Keeps what is being written in sight, until the user takes the page into their own hands.

const OWN_HANDS = ["wheel", "touchmove", "pointerdown", "keydown"];

export function follower() {
  let following = false;
  for (const name of OWN_HANDS) addEventListener(name, () => (following = false), { passive: true, capture: true });

  function follow(node) {
    if (following && node) (node.querySelector(".step:last-child") ?? node).scrollIntoView({ block: "nearest" });
  }
  follow.begin = () => {
    following = true;
  };
  return follow;
}
