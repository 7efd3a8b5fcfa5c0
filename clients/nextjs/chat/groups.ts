// The groups that the assistant may recommend. A product has them from its own backend.

import type { Candidate } from "moim-stream";
import type { Language } from "../shell/words";

export interface Group extends Required<Candidate> {
  members: number;
}

export const GROUPS: Readonly<Record<Language, readonly Group[]>> = {
  ko: [
    {
      id: "slow-walk",
      name: "느린 산책",
      summary: "가장 느린 사람의 걸음에 맞추는 일요일",
      tags: ["산책", "초보"],
      members: 9,
    },
    {
      id: "one-book",
      name: "한 달 한 권",
      summary: "말수가 적어도 괜찮은 조용한 책 모임",
      tags: ["독서", "저녁"],
      members: 6,
    },
    {
      id: "first-chord",
      name: "첫 코드",
      summary: "우쿨렐레를 처음 잡는 사람들의 합주",
      tags: ["음악", "입문"],
      members: 7,
    },
    {
      id: "night-python",
      name: "퇴근길 파이썬",
      summary: "작은 도구를 하나씩 만들어 보는 밤",
      tags: ["개발", "평일"],
      members: 12,
    },
  ],
  en: [
    {
      id: "slow-walk",
      name: "Slow Walk",
      summary: "Sundays at the pace of the slowest",
      tags: ["walking", "beginners"],
      members: 9,
    },
    {
      id: "one-book",
      name: "One Book a Month",
      summary: "Quiet evenings where nobody has to talk much",
      tags: ["books", "evenings"],
      members: 6,
    },
    {
      id: "first-chord",
      name: "First Chord",
      summary: "Playing together with a first ukulele",
      tags: ["music", "starting"],
      members: 7,
    },
    {
      id: "night-python",
      name: "Python After Work",
      summary: "One small tool each night",
      tags: ["coding", "weekdays"],
      members: 12,
    },
  ],
};
