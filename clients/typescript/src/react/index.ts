// Hooks: a form that fills itself in, and a chat whose reply grows. At most one render per animation frame.

export { type ChatOptions, type ChatStream, useChatStream } from "./chat.ts";
export type { HookOptions } from "./session.ts";
export type { Outlook, Status, Timings } from "./shown.ts";
export { type StructuredStream, useStructuredStream } from "./structured.ts";
