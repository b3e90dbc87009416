import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SampleSource } from '../calibration/data/source.ts';
import type { Optimized } from '../passes/pass.ts';
import type { NativeRuntime } from '../runtime.ts';
import { measureAccuracy } from './accuracy.ts';
import { type BuildOptions, buildEngine } from './build.ts';
import type { Feed } from './feed.ts';
import { hashFile, never } from './hashFile.ts';
import type { PrecisionPolicy } from './planSearch/storages.ts';
import type { Budget } from './precisionSearch.ts';
import { planComparison, type SensitivityOptions } from './sensitivity.ts';

/** Every output keeps this cosine to the FP32 plan's, over all samples. */
export function cosineBudget(optimized: Optimized, o: SensitivityOptions, least: number): Budget {
  const compare = planComparison(optimized, o);
  return {
    baseline: 1,
    least,
    score: async (precision) => {
      const { cosine, estimate } = await compare(precision);
      return { score: cosine, estimate };
    },
    describe: (score) => `cosine ${score.toFixed(5)}`,
  };
}

export interface Top1BudgetOptions {
  readonly runtime: NativeRuntime;
  readonly threads: number;
  readonly device?: string;
  readonly sizes?: BuildOptions['ranges'];
  /** As in SensitivityOptions. */
  readonly build?: SensitivityOptions['build'];
  /** Labelled samples, read anew for every plan, and how an engine is fed with them. */
  readonly source: SampleSource;
  readonly feed: Feed;
  /** Output with a score per class. */
  readonly output: string;
  /** Percentage points of top-1 that may be lost against FP32. */
  readonly drop: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly stop?: AbortSignal;
}

/** Top-1 on labelled samples, as `sinter evaluate` measures it, falls by no more than `drop` points. Measures FP32 first. */
export async function top1Budget(optimized: Optimized, o: Top1BudgetOptions): Promise<Budget> {
  const modelHash = await hashFile(optimized.graph.files[0]?.path, o.stop ?? never());
  const measure = async (precision: PrecisionPolicy | null): Promise<{ score: number; estimate: number }> => {
    const dir = mkdtempSync(join(tmpdir(), 'sinter-budget-'));
    try {
      const path = join(dir, 'plan.sinter');
      const { estimate } = await buildEngine(optimized, {
        ...o.build,
        runtime: o.runtime,
        threads: o.threads,
        path,
        modelHash,
        ...(o.device === undefined ? {} : { device: o.device }),
        ...(o.sizes ? { ranges: o.sizes } : {}),
        ...(o.stop ? { stop: o.stop } : {}),
        ...(precision ? { precision } : {}),
      });
      const engine = await o.runtime.loadEngine(path);
      const context = engine.createContext({ threads: o.threads });
      try {
        const { top1 } = await measureAccuracy({
          context,
          source: o.source,
          feed: o.feed,
          output: o.output,
          ...(o.stop ? { stop: o.stop } : {}),
          onProgress: (p) => o.onProgress?.(p.done, p.total),
        });
        return { score: top1, estimate };
      } finally {
        context.dispose();
        engine.dispose();
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
  const { score: baseline } = await measure(null);
  // One part in a million: shares of samples are not exact in binary.
  const least = baseline - o.drop / 100 - 1e-6;
  return { baseline, least, score: measure, describe: (score) => `top-1 ${(score * 100).toFixed(2)} %` };
}
