// Requests, results, events and errors, as schemas/schema.json has them. Made by `npm run schemas`.

/**
 * Why a request or a run failed. Clients switch on it; messages are for people and may change.
 */
export type Code =
  | "unauthenticated"
  | "forbidden"
  | "invalid_json"
  | "invalid_request"
  | "unsupported_media_type"
  | "not_found"
  | "method_not_allowed"
  | "request_too_large"
  | "conflict"
  | "gone"
  | "rate_limited"
  | "too_busy"
  | "upstream_auth"
  | "upstream_busy"
  | "upstream_unavailable"
  | "upstream_timeout"
  | "upstream_rejected"
  | "upstream_cut"
  | "upstream_garbled"
  | "truncated"
  | "content_filter"
  | "refused"
  | "not_json"
  | "duplicate_key"
  | "too_large"
  | "invalid_output"
  | "over_budget"
  | "time_limit"
  | "worker_lost"
  | "shutting_down"
  | "store_unavailable"
  | "issuer_unavailable"
  | "internal";
export type Event = Start | Token | Partial | FieldSettled | Invalid | Pinned | Reset | Complete | Failed | Cancelled;

export interface Schemas {
  Breach: Breach;
  Cancelled: Cancelled;
  Candidate: Candidate;
  ChatReply: ChatReply;
  ChatRequest: ChatRequest;
  Code: Code;
  Complete: Complete;
  Conflict: Conflict;
  ErrorEnvelope: ErrorEnvelope;
  Event: Event;
  Failed: Failed;
  FieldPlan: FieldPlan;
  FieldSettled: FieldSettled;
  Invalid: Invalid;
  MeetingInfo: MeetingInfo;
  MeetingRequest: MeetingRequest;
  Message: Message;
  Note: Note;
  Partial: Partial;
  PinReceipt: PinReceipt;
  PinRequest: PinRequest;
  Pinned: Pinned;
  PlanStep: PlanStep;
  PromptRef: PromptRef;
  Recommendation: Recommendation;
  Reset: Reset;
  RunReceipt: RunReceipt;
  RunView: RunView;
  SchemaRef: SchemaRef;
  Start: Start;
  TicketReceipt: TicketReceipt;
  Timings: Timings;
  Token: Token;
  Usage: Usage;
  WrittenStep: WrittenStep;
}
/**
 * One rule that a value broke: where (JSON Pointer), which rule, and a sentence. Never the value itself.
 */
export interface Breach {
  path: string;
  rule: string;
  message: string;
}
/**
 * Terminal: somebody stopped the run.
 */
export interface Cancelled {
  type: "cancelled";
  seq: number;
  reason: string;
  partial: {
    [k: string]: unknown;
  };
}
/**
 * A group the assistant may recommend. Its text is the group's own: data to the model, never instructions.
 */
export interface Candidate {
  id: string;
  name: string;
  summary?: string;
  /**
   * @maxItems 10
   */
  tags?: string[];
}
/**
 * The assistant's answer. No recommendation is null, never a made-up id.
 */
export interface ChatReply {
  /**
   * The answer to the user's last message
   */
  reply: string;
  /**
   * Short answers the user could tap next
   *
   * @maxItems 5
   */
  options?: string[];
  /**
   * The group that fits best, or null
   */
  recommendation?: Recommendation | null;
}
/**
 * A group out of the request's candidates, and why.
 */
export interface Recommendation {
  group_id: string;
  /**
   * Why this group fits the user
   */
  reason: string;
}
/**
 * The conversation so far, oldest first, and what kind of answer is wanted.
 */
export interface ChatRequest {
  /**
   * @minItems 1
   * @maxItems 50
   */
  messages: Message[];
  /**
   * Groups to choose from when a recommendation is wanted
   *
   * @maxItems 50
   */
  candidates?: Candidate[];
  want?: "reply" | "question" | "recommendation";
  /**
   * Defaults to the model's first language
   */
  language?: ("ko" | "en") | null;
}
/**
 * One turn of the conversation.
 */
