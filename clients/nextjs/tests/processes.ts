// The AI server and the built app, each in a process of its own on a free port, with their logs kept.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const APP = fileURLToPath(new URL("..", import.meta.url));
const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const PYTHON = process.env.PYTHON ?? join(REPOSITORY, ".venv/bin/python");
const START_MS = 60_000;

export interface Served {
  port: number;
  stop: () => Promise<void>;
}

/** The server with these settings (JSON is YAML), and with these modules beside it, by file name. */
export async function startAI(config: object, modules: Readonly<Record<string, string>>): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), "moim-"));
  await writeFile(join(folder, "langserve.yaml"), JSON.stringify(config));
  for (const [name, text] of Object.entries(modules)) await writeFile(join(folder, name), text);
  const port = await freePort();
  const env = { CONFIG: join(folder, "langserve.yaml"), HOST: "127.0.0.1", PORT: String(port), PYTHONPATH: folder };
  const served = await start(PYTHON, ["-m", "server"], REPOSITORY, env, `http://127.0.0.1:${port}/health`);
  return {
    port,
    stop: async () => {
      await served();
      await rm(folder, { recursive: true });
    },
  };
}

/** What `npm run build` made, over this AI server. */
export async function startApp(upstream: string): Promise<Served> {
  const port = await freePort();
  const next = join(APP, "node_modules/next/dist/bin/next");
  const env = { AI_UPSTREAM: upstream, NEXT_TELEMETRY_DISABLED: "1" };
  const arguments_ = [next, "start", "--hostname", "127.0.0.1", "--port", String(port)];
  return { port, stop: await start(process.execPath, arguments_, APP, env, `http://127.0.0.1:${port}/icon.svg`) };
}

/** Returns what stops it, once it answers. */
async function start(program: string, arguments_: string[], cwd: string, env: object, url: string) {
  const child = spawn(program, arguments_, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (data) => (log += data));
  const stop = () => end(child);
  try {
    await answers(url, child);
  } catch (error) {
    await stop();
    throw new Error(`${arguments_.join(" ")} did not start:\n${log}`, { cause: error });
  }
  return stop;
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + START_MS;
  while (!(await fetch(url).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`Nothing answers at ${url}`);
    await new Promise((resolve) => setTimeout(resolve, 50)); // another process can only be polled
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGKILL"); // nothing in it is worth a farewell
  await once(child, "exit");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("No port");
  return address.port;
}
