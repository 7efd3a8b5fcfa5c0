// A meeting's fields, as the form has them: their order, their choices, their rules.

import type { MeetingInfo, PlanStep } from "moim-stream";

export type FieldName = keyof MeetingInfo;

/** What the user holds: given before a run, taken over in one, or changed afterwards. */
export type Mine = { readonly [Name in FieldName]?: NonNullable<MeetingInfo[Name]> };

export const FIELDS: readonly FieldName[] = [
  "name",
  "category",
  "summary",
  "description",
  "tags",
  "period",
  "max_members",
  "plan",
];

export const CATEGORIES: readonly MeetingInfo["category"][] = [
  "반려동물",
  "스포츠",
  "독서/토론",
  "문화/예술",
  "외국/언어",
  "게임/오락",
  "음악/악기",
  "IT/개발",
  "취업/커리어",
  "경제/금융",
  "친목/사교",
  "기타",
];

export const PERIODS: readonly MeetingInfo["period"][] = ["1개월 이하", "1~3개월", "3~6개월", "6~12개월", "1년 이상"];

export const MOST = {
  goal: 256,
  location: 255,
  name: 64,
  summary: 50,
  description: 400,
  tag: 10,
  tags: 5,
  steps: 8,
  title: 40,
  details: 3,
  detail: 80,
};

/** The form's own look at what the server looks at as well: there is no run to ask any more when one is over. */
const KEEPS: { readonly [Name in FieldName]: (value: NonNullable<MeetingInfo[Name]>) => boolean } = {
  name: (text) => isLine(text, MOST.name),
  category: (choice) => CATEGORIES.includes(choice),
  summary: (text) => isLine(text, MOST.summary),
  description: (text) => isText(text, MOST.description),
  tags: (tags) =>
    tags.length >= 3 && tags.length <= MOST.tags && new Set(tags).size === tags.length && tags.every(isTag),
  period: (choice) => PERIODS.includes(choice),
  max_members: (count) => Number.isInteger(count) && count >= 2 && count <= 100,
  plan: (steps) => steps.length <= MOST.steps && steps.every(isStep),
};

export function keepsRule<Name extends FieldName>(name: Name, value: MeetingInfo[Name] | undefined): boolean {
  return value !== undefined && value !== null && KEEPS[name](value);
}

function isText(text: string, most: number): boolean {
  return text.trim() !== "" && [...text].length <= most;
}

function isLine(text: string, most: number): boolean {
  return isText(text, most) && !/[\r\n]/.test(text);
}

function isTag(tag: string): boolean {
  return isText(tag, MOST.tag) && !/[\s#]/.test(tag);
}

function isStep({ title, details }: PlanStep): boolean {
  return (
    isLine(title, MOST.title) && details.length <= MOST.details && details.every((line) => isLine(line, MOST.detail))
  );
}
