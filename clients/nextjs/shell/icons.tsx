// Drawings for buttons. What they mean is said by the button.

const COMMON = {
  width: 20,
  height: 20,
  viewBox: "0 0 24 24",
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 2,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;

const PATHS = {
  chat: "M4 5h16v11H9l-5 4V5z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M5 12h13M12 5l7 7-7 7",
  stop: "M7 7h10v10H7z",
  check: "M5 13l4 4L19 7",
  pen: "M4 20l1-5L16 4l4 4L9 19l-5 1z",
  alert: "M12 7v6M12 17h.01",
  plus: "M12 5v14M5 12h14",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg {...COMMON} aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
