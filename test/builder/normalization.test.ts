import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { isFaster, type TimedEngine } from '../../optimizer/builder/normalization/choose.ts';
import type { NormalizationPolicy } from '../../optimizer/builder/normalization/fold.ts';
import type { BuildReport } from '../../optimizer/builder/report.ts';
import { TimingCache } from '../../optimizer/builder/tuning/timingCache.ts';
import { PlanTuner } from '../../optimizer/builder/tuning/tuner.ts';
import { numbersOf } from '../../optimizer/engine/summary.ts';
import type { Graph, ValueId } from '../../optimizer/ir/graph.ts';
import { fromNumbers } from '../../optimizer/ir/tensor.ts';
import { optimize } from '../../optimizer/passes/pipeline.ts';
import { scratch } from '../importers/make.ts';
import { testRuntime } from '../networks/check.ts';
import { Build } from '../support/build.ts';
import { testEvaluator } from '../support/interpreter.ts';

/* Engines whose normalizations are done by the products around them, against engines with layers for them. */

const dir = scratch();
const runtime = testRuntime();
const WIDTH = 64;

const norm = (b: Build, x: ValueId): ValueId =>
  b.node('LayerNormalization', [x, b.weight([WIDTH], 0.3, 1), b.weight([WIDTH])], { axis: -1, epsilon: 1e-5 });

/** Encoder layers: `post` normalizes behind the sums (BERT), else in front of the products (ViT). `shift`: every row's distance from zero. */
function encoder(post: boolean, shift = 0): Graph {
  const b = new Build();
  const first = b.linear(b.input('x', [2, 9, 32]), 32, WIDTH);
  let x = b.node('Add', [first, b.scalar(shift)]);
  for (let i = 0; i < 2; i++) {
    const z = norm(b, x);
    const y = b.node('Add', [b.linear(b.node('Gelu', [b.linear(z, WIDTH, 96)]), 96, WIDTH), post ? z : x]);
    x = shift === 0 ? y : b.node('Add', [y, b.scalar(shift)]);
  }
  return b.output(b.linear(norm(b, x), WIDTH, 32), 'y').done();
}

const input = {
  dtype: 'float32' as const,
  shape: [2, 9, 32],
  bytes: fromNumbers(
    'float32',
    [2, 9, 32],
    Array.from({ length: 576 }, (_, i) => Math.sin(i * 12.9898)),
  ).bytes,
};

async function run(graph: Graph, normalizations: NormalizationPolicy): Promise<{ y: number[]; report: BuildReport }> {
  const path = join(dir, `${normalizations}.sinter`);
  const optimized = optimize(graph, testEvaluator([]));
  const report = await buildEngine(optimized, { runtime, threads: 1, path, normalizations });
  const engine = await runtime.loadEngine(path);
  const context = engine.createContext({ threads: 1 });
  const { y } = await context.run({ x: input });
  context.dispose();
  engine.dispose();
  return { y: Array.from(numbersOf(y!)), report };
}

const largest = (a: readonly number[]): number => Math.max(...a.map(Math.abs));
const kinds = (r: BuildReport): string[] => r.layers.map((l) => l.op);

describe('normalizations by the products around them', () => {
  it.each([true, false])('give the same numbers, with fewer layers (post-norm: %s)', async (post) => {
    const layers = await run(encoder(post), 'layers');
    const products = await run(encoder(post), 'products');
    expect(kinds(layers.report).filter((k) => k === 'LayerNorm')).toHaveLength(3);
    expect(kinds(products.report)).not.toContain('LayerNorm');
    expect(products.report.layers).toHaveLength(layers.report.layers.length - 3);
    const error = largest(layers.y.map((v, i) => v - products.y[i]!));
    expect(error).toBeLessThan(5e-6 * largest(layers.y));
    expect(error).toBeGreaterThan(0);
  });

  it('lose what the rows are further from zero than they vary: a thousand times costs three digits', async () => {
    const layers = await run(encoder(false, 1000), 'layers');
    const products = await run(encoder(false, 1000), 'products');
    const error = largest(layers.y.map((v, i) => v - products.y[i]!)) / largest(layers.y);
    expect(error).toBeLessThan(2e-3);
  });

  it('every operator of the model still has its layers', async () => {
    const { report } = await run(encoder(true), 'products');
    const fates = Object.values(report.fates);
    expect(fates.filter((f) => !f.startsWith('layer') && f !== 'folded' && !f.startsWith('removed'))).toEqual([]);
    const names = report.layers.map((l) => l.name);
    expect(names.filter((n) => n.startsWith('LayerNormalization + ')).length).toBeGreaterThanOrEqual(3);
  });
});

describe('who normalizes, by whole engines', () => {
  const engine = (id: number): TimedEngine & { written: number } => {
    const e = {
      header: new Uint8Array([id]),
      written: 0,
      write: async () => {
        e.written += 1;
        return String(id);
      },
    };
    return e;
  };
  /** A tuner whose engines take these nanoseconds; without them it may not time. */
  const tunerOf = (times?: Readonly<Record<string, number>>): PlanTuner => {
    const timing = (median: number) => ({ tactic: '', ok: true, error: '', min: median, median, max: median });
    const timed = async (path: string) => {
      const t = timing(times![path]!);
      return { oneStream: t, allStreams: t };
    };
    return new PlanTuner({
      level: 3,
      cache: TimingCache.inMemory(),
      deterministic: times === undefined,
      runtime: new Proxy(runtime, { get: (r, k) => (k === 'timeEngine' ? timed : Reflect.get(r, k)) }),
      device: 'cpu',
      threads: 1,
      stop: new AbortController().signal,
    });
  };

  it('takes the other engine where it wins by one in a hundred, and times each once', async () => {
    const [one, other] = [engine(1), engine(2)];
    const tuner = tunerOf({ 1: 980, 2: 1000 });
    expect(await isFaster(one, other, tuner)).toBe(true);
    expect(await isFaster(one, other, tuner)).toBe(true);
    expect([one.written, other.written]).toEqual([1, 1]);
    expect(await isFaster(engine(3), engine(4), tunerOf({ 3: 995, 4: 1000 }))).toBe(false);
  });

  it('keeps what stands where nothing may be timed', async () => {
    expect(await isFaster(engine(1), engine(2), tunerOf())).toBe(false);
  });

  it('float32 keeps its layers: only 16-bit storage makes the loss of digits a small one', async () => {
    const { report } = await run(encoder(true), 'measured');
    expect(kinds(report).filter((k) => k === 'LayerNorm')).toHaveLength(3);
  });
});
