"use client";
// One of a list.

import type { MeetingInfo } from "moim-stream";
import { useApp } from "../shell/context";
import styles from "./choice-input.module.css";
import type { InputProps } from "./input-props";
import { CATEGORIES, PERIODS } from "./meeting";

interface Props<Choice extends string> extends InputProps<Choice> {
  choices: readonly Choice[];
  labels: Readonly<Record<string, string>>;
}

function ChoiceInput<Choice extends string>(props: Props<Choice>) {
  const { id, describedBy, isInvalid, value, standing, choices, labels, write, release } = props;
  const { form } = useApp().words;
  return (
    <select
      id={id}
      className={styles.choice}
      data-standing={standing}
      aria-describedby={describedBy}
      aria-invalid={isInvalid}
      value={value ?? ""}
      onChange={({ target }) => (target.value ? write(target.value as Choice) : release())}
    >
      <option value="">{form.choose}</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {labels[choice] ?? choice}
        </option>
      ))}
    </select>
  );
}

export function CategoryInput(props: InputProps<MeetingInfo["category"]>) {
  return <ChoiceInput {...props} choices={CATEGORIES} labels={useApp().words.categories} />;
}

export function PeriodInput(props: InputProps<MeetingInfo["period"]>) {
  return <ChoiceInput {...props} choices={PERIODS} labels={useApp().words.periods} />;
}
