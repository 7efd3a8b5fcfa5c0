// Tells the run what the user takes over, while it goes on.

import { StreamError } from "moim-stream";
import type { FieldName } from "./meeting";

const PAUSE_MS = 400; // in typing, after which a value is sent
const OVER = [404, 409, 410]; // the run takes no pins (any more): what the user holds is the form's alone

/** Why it may not be so: a rule, or a sentence of the server's for the user. */
export interface Refusal {
  readonly sentence: string | undefined;
}

/** `refusal` is undefined for a value that the run has taken. Not called for one that has been changed since. */
type Told = (name: FieldName, refusal: Refusal | undefined) => void;

/**
 * One request for each field at a time, and the next one brings its latest value: whatever the network does, the run ends with
 * what the user wrote last. What could not be sent stays, for `again`.
 */
export class Pins {
  readonly #pin: (path: string, value: unknown) => Promise<number>;
  readonly #told: Told;
  readonly #latest = new Map<FieldName, unknown>();
  readonly #pauses = new Map<FieldName, ReturnType<typeof setTimeout>>();
  readonly #sending = new Set<FieldName>();

  constructor(pin: (path: string, value: unknown) => Promise<number>, told: Told) {
    this.#pin = pin;
    this.#told = told;
  }

  write(name: FieldName, value: unknown): void {
    this.drop(name);
    this.#latest.set(name, value);
    this.#pauses.set(
      name,
      setTimeout(() => this.#send(name), PAUSE_MS),
    );
  }

  /** The user has let go of it before it was sent. */
  drop(name: FieldName): void {
    clearTimeout(this.#pauses.get(name));
    this.#latest.delete(name);
  }

  again(): void {
    for (const name of this.#latest.keys()) this.#send(name);
  }

  clear(): void {
    for (const name of this.#latest.keys()) this.drop(name);
  }

  async #send(name: FieldName): Promise<void> {
    if (this.#sending.has(name) || !this.#latest.has(name)) return;
    const value = this.#latest.get(name);
    this.#sending.add(name);
    const isAnswered = await this.#ask(name, value);
    this.#sending.delete(name);
    if (this.#latest.get(name) !== value) this.#send(name);
    else if (isAnswered) this.#latest.delete(name);
  }

  /** False if nobody could be told. */
  async #ask(name: FieldName, value: unknown): Promise<boolean> {
    let refusal: Refusal | undefined;
    try {
      await this.#pin(`/${name}`, value);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (OVER.includes(error.status)) return true;
      if (error.status !== 422) return false;
      refusal = { sentence: error.code === "refused" ? error.message : undefined };
    }
    if (this.#latest.get(name) === value) this.#told(name, refusal);
    return true;
  }
}
