// The runs that every client must make the same of: tests/vectors/streams, beside the rooms.

import { readdirSync, readFileSync } from "node:fs";
import type { JsonObject, StreamEvent } from "../src/index.ts";

const FOLDER = new URL("../../../tests/vectors/streams/", import.meta.url);

export interface Vector {
  name: string;
  events: StreamEvent[];
  /** By the events that a reading asks for: what they add up to before the end. */
  readings: Record<string, JsonObject>;
  value: JsonObject | null;
}

export const VECTORS: Vector[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Vector);
