// The line between the app and the AI server: it leads to one scene of the server, and can be cut.

import { once } from "node:events";
import {
  request as ask,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Scene } from "./scenes";

export class Line {
  scene: Scene = "whole";
  /** What was asked, as "POST /chatbot/stream"; without queries, runs as `{id}`. */
  asked: string[] = [];
  /** With what, one text for each. */
  bodies: string[] = [];
  /** And with which headers. */
  heads: IncomingHttpHeaders[] = [];
  /** How many readers have left before their answer was whole. */
  left = 0;
  /** Whether what is asked gets no answer, while its connection stands. */
  isDeaf = false;
  #isDown = false;
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((question, answer) => this.#pass(question, answer));

  constructor(port: number) {
    this.#to = port;
    this.#server.on("connection", (socket: Socket) => {
      if (this.#isDown) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** As for a new test. */
  begin(scene: Scene): void {
    this.scene = scene;
    this.asked = [];
    this.bodies = [];
    this.heads = [];
    this.left = 0;
    this.isDeaf = false;
    this.#isDown = false;
  }

  goesDown(): void {
    this.#isDown = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  comesBack(): void {
    this.#isDown = false;
  }

  async close(): Promise<void> {
    this.goesDown();
    this.#server.close();
    await once(this.#server, "close");
  }

  #pass(question: IncomingMessage, answer: ServerResponse): void {
    const { method, headers, url = "" } = question;
    this.asked.push(`${method} ${url.replace(/\?.*/, "").replace(/^\/runs\/[^/]+/, "/runs/{id}")}`);
    this.heads.push(headers);
    const place = this.bodies.push("") - 1;
    question.on("data", (data) => {
      this.bodies[place] += data;
    });
    answer.on("close", () => {
      if (!answer.writableFinished) this.left += 1;
    });
    if (this.isDeaf) return;
    const path = url.startsWith("/runs/") ? url : `/${this.scene}${url}`;
    const onward = ask({ host: "127.0.0.1", port: this.#to, method, path, headers }, (told) => {
      answer.writeHead(told.statusCode ?? 502, told.headers);
      told.pipe(answer);
      told.on("error", () => answer.destroy());
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    question.pipe(onward);
  }
}
