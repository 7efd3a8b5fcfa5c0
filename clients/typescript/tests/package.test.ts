// What is published, and what is made of the sources elsewhere.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../scripts/bundle.mjs";
import { PAGE, page } from "../scripts/page.mjs";
import { TYPES, types } from "../scripts/schemas.mjs";
import { PACKAGE } from "./project.ts";

const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: PACKAGE, encoding: "utf8" });

test("the types are those of the schemas", async () => {
  expect(readFileSync(TYPES, "utf8"), "stale: npm run schemas").toBe(await types());
});

test("the page runs on these sources", async () => {
  expect(readFileSync(PAGE, "utf8"), "stale: npm run page").toBe(await page());
});

test.each([
  ["reading a run, over both transports", "{ streamRun, resumeRun, StreamError }", 4_096],
  ["the reducer", "{ initial, reduce }", 1_536],
])("%s is small", async (_, names, most) => {
  const text = await bundled(names, { minify: true });
  expect(text).not.toMatch(/\bimport\b/); // it needs nothing else
  expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(most);
});

describe("the package", () => {
  let folder: string;
  let archive: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "moim-stream-"));
    const [packed] = JSON.parse(run("npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder));
    archive = join(folder, packed.filename);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("has no faults that publint or attw know of", () => {
    run("npx", "publint", archive, "--strict");
    run("npx", "attw", archive, "--profile", "esm-only");
  });

  test("can be imported by Node, the core without React", () => {
    const core = 'import("moim-stream").then((all) => console.log(Object.keys(all).sort().join()))';
    expect(run(process.execPath, "-e", core).trim()).toBe(
      "EventStreamParser,StreamError,TERMINAL,initial,reduce,resumeRun,streamRun",
    );
    const hooks = 'import("moim-stream/react").then((all) => console.log(Object.keys(all).sort().join()))';
    expect(run(process.execPath, "-e", hooks).trim()).toBe("useChatStream,useStructuredStream");
    for (const file of run("tar", "tzf", archive)
      .split("\n")
      .filter((name) => /dist\/(?!react\/).*\.js$/.test(name))) {
      expect(readFileSync(join(PACKAGE, file.replace("package/", "")), "utf8"), file).not.toMatch(/from "react"/);
    }
  });
});
