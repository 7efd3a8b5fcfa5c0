// What one side puts in as it comes, the other takes out when it likes, in order.

/** For one reader, which has had enough when it returns. */
export class Channel<Item> implements AsyncIterator<Item> {
  #into!: ReadableStreamDefaultController<() => Item>;
  #from: ReadableStreamDefaultReader<() => Item>;
  #hasEnded = false;

  /** `left` is called when the reader has had enough. */
  constructor(left: () => void) {
    const start = (into: ReadableStreamDefaultController<() => Item>) => {
      this.#into = into;
    };
    const cancel = () => {
      this.#hasEnded = true;
      left();
    };
    this.#from = new ReadableStream({ start, cancel }).getReader();
  }

  push(item: Item): void {
    if (!this.#hasEnded) this.#into.enqueue(() => item);
  }

  /** Nothing more comes. */
  end(): void {
    if (!this.#hasEnded) this.#into.close();
    this.#hasEnded = true;
  }

  /** The same; behind what has come the reader is told why, as an exception. */
  fail(error: unknown): void {
    if (!this.#hasEnded) {
      this.#into.enqueue(() => {
        throw error;
      });
    }
    this.end();
  }

  /** The same at once: what has come and was not taken is thrown away. */
  drop(error: unknown): void {
    if (!this.#hasEnded) this.#into.error(error);
    this.#hasEnded = true;
  }

  async next(): Promise<IteratorResult<Item>> {
    const { done, value } = await this.#from.read();
    return done ? { done, value } : { done, value: value() };
  }

  async return(): Promise<IteratorResult<Item>> {
    await this.#from.cancel();
    return { done: true, value: undefined };
  }
}
