"use client";
// A group that the assistant recommends, and why. The reason grows like a reply.

import type { Recommendation } from "moim-stream";
import { useApp } from "../shell/context";
import type { Group } from "./groups";
import styles from "./recommended.module.css";

interface Props {
  recommendation: Partial<Recommendation>;
  groups: readonly Group[];
}

export function Recommended({ recommendation, groups }: Props) {
  const { words } = useApp();
  const group = groups.find(({ id }) => id === recommendation.group_id);
  return (
    <article className={styles.card}>
      <p className={styles.lead}>{words.chat.recommended}</p>
      <h3>{group?.name ?? words.chat.unknownGroup}</h3>
      {group && (
        <p className={styles.facts}>
          {group.summary} · {words.home.members(group.members)}
        </p>
      )}
      <p className={styles.reason}>{recommendation.reason}</p>
    </article>
  );
}
