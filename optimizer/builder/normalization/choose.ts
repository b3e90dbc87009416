import type { Plan } from '../plan.ts';
import type { SearchResult } from '../planSearch/index.ts';
import type { PlanTuner } from '../tuning/tuner.ts';
import { foldable, foldNormalizations, type NormalizationPolicy } from './fold.ts';

/** A plan whose tactics are chosen. */
export interface SettledPlan {
  readonly plan: Plan;
  readonly search: SearchResult;
}

/**
 * Nanoseconds that a layer takes in a recorded graph beside what it takes alone: on an H100, ViT-B/16 and BERT-base at batch 1 take 0.6 to 0.9 µs a layer
 * more than their kernels together.
 */
const LAUNCH_GAP = 700;

/**
 * A plan with its normalizations as layers, and as `folded` one in which the products around them do their work where that might be
 * faster: timing both engines tells. With the policy 'products' that one alone.
 */
export async function withFolded(
  settled: SettledPlan,
  lowered: () => Plan,
  searched: (p: Plan) => Promise<SearchResult>,
  policy: NormalizationPolicy,
): Promise<SettledPlan & { folded?: SettledPlan }> {
  if (policy === 'layers' || settled.plan.layers.some((l) => l.bodies)) return settled;
  const nodes = foldable(settled.plan, policy === 'products');
  if (nodes.size === 0) return settled;
  const plan = lowered();
  if (foldNormalizations(plan, nodes) === 0) return settled;
  const search = await searched(plan);
  if (search.inline.size > 0) return settled;
  const saved = LAUNCH_GAP * (settled.plan.layers.length - plan.layers.length);
  if (policy === 'products') return { plan, search };
  return search.estimate < settled.search.estimate + saved ? { ...settled, folded: { plan, search } } : settled;
}

/** An engine to be timed: its header, and how its file comes to be. */
export interface TimedEngine {
  readonly header: Uint8Array;
  write(): Promise<string>;
}

/** An engine is kept unless another wins by this much. */
const WORTH = 0.99;

/** Whether one engine takes less time than another on one stream; false where either is not known and may not be timed, or fails. */
export async function isFaster(one: TimedEngine, other: TimedEngine, tuner: PlanTuner): Promise<boolean> {
  const [a, b] = [await timeOf(one, tuner), await timeOf(other, tuner)];
  return a !== undefined && b !== undefined && a < b * WORTH;
}

async function timeOf(engine: TimedEngine, tuner: PlanTuner): Promise<number | undefined> {
  if (!tuner.knownEngine(engine.header)) {
    if (!tuner.mayTimeEngines) return undefined;
    await tuner.timeEngine(engine.header, await engine.write());
  }
  const time = tuner.knownEngine(engine.header)?.one;
  return time?.ok ? time.median : undefined;
}
