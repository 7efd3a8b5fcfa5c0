// Writes src/schemas.ts from the project's JSON Schema.   node scripts/schemas.mjs

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const SCHEMA = new URL("../../../schemas/schema.json", import.meta.url);
export const TYPES = new URL("../src/schemas.ts", import.meta.url);
const BANNER = "// Requests, results, events and errors, as schemas/schema.json has them. Made by `npm run schemas`.";

/** The types, as text. */
export async function types() {
  const { $defs, ...document } = JSON.parse(await readFile(SCHEMA, "utf8"));
  const named = Object.fromEntries(Object.entries($defs).map(([name, schema]) => [name, plain(schema)]));
  // Each is a property of the document's: what nothing refers to would be left out.
  const properties = Object.fromEntries(Object.keys(named).map((name) => [name, { $ref: `#/$defs/${name}` }]));
  const all = { ...document, $defs: named, type: "object", title: "Schemas", properties, required: Object.keys(named) };
  return compile(all, "Schemas", {
    bannerComment: BANNER,
    additionalProperties: false,
    ignoreMinAndMaxItems: true, // a list is a list, not a union of tuples
    style: { printWidth: 120 },
  });
}

/** Without the titles of properties, which would each become a type; an event always says its type. */
function plain(schema) {
  const { properties = {}, required = [], discriminator: _, ...rest } = schema;
  const shown = Object.entries(properties).map(([name, { title: _title, ...property }]) => [name, property]);
  const always = "const" in (properties.type ?? {}) ? ["type", ...required] : required;
  return { ...rest, ...(shown.length && { properties: Object.fromEntries(shown), required: always }) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TYPES, await types());
