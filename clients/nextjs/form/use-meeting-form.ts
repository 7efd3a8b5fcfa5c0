"use client";
// The form: what the user holds over what the model writes, and where each field stands.

import type { MeetingInfo } from "moim-stream";
import { type StructuredStream, useStructuredStream } from "moim-stream/react";
import { useCallback, useEffect, useState } from "react";
import { accessHeaders } from "../shell/access";
import { useApp } from "../shell/context";
import { forget, keep, look } from "../shell/kept";
import { DRAFT_KEY, type Draft, EMPTY_DRAFT, type KeptDraft, requestOf } from "./draft";
import { FIELDS, type FieldName, keepsRule, type Mine } from "./meeting";
import { Pins, type Refusal } from "./pins";
import { type Standing, standingOf } from "./standing";

type Refusals = Readonly<Partial<Record<FieldName, Refusal>>>;

export interface FormField {
  readonly name: FieldName;
  readonly value: MeetingInfo[FieldName] | undefined;
  readonly standing: Standing;
  /** Why it cannot stay so: "" for its rule, else in the server's words. */
  readonly problem: string | undefined;
  readonly ms: number | undefined;
  readonly conflict: unknown;
}

export function useMeetingForm() {
  const { settings, language } = useApp();
  const stream = useStructuredStream<MeetingInfo>(`${settings.aiUrl}/meeting-info`, { headers: accessHeaders });
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [refusals, setRefusals] = useState<Refusals>({});
  const { run, resume, retry, runId, pin, connection, status, error } = stream;
  const [pins] = useState(
    () => new Pins(pin, (name, refusal) => setRefusals((refusals) => withRefusal(refusals, name, refusal))),
  );
  const isLive = status === "connecting" || status === "streaming";

  const change = useCallback((part: Partial<Draft>) => setDraft((draft) => ({ ...draft, ...part })), []);

  const write = useCallback(
    (name: FieldName, value: MeetingInfo[FieldName]) => {
      setDraft((draft) => ({ ...draft, mine: { ...draft.mine, [name]: value } }));
      setRefusals((refusals) => withRefusal(refusals, name, undefined));
      if (isLive) pins.write(name, value);
    },
    [pins, isLive],
  );

  /** What the user has emptied is left to the model again. */
  const release = useCallback(
    (name: FieldName) => {
      setDraft(({ mine: { [name]: _, ...mine }, ...draft }) => ({ ...draft, mine }));
      setRefusals((refusals) => withRefusal(refusals, name, undefined));
      pins.drop(name);
    },
    [pins],
  );

  function begin(): void {
    setRefusals({});
    pins.clear();
    run(requestOf(draft, language));
  }

  /** A run is read on: what the user has written since it was read last is told. */
  const tell = useCallback(
    (mine: Mine) => {
      for (const name of FIELDS) if (mine[name] !== undefined) pins.write(name, mine[name]);
    },
    [pins],
  );

  /** A run that was lost is read on; any other is asked again, and is given what the user holds by now. */
  function again(): void {
    if (error?.code === "lost") {
      retry();
      tell(draft.mine);
    } else {
      begin();
    }
  }

  // A page that is loaded anew in the middle of a run goes on with it.
  useEffect(() => {
    const kept = look<KeptDraft>(DRAFT_KEY);
    if (!kept) return;
    const { runId, ...draft } = kept;
    setDraft(draft);
    if (!runId) return;
    resume(runId);
    tell(draft.mine);
  }, [resume, tell]);

  useEffect(() => {
    if (draft !== EMPTY_DRAFT) keep(DRAFT_KEY, runId ? { ...draft, runId } : draft);
  }, [draft, runId]);

  useEffect(() => {
    if (connection === "open") pins.again();
    if (connection === "closed") pins.clear();
  }, [connection, pins]);

  const fields = fieldsOf(stream, draft, refusals, isLive);
  const done = fields.filter(({ standing, problem }) => DONE.includes(standing) && problem === undefined);
  return {
    stream,
    draft,
    fields,
    doneCount: done.length,
    isLive,
    change,
    write,
    release,
    begin,
    again,
    forget: () => forget(DRAFT_KEY),
  };
}

/** What the form holds: the model's, and over it the user's. */
export function meetingOf({ fields }: { fields: readonly FormField[] }): MeetingInfo {
  return Object.fromEntries(fields.map(({ name, value }) => [name, value])) as unknown as MeetingInfo;
}

const DONE: readonly Standing[] = ["settled", "mine"];

function fieldsOf(
  stream: StructuredStream<MeetingInfo>,
  draft: Draft,
  refusals: Refusals,
  isLive: boolean,
): FormField[] {
  const names = FIELDS.filter((name) => name !== "plan" || draft.wantsPlan || stream.value.plan);
  return names.map((name) => {
    const mine = draft.mine[name];
    const value = mine ?? (stream.value[name] as MeetingInfo[FieldName]);
    const standing = standingOf(mine !== undefined, stream.fields[`/${name}`], isLive);
    return {
      name,
      value,
      standing,
      problem: problemOf(name, value, standing, refusals[name]),
      ms: stream.timings.fields[`/${name}`],
      conflict: stream.conflicts.find(({ path }) => path === `/${name}`)?.model_value,
    };
  });
}

function problemOf(
  name: FieldName,
  value: MeetingInfo[FieldName] | undefined,
  standing: Standing,
  refusal: Refusal | undefined,
): string | undefined {
  if (refusal) return refusal.sentence ?? "";
  const isWrong = standing === "invalid" || (standing === "mine" && !keepsRule(name, value));
  return isWrong ? "" : undefined;
}

function withRefusal(refusals: Refusals, name: FieldName, refusal: Refusal | undefined): Refusals {
  const { [name]: before, ...others } = refusals;
  if (before === refusal) return refusals;
  return refusal ? { ...others, [name]: refusal } : others;
}
