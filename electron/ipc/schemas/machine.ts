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
  /** What this machine lacks and what that costs, one sentence each. */
  missing: z.array(z.string()),
  memoryBytes: z.number(),
  /** Version of the native runtime; null when it could not be loaded (then `missing` says why). */
  runtime: z.string().nullable(),
});
export type Machine = z.infer<typeof machine>;
