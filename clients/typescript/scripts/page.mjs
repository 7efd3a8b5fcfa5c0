// Writes server/pages/client.js, on which the server's page runs.   node scripts/page.mjs

import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { bundled } from "./bundle.mjs";

export const PAGE = new URL("../../../server/pages/client.js", import.meta.url);
const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const SAYS = "// Made from clients/typescript, by `npm run page` there. Change it there, and make it again.\n\n";

/** What the file must hold. */
export async function page() {
  const args = ["biome", "format", "--stdin-file-path=client.js"];
  return execFileSync("npx", args, { cwd: PACKAGE, input: SAYS + (await bundled("*")), encoding: "utf8" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(PAGE, await page());
