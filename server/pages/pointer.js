// JSON Pointers (RFC 6901) into plain values: "/plan/0/title" is ["plan", 0, "title"].

export function parsePointer(pointer) {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
}

/** The top-level property that a pointer is in: "/plan/0/title" → "plan". */
export function topOf(pointer) {
  return String(parsePointer(pointer)[0] ?? "");
}

export function has(value, key) {
  return isHolder(value) && Object.hasOwn(value, key);
}

/** The value at a path, or undefined. */
export function getAt(root, path) {
  let value = root;
  for (const key of path) {
    if (!has(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** Puts a value at a path; the lists and objects on the way are made if need be. Only own properties are walked. */
export function putAt(root, path, value) {
  let holder = root;
  path.slice(0, -1).forEach((key, depth) => {
    if (!has(holder, key) || !isHolder(holder[key])) holder[key] = typeof path[depth + 1] === "number" ? [] : {};
    holder = holder[key];
  });
  holder[path.at(-1)] = value;
}

/** Nothing said: what a form shows as an empty field. */
export function isEmpty(value) {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Whether two values say the same. Blanks around a text say nothing: the server may trim them. */
export function same(one, other) {
  if (typeof one === "string" && typeof other === "string") return one.trim() === other.trim();
  if (!isHolder(one) || !isHolder(other)) return one === other;
  const keys = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => has(other, key) && same(one[key], other[key]))
  );
}

function isHolder(value) {
  return typeof value === "object" && value !== null;
}
