// The app as people meet it: in a browser, before the real AI server. No script may fail in it, nor its policy be broken.

import { test as base, expect, type Locator, type Page } from "@playwright/test";
import { Line } from "./line";
import { startAI, startApp } from "./processes";
import { config, MODULES, type Scene } from "./scenes";

interface Stack {
  url: string;
  line: Line;
}

interface Given {
  /** Which scene the AI server plays. */
  scene: Scene;
  line: Line;
  /** What went wrong in the page, for tests that look for it themselves. */
  faults: string[];
}

export const test = base.extend<Given, { stack: Stack }>({
  stack: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from its pattern
    async ({}, use) => {
      const ai = await startAI(config(), MODULES);
      const line = new Line(ai.port);
      const app = await startApp(await line.open());
      await use({ url: `http://127.0.0.1:${app.port}`, line });
      await app.stop();
      await line.close();
      await ai.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  scene: ["whole", { option: true }],
  baseURL: ({ stack }, use) => use(stack.url),
  line: [
    async ({ stack, scene }, use) => {
      stack.line.begin(scene);
      await use(stack.line);
    },
    { auto: true },
  ],
  faults: [
    async ({ page }, use) => {
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("dialog", (dialog) => faults.push(dialog.message()));
      page.on("console", (said) => {
        if (/Security Policy|hydrat/i.test(said.text())) faults.push(said.text());
      });
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Returns when the page does what it is told: before React has taken it over, a click on it is lost. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await isAlive(page);
}

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await isAlive(page);
}

async function isAlive(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    [...document.querySelectorAll("button")].every((button) => Object.keys(button).some((key) => /^__react/.test(key))),
  );
}

/** The chat, opened. Returns what is said in it. */
export async function openChat(page: Page): Promise<Locator> {
  await visit(page, "/");
  await openAgain(page);
  return page.getByRole("log", { name: "대화" });
}

export async function openAgain(page: Page): Promise<void> {
  await page.getByRole("button", { name: "모임 찾기 도우미 열기" }).click();
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "보낼 말" }).fill(text);
  await page.keyboard.press("Enter");
}

/** The form, with the rest of it asked for. */
export async function beginForm(page: Page, { plan = false } = {}): Promise<void> {
  await visit(page, "/meetings/new");
  await page.getByRole("textbox", { name: "어떤 모임을 만들까요?" }).fill("등산이 처음인 사람들의 모임");
  if (plan) await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "나머지 채우기" }).click();
}

/** One field of the form; `data-standing` says how it stands. */
export function field(page: Page, name: string): Locator {
  return page.locator(`[data-field="${name}"]`);
}

export async function expectStanding(page: Page, name: string, standing: string | RegExp): Promise<void> {
  await expect(field(page, name)).toHaveAttribute("data-standing", standing);
}
