"use client";
// Steps that grow one after another. They can be changed once they are whole: a plan is taken over as one.

import type { PlanStep } from "moim-stream";
import { useApp } from "../shell/context";
import type { InputProps } from "./input-props";
import { MOST } from "./meeting";
import styles from "./plan-input.module.css";

const NONE: PlanStep[] = [];

export function PlanInput({ id, describedBy, value = NONE, standing, write, release }: InputProps<PlanStep[]>) {
  const { plan, fields } = useApp().words;
  const isGrowing = standing === "filling";

  /** Steps count from one, whatever was taken out of them. */
  function put(steps: PlanStep[]) {
    if (steps.length > 0) write(steps.map((step, at) => ({ ...step, step: at + 1 })));
    else release();
  }

  function change(at: number, part: Partial<PlanStep>) {
    put(value.map((step, index) => (index === at ? { ...step, ...part } : step)));
  }

  return (
    <div className={styles.plan} data-standing={standing}>
      <ol id={id} tabIndex={-1} aria-label={fields.plan} aria-describedby={describedBy}>
        {value.map(({ title = "", details = [] }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is known by its place
          <li key={at}>
            <input
              aria-label={plan.title(at + 1)}
              readOnly={isGrowing}
              maxLength={MOST.title}
              value={title}
              onChange={({ target }) => change(at, { title: target.value })}
            />
            <textarea
              aria-label={plan.details(at + 1)}
              readOnly={isGrowing}
              rows={1}
              value={details.join("\n")}
              onChange={({ target }) => change(at, { details: linesOf(target.value) })}
            />
            <button type="button" disabled={isGrowing} onClick={() => put(value.filter((_, index) => index !== at))}>
              {plan.remove(at + 1)}
            </button>
          </li>
        ))}
      </ol>
      {!isGrowing && standing !== "waiting" && value.length < MOST.steps && (
        <button
          className={styles.add}
          type="button"
          onClick={() => put([...value, { step: 0, title: "", details: [] }])}
        >
          {plan.add}
        </button>
      )}
    </div>
  );
}

/** An empty box has no line. */
function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/\r?\n/).slice(0, MOST.details);
}
