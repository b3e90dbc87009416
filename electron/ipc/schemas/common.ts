import * as z from 'zod';

/** A model, engine or profile kept by the host; the window only ever holds such handles. */
export const handle = z.string().min(1);
/** Chosen by the window when it starts a job: progress and cancellation refer to it. */
export const jobId = z.string().min(1);
export const sourceIds = z.array(z.string());
export const float64s = z.instanceof(Float64Array);
export const int32s = z.instanceof(Int32Array);
export const bytes = z.instanceof(Uint8ClampedArray);

/** Problems that are not failures: one sentence each, with the operators they concern. */
export const problem = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  text: z.string(),
  sources: sourceIds,
});
export type Problem = z.infer<typeof problem>;

export const jobSnapshot = z.object({
  job: jobId,
  kind: z.enum(['open', 'optimize', 'build', 'profile', 'export', 'calibrate', 'sensitivity', 'plans', 'evaluate']),
  title: z.string(),
  phase: z.string(),
  done: z.number(),
  total: z.number(),
  /** Units of `done` per second; null until known. */
  rate: z.number().nullable(),
  /** Seconds left; null until known. */
  eta: z.number().nullable(),
  note: z.string(),
  paused: z.boolean(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  error: z.string().nullable(),
});
export type JobSnapshot = z.infer<typeof jobSnapshot>;
