import type { Page } from "@playwright/test";
import { beginForm, expect, expectStanding, field, reload, test, visit } from "./fixtures";
import { MEETING } from "./scenes";

const create = (page: Page) => page.getByRole("button", { name: "이 내용으로 만들기" });

test.describe("a plan as well", () => {
  test.use({ scene: "planned" });

  test("every field fills, and the meeting is created when all have", async ({ page, line }) => {
    await visit(page, "/meetings/new");
    await expect(create(page)).toBeDisabled();
    await beginForm(page, { plan: true });
    await expect(page.getByRole("status").getByText("8개 중 8개 채워짐")).toBeVisible();
    await expect(field(page, "name").getByRole("textbox")).toHaveValue(MEETING.name);
    await expect(field(page, "category").getByRole("combobox")).toHaveValue(MEETING.category);
    await expect(field(page, "description").getByRole("textbox")).toHaveValue(MEETING.description);
    for (const tag of MEETING.tags)
      await expect(page.getByRole("button", { name: `태그 ${tag} 지우기` })).toBeVisible();
    await expect(field(page, "max_members").getByRole("textbox")).toHaveValue("12");
    await expect(page.getByRole("textbox", { name: "2단계 제목" })).toHaveValue("낮은 산 함께 오르기");
    await create(page).click();
    await expect(page.getByRole("heading", { name: "모임을 만들었어요" })).toBeFocused();
    await expect(page.getByText("“느린 산책” 모임이 사람들을 기다리고 있어요.")).toBeVisible();
    expect(line.asked).toEqual(["POST /meeting-info/stream"]);
    await reload(page);
    await expect(page.getByRole("textbox", { name: "어떤 모임을 만들까요?" })).toHaveValue("");
  });

  test("a plan can be changed once it is whole", async ({ page }) => {
    await beginForm(page, { plan: true });
    await expect(page.getByText("다 됐어요.")).toBeVisible();
    await page.getByRole("button", { name: "1단계 지우기" }).click();
    await expect(page.getByRole("textbox", { name: "1단계 제목" })).toHaveValue("낮은 산 함께 오르기");
    await expectStanding(page, "plan", "mine");
    await page.getByRole("textbox", { name: "1단계 제목" }).fill("");
    await expect(field(page, "plan")).toContainText("여덟 단계까지");
    await expect(create(page)).toBeDisabled();
  });
});

test("what the user has written is given, kept, and not asked of the model", async ({ page }) => {
  await visit(page, "/meetings/new");
  await field(page, "name").getByRole("textbox").fill("우리 동네 뒷산");
  await field(page, "category").getByRole("combobox").selectOption("친목/사교");
  await page.getByRole("textbox", { name: "어떤 모임을 만들까요?" }).fill("등산");
  await page.keyboard.press("Enter");
  await expect(page.getByText("다 됐어요.")).toBeVisible();
  await expect(field(page, "name").getByRole("textbox")).toHaveValue("우리 동네 뒷산");
  await expectStanding(page, "name", "mine");
  await expect(field(page, "category").getByRole("combobox")).toHaveValue("친목/사교");
  await expectStanding(page, "summary", "settled");
});

test("a meeting that could not be created is still there", async ({ page, context }) => {
  await beginForm(page);
  await expect(page.getByText("다 됐어요.")).toBeVisible();
  await context.setOffline(true);
  await create(page).click();
  await expect(page.getByText("만들지 못했어요.")).toBeVisible();
  await expect(field(page, "name").getByRole("textbox")).toHaveValue(MEETING.name);
  await context.setOffline(false);
  await create(page).click();
  await expect(page.getByRole("heading", { name: "모임을 만들었어요" })).toBeVisible();
});

