// Reads structured streams: typed events of an answer while a model is still writing it, and what they add up to.

export type { HeadersFor, RequestHeaders } from "./ask.ts";
export { type ClientCode, StreamError } from "./error.ts";
export { type DeepPartial, type EventName, type JsonObject, type StreamEvent, TERMINAL } from "./events.ts";
export type { Connection, ResumeOptions, StreamOptions } from "./options.ts";
export { EventStreamParser, type Frame } from "./parser.ts";
export { type End, initial, type RunState, reduce } from "./reduce.ts";
export { type Run, resumeRun, streamRun } from "./run.ts";
export type * from "./schemas.ts";
export type { FieldStatus } from "./statuses.ts";
