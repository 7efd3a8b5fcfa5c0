// What the user holds of an object that a model is writing: by JSON Pointer, over what the model says.

import { getAt, isEmpty, parsePointer, putAt, topOf } from "./pointer.js";

/** A field held whole is the user's. A field held in parts (one step's title) is the model's with these parts put in. */
export class Edits {
  #held = new Map();

  get names() {
    return [...new Set([...this.#held.keys()].map(topOf))];
  }

  /**
   * A part of what is held whole goes into it.
   * @param {"given"|"edited"|"pinned"} status given: before any model wrote there · edited: over what one wrote or will
   *   write · pinned: the run says that it is theirs, who wrote it before this page was loaded, or elsewhere
   */
  set(pointer, value, status) {
    const name = topOf(pointer);
    const whole = this.whole(name);
    if (pointer === `/${name}`) this.#hold(name, value, status);
    else if (whole) this.#hold(name, withPart(whole.value, pointer, value), status);
    else this.#held.set(pointer, { value });
  }

  /** What is wrong with what the user wrote in a field held whole, until they write there again. */
  blame(name, breaches) {
    const held = this.whole(name);
    this.#held.set(`/${name}`, { ...held, errors: [...held.errors, ...breaches] });
  }

  drop(name) {
    for (const pointer of [...this.#held.keys()]) if (topOf(pointer) === name) this.#held.delete(pointer);
  }

  /** A field held whole, as `{value, status, errors}`, or undefined. */
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
      this.#hold(name, value, "given");
    }
    return given;
  }

  #hold(name, value, status) {
    this.drop(name);
    this.#held.set(`/${name}`, { value, status, errors: [] });
  }
}

function withPart(value, pointer, part) {
  const root = { [topOf(pointer)]: structuredClone(value) };
  putAt(root, parsePointer(pointer), part);
  return root[topOf(pointer)];
}
