"use client";
// How a field stands, in a word.

import { useApp } from "../shell/context";
import { Icon } from "../shell/icons";
import styles from "./mark.module.css";
import type { Standing } from "./standing";

const ICONS = { settled: "check", mine: "pen", invalid: "alert", cut: "alert" } as const;

export function Mark({ id, standing, ms }: { id: string; standing: Standing; ms: number | undefined }) {
  const { words } = useApp();
  return (
    <span id={id} className={styles.mark} data-standing={standing}>
      {standing in ICONS && <Icon name={ICONS[standing as keyof typeof ICONS]} />}
      {words.standing[standing]}
      {standing === "filling" && <span className="caret" />}
      {standing === "settled" && ms !== undefined && <small>{words.form.seconds(ms)}</small>}
    </span>
  );
}
