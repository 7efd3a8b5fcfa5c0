"use client";
// One field of the form: its name, how it stands, its input, and what is wrong with it.

import type { MeetingInfo } from "moim-stream";
import { memo, useId } from "react";
import { useApp } from "../shell/context";
import { CategoryInput, PeriodInput } from "./choice-input";
import { CountInput } from "./count-input";
import type { InputProps } from "./input-props";
import { Mark } from "./mark";
import { type FieldName, keepsRule } from "./meeting";
import styles from "./meeting-field.module.css";
import { PlanInput } from "./plan-input";
import { Suggestion } from "./suggestion";
import { TagsInput } from "./tags-input";
import { DescriptionInput, NameInput, SummaryInput } from "./text-input";
import type { FormField } from "./use-meeting-form";

const INPUTS = {
  name: NameInput,
  category: CategoryInput,
  summary: SummaryInput,
  description: DescriptionInput,
  tags: TagsInput,
  period: PeriodInput,
  max_members: CountInput,
  plan: PlanInput,
} as const;

type Values = MeetingInfo[FieldName];

interface Props extends FormField {
  write: (name: FieldName, value: Values) => void;
  release: (name: FieldName) => void;
}

/** Drawn only when something of it has changed: of a form that fills, one field at a time. */
export const MeetingField = memo(function MeetingField({ write, release, ...field }: Props) {
  const { words } = useApp();
  const { name, standing, problem, conflict } = field;
  const id = useId();
  // The map's values take what their key says; the compiler cannot follow that through a name.
  const Input = INPUTS[name] as (props: InputProps<Values>) => React.ReactNode;
  const label = words.fields[name];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot stand in a line with its mark
    <div className={styles.field} role="group" aria-label={label} data-field={name} data-standing={standing}>
      <div className={styles.head}>
        <label htmlFor={id}>{label}</label>
        <Mark id={`${id}-mark`} standing={standing} ms={field.ms} />
      </div>
      <Input
        id={id}
        describedBy={`${id}-mark ${id}-problem`}
        isInvalid={problem !== undefined}
        value={field.value}
        standing={standing}
        write={(value) => write(name, value)}
        release={() => release(name)}
      />
      <p id={`${id}-problem`} className={styles.problem} aria-live="polite">
        {problem === undefined ? "" : problem || words.rules[name]}
      </p>
      {standing === "mine" && keepsRule(name, conflict as Values) && !isSame(conflict, field.value) && (
        <Suggestion value={conflict} take={() => write(name, conflict as Values)} />
      )}
    </div>
  );
});

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
