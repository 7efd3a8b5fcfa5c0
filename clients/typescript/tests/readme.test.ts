// What the README shows compiles, against what is built.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGE } from "./project.ts";

test("its examples compile", () => {
  const folder = join(PACKAGE, "node_modules/.readme"); // within the package, which can import itself by its name there
  const [core, hooks] = [...readFileSync(join(PACKAGE, "README.md"), "utf8").matchAll(/```tsx?\n(.*?)```/gs)];
  expect(core?.[1]).toContain("streamRun");
  expect(hooks?.[1]).toContain("useStructuredStream");
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(join(folder, "core.ts"), `${core?.[1]}`);
    writeFileSync(
      join(folder, "hooks.tsx"),
      `import type { MeetingInfo } from "moim-stream";\n${hooks?.[1]}export { Form };`,
    );
    const options = { extends: "../../tsconfig.json", include: ["*"], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
    execFileSync("npx", ["tsc", "-p", folder], { cwd: PACKAGE, encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
