"use client";

import { useId } from "react";
import { useApp } from "../shell/context";
import styles from "./progress.module.css";

export function Progress({ done, of }: { done: number; of: number }) {
  const { form } = useApp().words;
  const id = useId();
  return (
    <div className={styles.progress}>
      <span id={id} role="status">
        {form.progress(done, of)}
      </span>
      <progress aria-labelledby={id} value={done} max={of} />
    </div>
  );
}