export interface Message {
  role: "user" | "assistant";
  content: string;
}
/**
 * Terminal: the whole object, validated.
 */
export interface Complete {
  type: "complete";
  seq: number;
  value: {
    [k: string]: unknown;
  };
  finish_reason: string | null;
  usage: Usage | null;
  timings: Timings;
  attempts: number;
  repaired: boolean;
  conflicts?: Conflict[];
}
/**
 * Tokens, summed over the attempts that the model's server counted.
 *
 * It counts at the end, so an attempt that was stopped early is not in the sums: `uncounted` says how many.
 */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  uncounted?: number;
}
/**
 * Milliseconds since the run began. `first_token_ms` is null when the model wrote no text.
 */
export interface Timings {
  first_token_ms: number | null;
  fields: {
    [k: string]: number;
  };
  total_ms: number;
}
/**
 * A pinned field for which the model wrote something else.
 */
export interface Conflict {
  path: string;
  model_value: unknown;
}
/**
 * The body of every HTTP response that is not a success.
 */
export interface ErrorEnvelope {
  code: Code;
  message: string;
  details?: Breach[] | null;
  retryable: boolean;
  run_id?: string | null;
}
/**
 * The run begins. A form can lay itself out from `fields`, in order, before any model text.
 */
export interface Start {
  type: "start";
  seq: number;
  run_id: string;
  chain: string;
  model: string;
  prompt?: PromptRef | null;
  attempt: number;
  schema: SchemaRef;
  fields: FieldPlan[];
  notes: Note[];
}
/**
 * Which prompt the answer is written by: its file's name, its authors' number for it, its content's hash.
 */
export interface PromptRef {
  name: string;
  version: number;
  hash: string;
}
/**
 * Which schema the object will meet: its name, and a hash that changes when the schema does.
 */
export interface SchemaRef {
  name: string;
  hash: string;
}
/**
 * A place in the object to come and how it settles. `-` in the path stands for any item of a list.
 */
export interface FieldPlan {
  path: string;
  settle: "char" | "word" | "settled" | "items" | "grow";
}
/**
 * Something the client should know before the text comes. `code` is stable; `message` is for people.
 */
export interface Note {
  code: string;
  message: string;
}
/**
 * `text` was appended to the string at `path`: decoded, exact, never half a character.
 */
export interface Token {
  type: "token";
  seq: number;
  path: string;
  text: string;
}
/**
 * The object so far, paced. `settled` holds the topmost pointers that will not change again in this attempt.
 */
export interface Partial {
  type: "partial";
  seq: number;
  value: {
    [k: string]: unknown;
  };
  settled: string[];
  resumed?: boolean | null;
}
/**
 * A top-level property, or an item of a top-level list, is closed and valid; `ms` since the run began.
 */
export interface FieldSettled {
  type: "field";
  seq: number;
  path: string;
  value: unknown;
  source: "model" | "given" | "default";
  ms: number;
}
/**
 * Closed values broke their constraints, alone or together.
 */
export interface Invalid {
  type: "invalid";
  seq: number;
  paths: string[];
  errors: Breach[];
}
/**
 * The user took this top-level field over; the model's text no longer touches it. Another pin may.
 */
export interface Pinned {
  type: "pinned";
  seq: number;
  path: string;
  value: unknown;
}
/**
 * Another attempt begins. `keep` lists the top-level pointers that stay; everything else is void.
 *
 * `reason` is the `Code` that would have ended the run. `prompt` is told where another worker goes on: it may be
 * another one.
 */
export interface Reset {
  type: "reset";
  seq: number;
  attempt: number;
  keep: string[];
  reason: Code;
  prompt?: PromptRef | null;
}
/**
 * Terminal: the run failed. `partial` is what had come until then, so that nothing is lost.
 */
export interface Failed {
  type: "failed";
  seq: number;
  code: Code;
  phase: "request" | "upstream" | "parse" | "validate" | "server";
  message: string;
  retryable: boolean;
  retry_after_ms?: number | null;
  partial: {
    [k: string]: unknown;
  };
  errors?: Breach[] | null;
}
/**
 * A meeting, whole, its fields in form order. `plan` is an absent key unless it was asked for or given.
 *
 * What a model wrote is trimmed; what the user gave stays as it is (`MeetingRequest`).
 */