test.describe("while it is written", () => {
  test.use({ scene: "slow" });

  test("fields wait, fill and settle one after another", async ({ page }) => {
    await beginForm(page);
    await expectStanding(page, "description", "waiting");
    await expectStanding(page, "name", "settled");
    await expectStanding(page, "description", "filling");
    await expect(field(page, "description").locator("textarea + div .caret")).toBeVisible();
    await expectStanding(page, "period", "waiting");
    await expect(create(page)).toBeDisabled();
    await expectStanding(page, "period", "settled");
    await expect(create(page)).toBeEnabled();
  });

  test("a field that the user takes over is theirs, and the model's words for it can be had back", async ({
    page,
    line,
  }) => {
    await beginForm(page);
    await expectStanding(page, "name", "settled");
    const summary = field(page, "summary").getByRole("textbox");
    await summary.fill("내가 쓴 소개");
    await expectStanding(page, "summary", "mine");
    await expect(field(page, "summary")).toContainText("내가 씀");
    await expect.poll(() => line.asked).toContain("POST /runs/{id}/pins");
    await expect(page.getByText("다 됐어요.")).toBeVisible();
    await expect(summary).toHaveValue("내가 쓴 소개");
    await field(page, "summary").getByRole("button", { name: "이걸로 바꾸기" }).click();
    await expect(summary).toHaveValue(MEETING.summary);
    await expect(field(page, "summary")).not.toContainText("AI가 쓰려던 내용");
  });

  test("a pin that the server refuses is told at the field, until it is mended", async ({ page }) => {
    await beginForm(page);
    const name = field(page, "name").getByRole("textbox");
    await expectStanding(page, "name", "settled");
    await name.fill("도박 친구들");
    await expect(field(page, "name")).toContainText("이 표현은 쓸 수 없어요.");
    await expect(name).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByText("다 됐어요.")).toBeVisible();
    await expect(create(page)).toBeDisabled();
    await name.fill("산책 친구들");
    await expect(field(page, "name")).not.toContainText("이 표현은 쓸 수 없어요.");
    await expect(create(page)).toBeEnabled();
  });

  test("the text that grows leaves a user's cursor where it is", async ({ page }) => {
    await beginForm(page);
    await expectStanding(page, "description", "filling");
    const description = field(page, "description").getByRole("textbox");
    await description.evaluate((box: HTMLTextAreaElement) => {
      box.focus();
      box.setSelectionRange(1, 1);
    });
    const before = await description.inputValue();
    await expect(description).not.toHaveValue(before);
    await page.keyboard.type("쪽");
    await expect(description).toHaveValue(/^도쪽시에서/);
    await expectStanding(page, "description", "mine");
  });

  test("a reload reads the run on, with what the user had written", async ({ page, line }) => {
    await beginForm(page);
    await expectStanding(page, "name", "settled");
    await field(page, "summary").getByRole("textbox").fill("내가 쓴 소개");
    await reload(page);
    await expect(page.getByText("다 됐어요.")).toBeVisible();
    await expect(page.getByRole("textbox", { name: "어떤 모임을 만들까요?" })).toHaveValue(
      "등산이 처음인 사람들의 모임",
    );
    await expect(field(page, "name").getByRole("textbox")).toHaveValue(MEETING.name);
    await expect(field(page, "summary").getByRole("textbox")).toHaveValue("내가 쓴 소개");
    await expect(create(page)).toBeEnabled();
    expect(line.asked.filter((asked) => asked.endsWith("/stream"))).toHaveLength(1);
  });

  test("without a network it says so, and goes on behind it with what was written meanwhile", async ({
    page,
    context,
    line,
  }) => {
    await beginForm(page);
    await expectStanding(page, "name", "settled");
    await context.setOffline(true);
    line.goesDown();
    await expect(page.getByText("연결이 끊겼어요.")).toBeVisible();
    await field(page, "max_members").getByRole("textbox").fill("7");
    line.comesBack();
    await context.setOffline(false);
    await expect(page.getByText("다 됐어요.")).toBeVisible();
    await expect(field(page, "description").getByRole("textbox")).toHaveValue(MEETING.description);
    await expect(field(page, "max_members").getByRole("textbox")).toHaveValue("7");
    expect(line.asked.filter((asked) => asked.endsWith("/stream"))).toHaveLength(1);
  });
});

