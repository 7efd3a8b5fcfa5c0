// Where the project is that this package is a part of.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const OWN = `${ROOT}.venv/bin/python`;

/** A Python with the server's packages: the project's own (`make`), or the one on the path. */
export const PYTHON = existsSync(OWN) ? OWN : "python3";
