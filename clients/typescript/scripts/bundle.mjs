// What is made of the sources beside dist/: one ESM file.

import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

export const INDEX = fileURLToPath(new URL("../src/index.ts", import.meta.url));

/** The text of these exports with all that they need, for people to read, or as short as it can be made. */
export async function bundled(names, { minify = false } = {}) {
  const entry = `export ${names} from ${JSON.stringify(INDEX)};`;
  const asEntry = {
    name: "entry",
    resolveId: (id) => (id === "entry" ? id : null),
    load: (id) => (id === "entry" ? entry : null),
  };
  const bundle = await rolldown({ input: "entry", plugins: [asEntry], transform: { target: "es2022" } });
  const { output } = await bundle.generate({ format: "esm", minify });
  await bundle.close();
  return output[0].code;
}
