// What every input of the form is given.

import type { Standing } from "./standing";

export interface InputProps<Value> {
  id: string;
  describedBy: string;
  isInvalid: boolean;
  value: Value | undefined;
  standing: Standing;
  write: (value: Value) => void;
  /** What was emptied is the model's again. */
  release: () => void;
}
