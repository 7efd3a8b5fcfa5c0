// The server itself, with models that say what a test wants, and a line to it that the test can break.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server as Listener, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PYTHON, ROOT } from "./project.ts";

export const MEETING = {
  name: "주말 산책 🐾",
  category: "반려동물",
  summary: "강아지와 함께 걷는 토요일 아침",
  description: '동네 공원을 천천히 걸으며  "서로" 인사해요.\n처음이어도 괜찮아요.',
  tags: ["산책", "강아지", "친구"],
  period: "1~3개월",
  max_members: 12,
};
export const CHAT = { reply: "안녕하세요! 어떤 모임을\n찾으세요? 😀", options: ["등산", "독서 📚"] };

function model(said: object | string, pace_ms = 0): object {
  return { provider: "scripted", pace_ms, replies: [typeof said === "string" ? said : JSON.stringify(said)] };
}

/** Each kind of chain on a model that says all at once, on one that takes its time, and on one that will not. */
const SETTINGS = {
  models: {
    form: model(MEETING),
    talk: model(CHAT),
    slow: model(MEETING, 40),
    words: model(CHAT, 40),
    no: model("No!"),
  },
  chains: {
    form: { runnable: "chains.meeting_info:build", path: "/meeting-info", model: "form" },
    talk: { runnable: "chains.chatbot:build", path: "/chatbot", model: "talk" },
    slow: { runnable: "chains.meeting_info:build", path: "/slow-meeting-info", model: "slow" },
    words: { runnable: "chains.chatbot:build", path: "/slow-chatbot", model: "words" },
    no: { runnable: "chains.chatbot:build", path: "/nonsense", model: "no" },
  },
  limits: { drain_s: 0, repairs: 0 },
  stream: { retry_ms: 1 },
};

export class Server {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly port: number;
  #log = "";

  private constructor(process: ChildProcess, folder: string, port: number) {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
    for (const output of [process.stdout, process.stderr]) output?.on("data", (text) => (this.#log += text));
  }

  /** One that answers. */
  static async start(): Promise<Server> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "moim-stream-"));
    const file = join(folder, "langserve.yaml");
    writeFileSync(file, JSON.stringify(SETTINGS)); // JSON is YAML
    const env = { ...process.env, HOST: "127.0.0.1", PORT: String(port), CONFIG: file };
    const server = new Server(spawn(PYTHON, ["-m", "server"], { cwd: ROOT, env }), folder, port);
    while (!(await fetch(`${server.url}/health`).catch(() => undefined))?.ok) {
      if (server.#process.exitCode !== null) throw new Error(`the server is not alive:\n${server.#log}`);
      await new Promise((done) => setTimeout(done, 50)); // another process can only be polled
    }
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGINT");
    if (this.#process.exitCode === null) await once(this.#process, "exit");
    rmSync(this.#folder, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

/** What the line does with the bytes that come back on a connection. Returns those that go on; undefined cuts it. */
export type Fault = (bytes: Buffer, sent: number) => Buffer | undefined;

/** A line to a port, which a test can break. */
export class Line {
  /** For the connections that are made from now on, one each; behind them the line is sound. */
  faults: Fault[] = [];
  /** All that was asked over it. */
  asked = "";
  readonly #listener: Listener;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#listener = createServer((near) => this.#lead(near, port));
  }

  static async to(port: number): Promise<Line> {
    const line = new Line(port);
    line.#listener.listen(0, "127.0.0.1");
    await once(line.#listener, "listening");
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** How many connections stand. */
  get count(): number {
    return this.#sockets.size;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#listener.close();
  }

  #lead(near: Socket, port: number): void {
    const fault = this.faults.shift() ?? ((bytes) => bytes);
    const far = connect(port, "127.0.0.1");
    let sent = 0;
    this.#sockets.add(near);
    near.on("data", (bytes) => {
      this.asked += bytes;
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      const passed = fault(bytes, sent);
      sent += bytes.length;
      if (passed) near.write(passed);
      else near.destroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
    near.on("close", () => this.#sockets.delete(near));
  }
}

/** Cut after so many bytes. */
export function cutAfter(count: number): Fault {
  return (bytes, sent) => (sent + bytes.length < count ? bytes : undefined);
}
