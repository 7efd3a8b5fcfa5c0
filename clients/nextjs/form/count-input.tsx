"use client";
// A number of people. While one types there may be none in the box, or half of one.

import { useState } from "react";
import { useApp } from "../shell/context";
import styles from "./count-input.module.css";
import type { InputProps } from "./input-props";

export function CountInput({ id, describedBy, isInvalid, value, standing, write, release }: InputProps<number>) {
  const { form } = useApp().words;
  const [typed, setTyped] = useState<string>(); // from the first key until one leaves
  return (
    <input
      id={id}
      className={styles.count}
      data-standing={standing}
      inputMode="numeric"
      maxLength={3}
      placeholder={standing === "open" ? form.open : ""}
      aria-describedby={describedBy}
      aria-invalid={isInvalid}
      value={typed ?? value ?? ""}
      onChange={({ target }) => {
        const digits = target.value.replace(/\D/g, "");
        setTyped(digits);
        if (digits) write(Number(digits));
      }}
      onBlur={() => {
        if (typed === "") release();
        setTyped(undefined);
      }}
    />
  );
}
