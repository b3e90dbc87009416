import * as z from 'zod';
import { jobSnapshot } from './schemas/common.ts';

/** A failure that crosses the port: `code` for decisions, `message` one sentence for people. */
export const wireError = z.object({
  code: z.string(),
  message: z.string(),
  /** With code `missing-shape`: the inputs to ask about. */
  inputs: z.array(z.string()).optional(),
});

export const toHost = z.discriminatedUnion('t', [
  z.object({ t: z.literal('hello'), protocol: z.number() }),
  z.object({ t: z.literal('call'), id: z.number(), method: z.string(), params: z.unknown() }),
]);
export const toWindow = z.discriminatedUnion('t', [
  z.object({ t: z.literal('welcome'), protocol: z.number() }),
  z.object({ t: z.literal('refused'), error: wireError }),
  z.object({ t: z.literal('ok'), id: z.number(), result: z.unknown() }),
  z.object({ t: z.literal('error'), id: z.number(), error: wireError }),
  z.object({ t: z.literal('job'), snapshot: jobSnapshot }),
  z.object({ t: z.literal('log'), line: z.object({ level: z.enum(['info', 'warning', 'error']), text: z.string() }) }),
]);
export type ToHost = z.infer<typeof toHost>;
export type ToWindow = z.infer<typeof toWindow>;

/** A failure that a service reports on purpose; anything else thrown is a defect and says so. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: string;
  readonly inputs: readonly string[];
  constructor(code: string, message: string, inputs: readonly string[] = []) {
    super(message);
    this.code = code;
    this.inputs = inputs;
  }
}

/** The part of a MessagePort that both ends need: the window's own, Electron's, and Node's in tests. */
export interface Port {
  post(message: unknown): void;
  listen(receive: (message: unknown) => void): void;
  close(): void;
}
