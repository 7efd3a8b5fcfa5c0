"use client";
// What the model wrote for a field that the user had taken over.

import type { PlanStep } from "moim-stream";
import { useApp } from "../shell/context";
import styles from "./suggestion.module.css";

export function Suggestion({ value, take }: { value: unknown; take: () => void }) {
  const { form } = useApp().words;
  return (
    <p className={styles.suggestion}>
      <span>
        {form.model}: <q>{asText(value)}</q>
      </span>
      <button type="button" onClick={take}>
        {form.useModel}
      </button>
    </p>
  );
}

function asText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((item: string | PlanStep) => (typeof item === "string" ? item : item.title)).join(", ");
}
