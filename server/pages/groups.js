// Sample groups that a recommendation may choose from, in both languages.

const GROUPS = [
  {
    id: "hike",
    en: [
      "First Summit",
      "Easy Saturday hikes near the city, with time for tea on top.",
      ["hiking", "weekend", "beginners"],
    ],
    ko: ["첫 정상", "토요일마다 가까운 산을 천천히 올라 정상에서 차를 마셔요.", ["등산", "주말", "초보환영"]],
  },
  {
    id: "books",
    en: ["The Slow Readers", "One novel a month, a quiet café, and no homework.", ["books", "monthly", "quiet"]],
    ko: ["느리게 읽는 사람들", "한 달에 소설 한 권, 조용한 카페, 숙제는 없어요.", ["독서", "월1회", "조용한"]],
  },
  {
    id: "python",
    en: [
      "Zero to Python",
      "Tuesday evenings: small projects, first programs, patient mentors.",
      ["python", "evening", "study"],
    ],
    ko: ["파이썬 첫걸음", "화요일 저녁마다 작은 프로그램을 함께 만들어요.", ["파이썬", "평일저녁", "스터디"]],
  },
  {
    id: "dogs",
    en: [
      "Sunday Dog Walk",
      "An hour by the river with dogs and the people they bring.",
      ["dogs", "sunday", "outdoors"],
    ],
    ko: ["일요일 강아지 산책", "일요일 아침 강변을 강아지와 한 시간 걸어요.", ["강아지", "일요일", "산책"]],
  },
];

/** The groups as candidates of a chat request. */
export function sampleGroups(language) {
  return GROUPS.map((group) => {
    const [name, summary, tags] = group[language] ?? group.en;
    return { id: group.id, name, summary, tags };
  });
}
