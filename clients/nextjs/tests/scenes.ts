// What the AI server says: in each scene both chains have a scripted model of their own. Where a scene has several replies, a
// test asks for all of them, so that the next one begins with the first.

export const MEETING = {
  name: "느린 산책",
  category: "스포츠",
  summary: "산이 처음인 사람들의 느긋한 일요일",
  description:
    "도시에서 한 시간 안에 닿는 완만한 길을 가장 느린 사람의 걸음에 맞춰 걸어요.\n물과 편한 신발만 챙겨 오세요.",
  tags: ["등산", "초보", "주말", "산책"],
  period: "3~6개월",
  max_members: 12,
};
const PLAN = [
  { step: 1, title: "첫 만남과 둘레길", details: ["역 앞에서 만나기", "한 시간 걷고 차 마시기"] },
  { step: 2, title: "낮은 산 함께 오르기", details: [] },
];
export const QUESTION = {
  reply: "반가워요! 밖에서 걷는 편이 좋으세요, 조용한 곳이 좋으세요?",
  options: ["밖에서 걷기", "조용한 곳"],
};
export const RECOMMENDATION = {
  reply: "천천히 걷는 모임이 잘 맞을 것 같아요.",
  options: [],
  recommendation: { group_id: "slow-walk", reason: "가장 느린 사람에게 맞춰 걷거든요." },
};
export const MARKUP = { reply: "<img src=x onerror=alert(1)> <b>굵게</b>", options: ["<i>기울임</i>"] };

type Reply = object | { text: string; failure: "cut" | "stall" };

interface Script {
  chatbot: Reply[];
  meeting: Reply[];
  pace_ms?: number;
  chunk_size?: number;
}

const half = (value: object) => JSON.stringify(value).slice(0, JSON.stringify(value).length / 2);

const SCRIPTS = {
  whole: { chatbot: [QUESTION], meeting: [MEETING] },
  recommending: { chatbot: [QUESTION, RECOMMENDATION], meeting: [MEETING] },
  planned: { chatbot: [MARKUP], meeting: [{ ...MEETING, plan: PLAN }] },
  // Long enough to do something in the middle, some six seconds.
  slow: { chatbot: [QUESTION], meeting: [MEETING], pace_ms: 70 },
  // A model that says all of it one character at a time, as fast as it can be read.
  fast: {
    chatbot: [QUESTION],
    meeting: [{ ...MEETING, description: "빠르게 ".repeat(95).trim() }],
    pace_ms: 2,
    chunk_size: 1,
  },
  stalled: {
    chatbot: [{ text: half(QUESTION), failure: "stall" }],
    meeting: [{ text: half(MEETING), failure: "stall" }],
  },
  failing: {
    chatbot: [{ text: half(QUESTION), failure: "cut" }, QUESTION],
    meeting: [{ text: half(MEETING), failure: "cut" }, MEETING],
  },
  refusing: { chatbot: [QUESTION], meeting: [{ text: '{"name": "바르지 않은", "category": "없는 분야"}' }, MEETING] },
} satisfies Record<string, Script>;

export type Scene = keyof typeof SCRIPTS;

/** A chain whose check lets no word of this list pass, neither at the beginning nor as a pin. */
export const MODULES = {
  "checked.py": `from chains import WordList, meeting_info


def build(model, limits):
    return meeting_info.build(model, limits, check_input=WordList(["도박"], reason="이 표현은 쓸 수 없어요."))
`,
};

export function config(): object {
  const scenes = Object.entries<Script>(SCRIPTS);
  return {
    models: Object.fromEntries(scenes.flatMap(([scene, script]) => models(scene, script))),
    chains: Object.fromEntries(scenes.flatMap(([scene]) => chains(scene))),
    limits: { repairs: 0 },
  };
}

function models(scene: string, { chatbot, meeting, pace_ms = 10, chunk_size = 3 }: Script) {
  const model = (replies: Reply[]) => ({ provider: "scripted", pace_ms, chunk_size, replies: replies.map(said) });
  return [
    [`${scene}-chat`, model(chatbot)],
    [`${scene}-form`, model(meeting)],
  ] as const;
}

function chains(scene: string) {
  return [
    [`${scene}-chat`, { runnable: "chains.chatbot:build", path: `/${scene}/chatbot`, model: `${scene}-chat` }],
    [`${scene}-form`, { runnable: "checked:build", path: `/${scene}/meeting-info`, model: `${scene}-form` }],
  ] as const;
}

function said(reply: Reply): object {
  return "text" in reply ? reply : { text: JSON.stringify(reply) };
}
