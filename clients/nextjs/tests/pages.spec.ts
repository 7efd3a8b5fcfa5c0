// What holds of every page: access for all, the policy, both languages, small screens, and how often it is drawn.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import { beginForm, expect, expectStanding, openChat, say, test, visit } from "./fixtures";
import { QUESTION } from "./scenes";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");

async function violations(page: Page): Promise<string[]> {
  await page.emulateMedia({ reducedMotion: "reduce" }); // half way, colours are between two
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: Axe }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

interface Axe {
  run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`axe finds nothing, ${colorScheme}`, () => {
    test.use({ scene: "planned", colorScheme });

    test("in the chat", async ({ page }) => {
      const chat = await openChat(page);
      expect(await violations(page)).toEqual([]);
      await say(page, "안녕하세요");
      await expect(chat.getByRole("button", { name: "기울임" })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test("in the form", async ({ page }) => {
      await visit(page, "/meetings/new");
      expect(await violations(page)).toEqual([]);
      await beginForm(page, { plan: true });
      await expect(page.getByText("다 됐어요.")).toBeVisible();
      await page.getByRole("textbox", { name: "최대 인원" }).fill("1");
      expect(await violations(page)).toEqual([]);
    });
  });
}

for (const width of [320, 390]) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ scene: "planned", viewport: { width, height: 700 } });

    test("nothing sticks out", async ({ page }) => {
      await openChat(page);
      await say(page, "안녕하세요");
      expect(await overhang(page)).toBe(0);
      await beginForm(page, { plan: true });
      await expect(page.getByText("다 됐어요.")).toBeVisible();
      expect(await overhang(page)).toBe(0);
    });
  });
}

function overhang(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

test("scripts run by this response's nonce alone, and none may make code of text", async ({ page, faults }) => {
  const policies = [];
  for (const path of ["/", "/meetings/new", "/nowhere"]) {
    const response = await page.goto(path);
    policies.push(response?.headers()["content-security-policy"]);
    expect(policies.at(-1)).toMatch(
      /^default-src 'none'; script-src 'nonce-[^']+' 'strict-dynamic'; style-src 'self';/,
    );
    expect(await page.locator("script:not([nonce])").count()).toBe(0);
  }
  expect(new Set(policies).size).toBe(3);
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=alert(1)>"));
  await expect.poll(() => faults.splice(0).length).toBeGreaterThan(0);
});

test("the other language, without losing what is going on", async ({ page }) => {
  await beginForm(page);
  await expect(page.getByText("다 됐어요.")).toBeVisible();
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByText("Done. Change whatever you like.")).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await expect(page.getByRole("combobox", { name: "Category" })).toHaveValue("스포츠");
  await expect(page.getByRole("combobox", { name: "Category" })).toContainText("Sports");
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Who will you meet");
});

test.describe("an English browser", () => {
  test.use({ locale: "en-US" });

  test("gets English", async ({ page }) => {
    await page.goto("/");
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
  });
});

test("the keyboard alone is enough for a chat", async ({ page }) => {
  await visit(page, "/");
  const opener = page.getByRole("button", { name: "모임 찾기 도우미 열기" });
  while (!(await opener.evaluate((button) => button === document.activeElement))) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "보낼 말" })).toBeFocused();
  await page.keyboard.type("안녕하세요");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("log").getByText(QUESTION.reply)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(opener).toBeFocused();
});

test.describe("as fast as it can be read", () => {
  test.use({ scene: "fast" });

  test("the form is drawn once a frame at most", async ({ page }) => {
    await visit(page, "/meetings/new");
    await page.evaluate(() => {
      const counted = { frames: 0, commits: 0, ms: -performance.now() };
      Object.assign(window, { counted });
      new MutationObserver(() => (counted.commits += 1)).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
      requestAnimationFrame(function frame() {
        counted.frames += 1;
        requestAnimationFrame(frame);
      });
    });
    await page.getByRole("textbox", { name: "어떤 모임을 만들까요?" }).fill("등산");
    await page.keyboard.press("Enter");
    await expectStanding(page, "max_members", "settled");
    const { frames, commits, ms } = await page.evaluate(() => {
      const { counted } = window as unknown as { counted: { frames: number; commits: number; ms: number } };
      return { ...counted, ms: counted.ms + performance.now() };
    });
    console.log(`${commits} commits in ${frames} frames and ${Math.round(ms)} ms`);
    expect(commits).toBeGreaterThan(20);
    expect(commits).toBeLessThanOrEqual(frames);
  });
});