export interface MeetingInfo {
  /**
   * The group's name
   */
  name: string;
  category:
    | "반려동물"
    | "스포츠"
    | "독서/토론"
    | "문화/예술"
    | "외국/언어"
    | "게임/오락"
    | "음악/악기"
    | "IT/개발"
    | "취업/커리어"
    | "경제/금융"
    | "친목/사교"
    | "기타";
  /**
   * One line that makes people curious
   */
  summary: string;
  /**
   * What the group does, and for whom
   */
  description: string;
  /**
   * Single words, no #
   *
   * @minItems 3
   * @maxItems 5
   */
  tags: string[];
  period: "1개월 이하" | "1~3개월" | "3~6개월" | "6~12개월" | "1년 이상";
  /**
   * How many people at most
   */
  max_members: number;
  plan?: WrittenStep[] | null;
}
/**
 * A step as a model writes it: trimmed.
 */
export interface WrittenStep {
  step: number;
  title: string;
  /**
   * @maxItems 3
   */
  details: string[];
}
/**
 * What the user says. Any field of the meeting may be given; it is kept as it is and not asked of the model.
 */
export interface MeetingRequest {
  /**
   * What the group is for
   */
  goal: string;
  name?: string | null;
  category?:
    | (
        | "반려동물"
        | "스포츠"
        | "독서/토론"
        | "문화/예술"
        | "외국/언어"
        | "게임/오락"
        | "음악/악기"
        | "IT/개발"
        | "취업/커리어"
        | "경제/금융"
        | "친목/사교"
        | "기타"
      )
    | null;
  summary?: string | null;
  description?: string | null;
  tags?: string[] | null;
  period?: ("1개월 이하" | "1~3개월" | "3~6개월" | "6~12개월" | "1년 이상") | null;
  /**
   * Where it meets
   */
  location?: string | null;
  max_members?: number | null;
  plan?: PlanStep[] | null;
  /**
   * Whether a step-by-step plan is wanted
   */
  include_plan?: boolean;
  /**
   * Defaults to the model's first language
   */
  language?: ("ko" | "en") | null;
}
/**
 * One step of the plan; `step` counts from 1.
 */
export interface PlanStep {
  step: number;
  title: string;
  /**
   * @maxItems 3
   */
  details: string[];
}
/**
 * The pin stands in the run's log.
 */
export interface PinReceipt {
  /**
   * The number of the `pinned` event
   */
  seq: number;
}
/**
 * What the user took over: a top-level field of the object, and its value as the user left it.
 */
export interface PinRequest {
  /**
   * A JSON Pointer to a top-level field
   */
  path: string;
  /**
   * The field's value. It must meet the field's rules; null only where they allow it
   */
  value: {
    [k: string]: unknown;
  };
}
/**
 * A run has begun, and goes on whether or not anybody reads it.
 *
 * `events_url`, relative to the server, is what an `EventSource` opens. `ticket` lets it in where authentication is
 * on, and is null where it is off.
 */
export interface RunReceipt {
  run_id: string;
  events_url: string;
  ticket?: string | null;
}
/**
 * How far a run has come: `value` is the object as of event number `seq`, `settled` what of it will not change.
 *
 * `end` is its terminal event, null while it goes on.
 */
export interface RunView {
  run_id: string;
  chain: string;
  state: "running" | "complete" | "failed" | "cancelled";
  seq: number;
  attempt: number;
  value: {
    [k: string]: unknown;
  };
  settled: string[];
  end: (Start | Token | Partial | FieldSettled | Invalid | Pinned | Reset | Complete | Failed | Cancelled) | null;
}
/**
 * A ticket for a run: `ticket`, as `?ticket=` at its `events_url`, lets in for `expires_s` seconds from now on.
 */
export interface TicketReceipt {
  ticket: string;
  expires_s: number;
}
