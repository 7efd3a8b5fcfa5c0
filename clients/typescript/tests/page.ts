// What a browser has and Node has not, as far as the client looks at it.

import { vi } from "vitest";

/** A page that can be hidden, touched, and without a network. Undone by `vi.unstubAllGlobals`. */
export class FakePage {
  readonly #window = new EventTarget();
  readonly #document = Object.assign(new EventTarget(), { hidden: false });
  readonly #navigator = { onLine: true };

  constructor() {
    vi.stubGlobal("addEventListener", this.#window.addEventListener.bind(this.#window));
    vi.stubGlobal("document", this.#document);
    vi.stubGlobal("navigator", this.#navigator);
  }

  /** Something happens in its window. */
  feels(sign: string): void {
    this.#window.dispatchEvent(new Event(sign));
  }

  set hidden(hidden: boolean) {
    this.#document.hidden = hidden;
    this.#document.dispatchEvent(new Event("visibilitychange"));
  }

  set online(online: boolean) {
    this.#navigator.onLine = online;
    this.feels(online ? "online" : "offline");
  }
}
