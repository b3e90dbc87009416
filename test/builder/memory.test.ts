import { describe, expect, it } from 'vitest';
import { planMemory } from '../../optimizer/builder/memory.ts';
import type { Plan, PlanLayer, PlanValue } from '../../optimizer/builder/plan.ts';
import { seededRandom } from '../../optimizer/builder/randomInputs.ts';

const value = (count: number, more: Partial<PlanValue> = {}): PlanValue => ({
  name: '',
  dtype: 'float32',
  shape: [count],
  layout: 'linear',
  ...more,
});
const layer = (inputs: number[], outputs: number[], workspace = 0): PlanLayer => ({
  name: 'L',
  op: 'Pointwise',
  attrs: {},
  inputs,
  opInputs: inputs.length,
  outputs,
  sources: [],
  ...(workspace > 0
    ? {
        tactic: {
          name: 't',
          inputLayouts: [],
          outputLayouts: [],
          workspace,
          packing: [],
          inputViews: [],
          outputViews: [],
          estimate: 1,
        },
      }
    : {}),
});

/** A random chain with skip connections; value 0 is the input. */
function randomPlan(seed: number, layers: number): Plan {
  const random = seededRandom(seed);
  const values: PlanValue[] = [value(64, { external: 'input' })];
  const list: PlanLayer[] = [];
  for (let i = 0; i < layers; i++) {
    const inputs = [values.length - 1];
    if (random() < 0.4) inputs.push(Math.floor(random() * values.length));
    values.push(value(1 + Math.floor(random() * 5000)));
    list.push(layer(inputs, [values.length - 1], random() < 0.3 ? Math.floor(random() * 9000) : 0));
  }
  values[values.length - 1] = { ...values[values.length - 1]!, external: 'output' };
  return { values, layers: list, inputs: [], outputs: [] };
}

describe('memory plan', () => {
  it('never lets two values that are live together share bytes', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const plan = randomPlan(seed, 60);
      const memory = planMemory(plan, new Map());
      const life = new Map<number, [number, number]>();
      plan.layers.forEach((l, t) => {
        for (const v of [...l.inputs, ...l.outputs]) {
          if (plan.values[v]!.external) continue;
          life.set(v, [life.get(v)?.[0] ?? t, t]);
        }
      });
      const blocks = [...life].map(([v, [from, to]]) => ({
        from,
        to,
        at: memory.offsets.get(v)!,
        bytes: (plan.values[v]!.shape[0] as number) * 4,
      }));
      for (const [t, at] of memory.workspaces)
        blocks.push({ from: t, to: t, at, bytes: plan.layers[t]!.tactic!.workspace });
      for (const a of blocks) {
        expect(a.at % 64).toBe(0);
        expect(a.at + a.bytes).toBeLessThanOrEqual(memory.arenaBytes);
        for (const b of blocks) {
          if (a === b || a.to < b.from || b.to < a.from) continue;
          expect(a.at + a.bytes <= b.at || b.at + b.bytes <= a.at).toBe(true);
        }
      }
      expect(memory.arenaBytes).toBeGreaterThanOrEqual(memory.lowerBound);
      expect(memory.arenaBytes).toBeLessThanOrEqual(memory.withoutReuse);
    }
  });

  it('reuses memory in a plain chain down to its lower bound', () => {
    const values = [
      value(16, { external: 'input' }),
      ...Array.from({ length: 10 }, () => value(1024)),
      value(16, { external: 'output' }),
    ];
    const layers = values.slice(1).map((_, i) => layer([i], [i + 1]));
    const memory = planMemory({ values, layers, inputs: [], outputs: [] }, new Map());
    expect(memory.lowerBound).toBe(2 * 4096);
    expect(memory.arenaBytes).toBe(memory.lowerBound);
    expect(memory.withoutReuse).toBe(10 * 4096);
  });

  it('keeps a buffer alive for as long as any view of it is read', () => {
    const values = [
      value(16, { external: 'input' }),
      value(1000),
      value(500, { view: { of: 1, kind: 'slice', axis: 0, start: 0 } }),
      value(1000),
      value(16, { external: 'output' }),
    ];
    const layers = [layer([0], [1]), layer([0], [3]), layer([2, 3], [4])];
    const memory = planMemory({ values, layers, inputs: [], outputs: [] }, new Map());
    expect(memory.offsets.has(2)).toBe(false);
    expect(memory.offsets.get(1)).not.toBe(memory.offsets.get(3));
  });

  it('sizes symbolic shapes at the profile maximum', () => {
    const values = [
      value(1, { shape: ['n'], external: 'input' }),
      value(1, { shape: ['n', 4] }),
      value(1, { shape: ['n'], external: 'output' }),
    ];
    const memory = planMemory(
      { values, layers: [layer([0], [1]), layer([1], [2])], inputs: [], outputs: [] },
      new Map([['n', 100]]),
    );
    expect(memory.arenaBytes).toBe(Math.ceil(1600 / 128) * 128);
  });
});
