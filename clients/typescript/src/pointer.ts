// JSON Pointers (RFC 6901) into plain values, which are never changed: what is put into one makes another.

export type Path = readonly (string | number)[];

/** "/plan/0/title" → ["plan", 0, "title"]. Digits are read as an index. */
export function parsePointer(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
}

/** The inverse, for one property: "a/b" → "/a~1b". */
export function pointerTo(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The property that a pointer leads to, or into: "/plan/0/title" → "plan". Of the whole, it is none. */
export function propertyOf(pointer: string): string {
  return String(parsePointer(pointer)[0] ?? "");
}

/** What stands there. Whatever a key is called, nothing is found that was not put in: not even at `__proto__`. */
export function own(holder: unknown, key: string | number): unknown {
  return isHolder(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
}

/**
 * The holder with `change` made at `path`; what lies beside the path is the same as before. Lists and objects on the way
 * are made if need be, and items of a list that come before the first known one are null.
 */
export function changed(holder: unknown, path: Path, change: (before: unknown) => unknown): unknown {
  if (path.length === 0) return change(holder);
  const [key, ...rest] = path as [string | number, ...Path];
  const after = changed(own(holder, key), rest, change);
  if (typeof key !== "number" || (isHolder(holder) && !Array.isArray(holder))) {
    return { ...(holder as object), [key]: after }; // a computed key is an own one, whatever it is called
  }
  const items = Array.isArray(holder) ? holder.slice() : [];
  while (items.length < key) items.push(null);
  items[key] = after;
  return items;
}

/** `after`, in which every part that says the same as in `before` is that part of `before`. */
export function shared<Value>(before: unknown, after: Value): Value {
  if (!isHolder(before) || !isHolder(after) || Array.isArray(before) !== Array.isArray(after)) return after;
  const entries = Object.entries(after).map(([key, value]) => [key, shared(own(before, key), value)] as const);
  if (entries.length === Object.keys(before).length && entries.every(([key, value]) => own(before, key) === value)) {
    return before as Value;
  }
  return (Array.isArray(after) ? entries.map(([, value]) => value) : Object.fromEntries(entries)) as Value;
}

function isHolder(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
