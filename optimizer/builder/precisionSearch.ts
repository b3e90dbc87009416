import type { SourceId } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';
import { isQuantized, type Storage } from './planSearch/format.ts';
import type { PrecisionPolicy } from './planSearch/storages.ts';
import { mergePins, type PinKind, type Pins, PRECISIONS, precisionPolicy } from './precision.ts';
import {
  type LayerSensitivity,
  measureSensitivity,
  mixedPrecision,
  type SensitivityOptions,
  type SensitivityReport,
} from './sensitivity.ts';

/** How good a plan is, and how good it has to be: budgets.ts makes them. */
export interface Budget {
  /** Score of the FP32 plan, and the least score that is allowed; higher is better. */
  readonly baseline: number;
  readonly least: number;
  /** Score of a plan, with the nanoseconds that planSearch expects of it. */
  score(precision: PrecisionPolicy): Promise<{ score: number; estimate: number }>;
  /** The score as people read it. */
  describe(score: number): string;
}

export interface PrecisionSearchOptions extends Omit<SensitivityOptions, 'onProgress' | 'storage' | 'pins'> {
  /** Storages that the plan may use besides the model's own. */
  readonly permitted: readonly Storage[];
  /** What the user has fixed. */
  readonly pins?: Pins;
  readonly budget: Budget;
  /** The layers measured one by one, where that was done already. */
  readonly measured?: SensitivityReport;
  readonly onProgress?: (p: PrecisionProgress) => void;
}

export interface PrecisionProgress {
  readonly phase: 'measure' | 'search';
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** A layer that the search kept out of the storage that it would otherwise have. */
export interface KeptLayer {
  readonly name: string;
  readonly sources: readonly SourceId[];
  readonly precision: PinKind;
  /** One sentence. */
  readonly reason: string;
}

export interface PrecisionChoice {
  readonly policy: PrecisionPolicy;
  /** The user's pins and the search's: with them and `permitted` the same plan is built again. */
  readonly pins: Pins;
  readonly permitted: readonly Storage[];
  readonly kept: readonly KeptLayer[];
  readonly score: number;
  /** Null when everything permitted kept the budget, so that no layer had to be measured alone. */
  readonly sensitivity: SensitivityReport | null;
}

/** No choice of precisions keeps the budget; one sentence. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError';
}

/**
 * The plan that keeps an accuracy budget: everything in the narrowest storage permitted if that does; else layers go there in the
 * order of least accuracy lost per microsecond won, as far as the budget reaches (mixedPrecision), and those left may go to 16
 * bits where that is permitted, keeps the budget too and is expected to be faster. Throws BudgetError, or the signal's reason.
 */
export async function searchPrecision(optimized: Optimized, o: PrecisionSearchOptions): Promise<PrecisionChoice> {
  const { budget } = o;
  const user = o.pins ?? {};
  const halves = o.permitted.filter((s) => s !== '' && !isQuantized(s));
  const [narrow] = [...o.permitted.filter(isQuantized), ...halves];
  let trials = 0;
  const scored = async (pins: Pins, permitted: readonly Storage[], note: string) => {
    o.stop?.throwIfAborted();
    o.onProgress?.({ phase: 'search', done: trials++, total: 0, note });
    const policy = precisionPolicy(optimized.graph, o.ranges, mergePins(user, pins), permitted);
    return { ...(await budget.score(policy)), policy, pins: mergePins(user, pins), permitted };
  };
  const kept = (r: { score: number }): boolean => r.score >= budget.least;

  const all = await scored({}, o.permitted, 'everything permitted');
  if (kept(all) || narrow === undefined) {
    if (!kept(all)) throw cannot(budget, all.score);
    return {
      policy: all.policy,
      pins: all.pins,
      permitted: o.permitted,
      kept: [],
      score: all.score,
      sensitivity: null,
    };
  }

  const { budget: _budget, permitted: _permitted, pins: _pins, onProgress: _progress, measured, ...measuring } = o;
  const sensitivity =
    measured ??
    (await measureSensitivity(optimized, {
      ...measuring,
      storage: narrow,
      pins: user,
      onProgress: (done, total, note) => o.onProgress?.({ phase: 'measure', done, total, note }),
    }));
  // 16 bits beside INT8 are dropped where they alone are too much.
  const attempts =
    isQuantized(narrow) && halves.length > 0 ? [o.permitted, o.permitted.filter(isQuantized)] : [o.permitted];
  for (const permitted of attempts) {
    const pinned = await mixedPrecision(sensitivity, async (fp32) =>
      kept(await scored({ fp32 }, permitted, `${fp32.length} operators in FP32`)),
    );
    const fp32 = await scored({ fp32: pinned }, permitted, 'the plan found');
    if (!kept(fp32)) continue;
    let best = { ...fp32, kind: 'fp32' as PinKind, out: pinned as readonly SourceId[] };
    const tried = async (kind: PinKind, out: readonly SourceId[], note: string): Promise<void> => {
      if (out.length === 0) return;
      const trial = await scored({ [kind]: out }, permitted, note);
      if (kept(trial) && trial.estimate < best.estimate) best = { ...trial, kind, out };
    };
    // Layers that win nothing came last in the order, whatever they cost: among INT8 neighbours they may be faster in INT8.
    const harmful = sensitivity.layers.filter((l) => l.fp32 > l.int8).flatMap((l) => l.sources);
    const necessary = pinned.filter((s) => harmful.includes(s));
    if (necessary.length < pinned.length) await tried('fp32', necessary, 'without layers that win nothing');
    if (isQuantized(narrow) && permitted.some((s) => halves.includes(s)))
      await tried('float', best.out, 'those in 16 bits');
    const { policy, pins, score, kind, out } = best;
    return { policy, pins, permitted, score, sensitivity, kept: keptLayers(sensitivity, out, kind, narrow) };
  }
  throw cannot(budget, all.score);
}

const cannot = (budget: Budget, score: number): BudgetError =>
  new BudgetError(
    `no choice of precisions keeps ${budget.describe(budget.least)}; everything permitted reaches ${budget.describe(score)}`,
  );

function keptLayers(
  report: SensitivityReport,
  pinned: readonly SourceId[],
  precision: PinKind,
  narrow: Storage,
): KeptLayer[] {
  const ids = new Set(pinned);
  const [name] = Object.entries(PRECISIONS).find(([, storage]) => storage === narrow)!;
  return report.layers
    .filter((l) => l.sources.some((s) => ids.has(s)))
    .map((l) => ({ name: l.name, sources: l.sources, precision, reason: reasonOf(l, name.toUpperCase()) }));
}

function reasonOf(l: LayerSensitivity, storage: string): string {
  const won = (l.fp32 - l.int8) / 1000;
  if (!(won > 0)) return `nothing is won in ${storage}`;
  const noise = Number.isFinite(l.sqnr) ? `SQNR ${l.sqnr.toFixed(1)} dB` : l.sqnr > 0 ? 'no noise' : 'infinite numbers';
  return `alone in ${storage}: ${noise}, cosine ${l.cosine.toFixed(5)}, for ${won.toFixed(1)} µs won`;
}
