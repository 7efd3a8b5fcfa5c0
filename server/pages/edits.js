// What the user holds of an object that a model is writing: by JSON Pointer, over what the model says.

import { getAt, isEmpty, parsePointer, putAt, topOf } from "./pointer.js";

/** A field held whole is the user's. A field held in parts (one step's title) is the model's with these parts put in. */
export class Edits {
  #held = new Map();

  get names() {
    return [...new Set([...this.#held.keys()].map(topOf))];
  }

  has(pointer) {
    return this.#held.has(pointer);
  }

  /** @param {"given"|"edited"} status given: before any model wrote there · edited: over what one wrote or will write */
  set(pointer, value, status) {
    const name = topOf(pointer);
    if (pointer === `/${name}`) this.drop(name);
    this.#held.set(pointer, { value, status });
  }

  drop(name) {
    for (const pointer of [...this.#held.keys()]) if (topOf(pointer) === name) this.#held.delete(pointer);
  }

  /** The value and status of a field held whole, or undefined. */
  whole(name) {
    return this.#held.get(`/${name}`);
  }

  heldInParts(name) {
    return [...this.#held.keys()].some((pointer) => pointer.startsWith(`/${name}/`));
  }

  /** The model's value with the held parts put in. A part whose place is not there (any more) is not shown. */
  over(name, said) {
    if (!this.heldInParts(name)) return said;
    const root = { [name]: structuredClone(said) };
    for (const [pointer, { value }] of this.#held) {
      const path = parsePointer(pointer);
      if (path[0] === name && getAt(root, path.slice(0, -1)) !== undefined) putAt(root, path, value);
    }
    return root[name];
  }

  /** Every held field, whole, as what a new run is given. What the user emptied is let go of. */
  asGiven(valueOf) {
    const given = {};
    for (const name of this.names) {
      const value = valueOf(name);
      this.drop(name);
      if (isEmpty(value)) continue;
      given[name] = value;
      this.set(`/${name}`, value, "given");
    }
    return given;
  }
}