test.describe("a model that stalls", () => {
  test.use({ scene: "stalled" });

  test("is stopped; what is open can be written by hand", async ({ page, line }) => {
    await beginForm(page);
    await expectStanding(page, "description", "filling");
    await page.getByRole("button", { name: "멈추기" }).click();
    await expect(page.getByText("멈췄어요.")).toBeVisible();
    expect(line.asked).toContain("DELETE /runs/{id}");
    await expectStanding(page, "description", "cut");
    await expectStanding(page, "period", "open");
    await field(page, "description").getByRole("textbox").fill("천천히 걸어요.");
    await field(page, "period").getByRole("combobox").selectOption("1~3개월");
    for (const tag of ["등산", "초보", "주말"]) {
      await field(page, "tags").getByRole("textbox").fill(tag);
      await page.keyboard.press("Enter");
    }
    await expect(create(page)).toBeDisabled();
    await field(page, "max_members").getByRole("textbox").fill("120");
    await expect(field(page, "max_members")).toContainText("2명에서 100명 사이로 적어 주세요.");
    await expect(create(page)).toBeDisabled();
    await field(page, "max_members").getByRole("textbox").fill("12");
    await expect(create(page)).toBeEnabled();
  });
});

test.describe("a model that stalls, without a network", () => {
  test.use({ scene: "stalled" });

  test("what the user takes over meanwhile is told when there is one again", async ({ page, context, line }) => {
    await beginForm(page);
    await expectStanding(page, "description", "filling");
    await context.setOffline(true);
    line.goesDown();
    await expect(page.getByText("연결이 끊겼어요.")).toBeVisible();
    const failed = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/pins"));
    await field(page, "name").getByRole("textbox").fill("우리 동네 뒷산");
    await failed;
    line.comesBack();
    await context.setOffline(false);
    await expect.poll(() => line.asked).toContain("POST /runs/{id}/pins");
    expect(line.bodies[line.asked.indexOf("POST /runs/{id}/pins")]).toContain("우리 동네 뒷산");
  });
});

test.describe("a run that is lost", () => {
  test.use({ scene: "stalled" });

  test("is read on when one tries again, and told what was written since", async ({ page, line }) => {
    await page.clock.install();
    await beginForm(page);
    await expectStanding(page, "description", "filling");
    line.goesDown();
    await expect(page.getByText("연결이 끊겼어요.")).toBeVisible();
    await expect(async () => {
      await page.clock.fastForward("00:20"); // the client takes longer leaps for sleep, and does not count them
      await expect(page.getByText("답이 끝나기 전에 연결이 끊겼어요.")).toBeVisible({ timeout: 500 });
    }).toPass({ timeout: 20_000 });
    await field(page, "name").getByRole("textbox").fill("우리 동네 뒷산");
    line.comesBack();
    await page.getByRole("button", { name: "다시 시도" }).click();
    await expect.poll(() => line.asked).toContain("POST /runs/{id}/pins");
    await expectStanding(page, "description", "filling");
    expect(line.asked.filter((asked) => asked.endsWith("/stream"))).toHaveLength(1);
  });
});

test.describe("a model that breaks off", () => {
  test.use({ scene: "failing" });

  test("is told in plain words, and asked again with what the user holds by then", async ({ page, line }) => {
    await beginForm(page);
    await expect(page.getByText("답을 쓰다가 끊겼어요.")).toBeVisible();
    await field(page, "name").getByRole("textbox").fill("우리 동네 뒷산");
    await page.getByRole("button", { name: "다시 시도" }).click();
    await expect(page.getByText("다 됐어요.")).toBeVisible();
    expect(JSON.parse(line.bodies.at(-1) ?? "").input).toMatchObject({ name: "우리 동네 뒷산" });
    await expect(field(page, "name").getByRole("textbox")).toHaveValue("우리 동네 뒷산");
    await expect(create(page)).toBeEnabled();
  });
});

test.describe("a model that breaks a rule", () => {
  test.use({ scene: "refusing" });

  test("the rule stands at the field, and a user may mend it", async ({ page }) => {
    await beginForm(page);
    await expectStanding(page, "category", "invalid");
    await expect(field(page, "category")).toContainText("목록에서 골라 주세요.");
    await field(page, "category").getByRole("combobox").selectOption("스포츠");
    await expectStanding(page, "category", "mine");
    await expect(field(page, "category")).not.toContainText("목록에서 골라 주세요.");
  });
});
