import { expect, openAgain, openChat, reload, say, test } from "./fixtures";
import { MARKUP, QUESTION, RECOMMENDATION } from "./scenes";

test.describe("a group that fits", () => {
  test.use({ scene: "recommending" });

  test("a question with quick replies, and one of them leads to a recommended group", async ({ page, line }) => {
    const chat = await openChat(page);
    await say(page, "주말에 사람들을 만나고 싶어요");
    await expect(chat.getByText(QUESTION.reply)).toBeVisible();
    await chat.getByRole("button", { name: "밖에서 걷기" }).click();
    await expect(chat.getByText("나: 밖에서 걷기")).toBeVisible();
    const card = chat.getByRole("article");
    await expect(card).toContainText("느린 산책");
    await expect(card).toContainText(RECOMMENDATION.recommendation.reason);
    expect(line.asked).toEqual(["POST /chatbot/stream", "POST /chatbot/stream"]);

    await reload(page);
    await openAgain(page);
    await expect(chat.getByText(QUESTION.reply)).toBeVisible();
    await expect(card).toContainText("느린 산책");
  });
});

test.describe("slowly", () => {
  test.use({ scene: "slow" });

  test("dots first, then a reply that grows behind a caret; a reload reads it on", async ({ page, line }) => {
    const chat = await openChat(page);
    await say(page, "안녕하세요");
    await expect(chat.getByText("생각하고 있어요")).toBeAttached();
    const growing = chat.locator("p:has(> .caret)");
    await expect(growing).toContainText("반가워요!");
    await expect(growing).not.toContainText(QUESTION.reply);
    await expect(chat.getByRole("button", { name: "밖에서 걷기" })).toHaveCount(0);

    await reload(page);
    await openAgain(page);
    await expect(chat.getByText(QUESTION.reply)).toBeVisible();
    await expect(chat.getByRole("button", { name: "밖에서 걷기" })).toBeVisible();
    expect(line.asked.filter((asked) => asked.startsWith("POST"))).toEqual(["POST /chatbot/stream"]);
  });

  test("an answer that comes while the chat is closed is unread until it is opened", async ({ page }) => {
    await openChat(page);
    await say(page, "안녕하세요");
    await page.keyboard.press("Escape");
    const opener = page.getByRole("button", { name: /모임 찾기 도우미 열기/ });
    await expect(opener).toBeFocused();
    await expect(opener).toHaveAccessibleName(/새 답이 있어요/);
    await opener.click();
    await expect(opener).not.toHaveAccessibleName(/새 답이 있어요/);
    await expect(page.getByRole("log").getByText(QUESTION.reply)).toBeVisible();
  });
});

test.describe("a model that stalls", () => {
  test.use({ scene: "stalled" });

  test("is stopped, and what it said stays", async ({ page, line }) => {
    const chat = await openChat(page);
    await say(page, "안녕하세요");
    await expect(chat.getByText("반가워요!")).toBeVisible();
    await page.getByRole("button", { name: "멈추기" }).click();
    await expect(chat.getByText("여기까지 듣고 멈췄어요.")).toBeVisible();
    await expect(chat.getByText("반가워요!")).toBeVisible();
    expect(line.asked.at(-1)).toBe("DELETE /runs/{id}");
  });
});

test.describe("a model that breaks off", () => {
  test.use({ scene: "failing" });

  test("is told in plain words, and asked again", async ({ page }) => {
    const chat = await openChat(page);
    await say(page, "안녕하세요");
    const problem = chat.getByRole("alert");
    await expect(problem).toContainText("답을 쓰다가 끊겼어요.");
    await problem.getByRole("button", { name: "다시 시도" }).click();
    await expect(chat.getByText(QUESTION.reply)).toBeVisible();
    await expect(problem).toHaveCount(0);
    await expect(chat.getByText("나: 안녕하세요")).toHaveCount(1);
  });
});

test("after five quiet minutes it rests, and goes on when one types", async ({ page }) => {
  await page.clock.install();
  const chat = await openChat(page);
  await say(page, "안녕하세요");
  const quick = chat.getByRole("button", { name: "밖에서 걷기" });
  const resting = chat.getByText("한동안 말씀이 없어 대화를 쉬고 있어요.");
  await expect(quick).toBeVisible();
  await page.clock.fastForward("04:30");
  await expect(quick).toBeVisible();
  await page.clock.fastForward("00:31");
  await expect(resting).toBeVisible();
  await expect(quick).toHaveCount(0);
  await page.keyboard.type("네");
  await expect(resting).toHaveCount(0);
  await expect(quick).toBeVisible();
});

test.describe("markup", () => {
  test.use({ scene: "planned" });

  test("of a model is text", async ({ page }) => {
    const chat = await openChat(page);
    await say(page, "안녕하세요");
    await expect(chat.getByText(MARKUP.reply)).toBeVisible();
    await expect(chat.getByRole("button", { name: "<i>기울임</i>" })).toBeVisible();
    await expect(chat.locator("img")).toHaveCount(0);
  });
});

test("a Korean letter that is being composed is not sent by its Enter", async ({ page, line }) => {
  await openChat(page);
  const input = page.getByRole("textbox", { name: "보낼 말" });
  await input.fill("안녕");
  await input.dispatchEvent("keydown", { key: "Enter", isComposing: true });
  await expect(input).toHaveValue("안녕");
  expect(line.asked).toEqual([]);
  await input.press("Enter");
  await expect(input).toHaveValue("");
});

test("a new chat begins from nothing", async ({ page }) => {
  const chat = await openChat(page);
  await say(page, "안녕하세요");
  await expect(chat.getByText(QUESTION.reply)).toBeVisible();
  await page.getByRole("button", { name: "새 대화" }).click();
  await expect(chat.getByText(QUESTION.reply)).toHaveCount(0);
  await reload(page);
  await openAgain(page);
  await expect(chat.getByText(QUESTION.reply)).toHaveCount(0);
});
