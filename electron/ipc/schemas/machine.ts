import * as z from 'zod';

export const machine = z.object({
  devices: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['cpu', 'cuda']),
      name: z.string(),
      features: z.array(z.string()),
      cores: z.number(),
      notes: z.array(z.string()),
    }),
  ),
  /** Libraries that GPUs are reached by: '' = not found; `problem` says what that costs, `searched` where it was looked for. */
  libraries: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      version: z.string(),
      problem: z.string(),
      searched: z.array(z.string()),
    }),
  ),
  /** What this machine lacks and what that costs, one sentence each. */
  missing: z.array(z.string()),
  memoryBytes: z.number(),
  /** Version of the native runtime; null when it could not be loaded (then `missing` says why). */
  runtime: z.string().nullable(),
});
export type Machine = z.infer<typeof machine>;
