import { defineConfig } from "@playwright/test";
import { systemBrowser } from "./tests/browser";

export default defineConfig({
  testDir: "tests",
  workers: 2, // each with an app and an AI server of its own
  timeout: 60_000,
  expect: { timeout: 20_000 }, // a slow machine is no failure
  reporter: "list",
  forbidOnly: true,
  use: {
    locale: "ko-KR",
    launchOptions: { executablePath: systemBrowser(), args: ["--no-sandbox", "--disable-gpu"] },
  },
});
