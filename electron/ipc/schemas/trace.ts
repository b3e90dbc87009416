import * as z from 'zod';
import { sourceIds } from './common.ts';

export const measure = z.object({ nodes: z.number(), launches: z.number(), flops: z.number(), bytes: z.number() });
export type Measure = z.infer<typeof measure>;

/** The user's decisions about the optimizer. */
export const switches = z.object({ passes: z.array(z.string()), applications: z.array(z.string()) });
export type Switches = z.infer<typeof switches>;

export const application = z.object({
  key: z.string(),
  rule: z.string(),
  ruleTitle: z.string(),
  note: z.string(),
  /** Name of the first operator it touched. */
  place: z.string(),
  sources: sourceIds,
  removed: z.array(z.string()),
  added: z.array(z.string()),
});
export type Application = z.infer<typeof application>;

export const refusal = z.object({
  rule: z.string(),
  ruleTitle: z.string(),
  node: z.string(),
  op: z.string(),
  sources: sourceIds,
  code: z.string(),
  /** One sentence for people. */
  text: z.string(),
});
export type Refusal = z.infer<typeof refusal>;

export const passSummary = z.object({
  pass: z.string(),
  title: z.string(),
  doc: z.string(),
  measure: z.string(),
  run: z.number(),
  disabled: z.boolean(),
  applications: z.array(application),
  refusals: z.array(refusal),
  after: measure,
  milliseconds: z.number(),
});
export type PassSummary = z.infer<typeof passSummary>;

export const traceSummary = z.object({
  /** Grows with every optimization of the model; views of an older one are stale. */
  revision: z.number(),
  before: measure,
  passes: z.array(passSummary),
  stale: z.array(z.string()),
  /** "142 operators → 58 layers, 11 fusions refused". */
  headline: z.object({ operators: z.number(), layers: z.number(), refused: z.number() }),
  /** What became of each source operator: one phrase. */
  fates: z.record(z.string(), z.string()),
});
export type TraceSummary = z.infer<typeof traceSummary>;
