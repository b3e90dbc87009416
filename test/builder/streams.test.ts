import { describe, expect, it } from 'vitest';
import { planMemory } from '../../optimizer/builder/memory.ts';
import type { Plan, PlanLayer, PlanValue } from '../../optimizer/builder/plan.ts';
import { seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { dependencies } from '../../optimizer/builder/streams/accesses.ts';
import { chooseStreams } from '../../optimizer/builder/streams/choose.ts';
import { precedes, type Schedule, scheduleStreams } from '../../optimizer/builder/streams/schedule.ts';
import { TimingCache } from '../../optimizer/builder/tuning/timingCache.ts';
import { PlanTuner } from '../../optimizer/builder/tuning/tuner.ts';
import type { NativeRuntime } from '../../optimizer/runtime.ts';

const value = (count: number, more: Partial<PlanValue> = {}): PlanValue => ({
  name: '',
  dtype: 'float32',
  shape: [4, count],
  layout: 'linear',
  ...more,
});
const slice = (of: number, start: number, count: number): PlanValue =>
  value(count, { view: { of, kind: 'slice', axis: 1, start } });
const layer = (inputs: number[], outputs: number[], estimate = 5000, workspace = 0): PlanLayer => ({
  name: `L${outputs[0]}`,
  op: 'Pointwise',
  attrs: {},
  inputs,
  opInputs: inputs.length,
  outputs,
  sources: [],
  tactic: {
    name: 't',
    inputLayouts: [],
    outputLayouts: [],
    workspace,
    packing: [],
    inputViews: [],
    outputViews: [],
    estimate,
  },
});
const plan = (values: PlanValue[], layers: PlanLayer[]): Plan => ({ values, layers, inputs: [], outputs: [] });

/** An inception module: a 1×1 for three branches, which read slices of it; all write slices of one concatenation. */
function inception(): Plan {
  const values = [
    value(16, { external: 'input' }),
    value(24), // 1: what the three 1×1 give
    slice(1, 8, 8),
    slice(1, 16, 8),
    value(16), // 4: the pool
    value(32), // 5: the concatenation
    slice(5, 0, 8),
    slice(5, 8, 8),
    slice(5, 16, 8),
    slice(5, 24, 8),
    value(8, { external: 'output' }),
  ];
  return plan(values, [
    layer([0], [1, 6]),
    layer([2], [7]),
    layer([3], [8]),
    layer([0], [4]),
    layer([4], [9]),
    layer([5], [10]),
  ]);
}

/** Random layers over earlier values and slices of them; some write into parts of a common storage. */
function randomPlan(seed: number, layers: number): Plan {
  const random = seededRandom(seed);
  const pick = (n: number): number => Math.floor(random() * n);
  const values: PlanValue[] = [value(64, { external: 'input' })];
  const list: PlanLayer[] = [];
  while (list.length < layers) {
    const read = (): number => {
      const v = Math.max(0, values.length - 1 - pick(8));
      if (random() < 0.7 || values[v]!.view) return v;
      const half = Math.floor((values[v]!.shape[1] as number) / 2);
      return values.push(slice(v, random() < 0.5 ? 0 : half, half)) - 1;
    };
    const add = (outputs: number[]): void => {
      const inputs = Array.from({ length: 1 + pick(3) }, read);
      list.push(layer(inputs, outputs, 500 + pick(9000), random() < 0.3 ? 256 * (1 + pick(20)) : 0));
    };
    const size = 2 * (1 + pick(600));
    if (random() < 0.7) {
      add([values.push(value(size)) - 1]);
      continue;
    }
    const whole = values.push(value(2 * size)) - 1;
    for (const part of [0, size]) add([values.push(slice(whole, part, size)) - 1]);
  }
  return plan(values, list);
}

describe('dependencies of layers', () => {
  it('keeps apart what writes different parts of a concatenation, and joins what reads it', () => {
    expect(dependencies(inception())).toEqual([[], [0], [0], [], [3], [0, 1, 2, 4]]);
  });

  it('puts a layer that overwrites a value after those that read it', () => {
    const values = [value(4, { external: 'input' }), value(4), value(4)];
    expect(dependencies(plan(values, [layer([0], [1]), layer([1], [2]), layer([0], [1])]))).toEqual([[], [0], [0, 1]]);
  });
});

describe('layers on streams', () => {
  const cost = (l: PlanLayer): number => l.tactic!.estimate;

  it('runs the branches of an inception module side by side, with the fewest waits', () => {
    const s = scheduleStreams(inception(), 3, cost)!;
    expect(s.streams).toBe(3);
    // The pool starts with the module; its projection follows on the same stream without waiting for anything.
    expect(s.stream[3]).not.toBe(s.stream[0]);
    expect(s.stream[4]).toBe(s.stream[3]);
    expect(s.waits[4]).toEqual([]);
    expect(new Set(s.stream.slice(1, 4)).size).toBe(3);
    expect(s.waits.flat().length).toBe(3); // one branch forks, two join
  });

  it('leaves a chain, and short layers that waiting would cost more than it gains, on one stream', () => {
    const chain = plan(
      Array.from({ length: 6 }, () => value(8)),
      [0, 1, 2, 3, 4].map((i) => layer([i], [i + 1])),
    );
    expect(scheduleStreams(chain, 4, cost)).toBeNull();
    const short = inception();
    expect(scheduleStreams(short, 1, cost)).toBeNull();
    const values = [value(8, { external: 'input' }), value(8), value(8), value(8), value(8)];
    const tiny = [layer([0], [1], 100), layer([1], [2], 100), layer([1], [3], 100), layer([2, 3], [4], 100)];
    expect(scheduleStreams(plan(values, tiny), 4, cost)).toBeNull();
  });

  /** Which layers certainly ended before each: all that its stream's order and its waits lead back to. */
  function ancestors(s: Schedule): Set<number>[] {
    const list: Set<number>[] = [];
    s.stream.forEach((own, i) => {
      const before = s.stream.lastIndexOf(own, i - 1);
      const direct = [...s.waits[i]!, ...(i > 0 && before >= 0 ? [before] : [])];
      list.push(new Set(direct.flatMap((d) => [d, ...list[d]!])));
    });
    return list;
  }

  it('orders every dependency, waits for nothing twice, and shares no memory between layers that may run at once', () => {
    let moved = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const p = randomPlan(seed, 60);
      const s = scheduleStreams(p, 4, cost);
      if (!s) continue;
      moved += s.stream.filter((x) => x > 0).length;
      const before = ancestors(s);
      dependencies(p).forEach((list, i) => {
        for (const d of list) expect(before[i]!.has(d)).toBe(true);
      });
      const pairs = p.layers.flatMap((_, b) => p.layers.slice(0, b).map((__, a) => [a, b] as const));
      expect(pairs.filter(([a, b]) => precedes(s, a, b) !== before[b]!.has(a))).toEqual([]);
      const memory = planMemory(p, new Map(), false, s);
      const root = (v: number): number => p.values[v]!.view?.of ?? v;
      const blocks = new Map<string, { at: number; bytes: number; touched: number[] }>();
      p.layers.forEach((l, t) => {
        for (const v of [...l.inputs, ...l.outputs]) {
          const r = root(v);
          if (p.values[r]!.external) continue;
          const bytes = (p.values[r]!.shape[1] as number) * 16;
          const block = blocks.get(`v${r}`) ?? { at: memory.offsets.get(r)!, bytes, touched: [] };
          block.touched.push(t);
          blocks.set(`v${r}`, block);
        }
        const { workspace } = l.tactic!;
        if (workspace > 0) blocks.set(`w${t}`, { at: memory.workspaces.get(t)!, bytes: workspace, touched: [t] });
      });
      const list = [...blocks.values()];
      const follows = (b: number[], a: number[]): boolean => b.every((y) => a.every((x) => before[y]!.has(x)));
      expect(list.filter((a) => a.at + a.bytes > memory.arenaBytes)).toEqual([]);
      const shared = list.flatMap((a) =>
        list.filter(
          (b) =>
            a !== b &&
            a.at < b.at + b.bytes &&
            b.at < a.at + a.bytes &&
            !follows(b.touched, a.touched) &&
            !follows(a.touched, b.touched),
        ),
      );
      expect(shared).toEqual([]);
    }
    expect(moved).toBeGreaterThan(50);
  });
});

describe('the choice of streams', () => {
  const header = (s: Schedule): Uint8Array => Buffer.from(JSON.stringify(s));

  async function choose(times: { one: number; all: number } | Error, cache = TimingCache.inMemory(), most?: number) {
    let timed = 0;
    const measured = (ns: number) => ({ tactic: '', ok: true, error: '', min: ns, median: ns, max: ns });
    const runtime = {
      version: '1',
      buildId: '1',
      devices: () => [],
      timeEngine: async () => {
        timed++;
        if (times instanceof Error) throw times;
        return { oneStream: measured(times.one), allStreams: measured(times.all) };
      },
    } as unknown as NativeRuntime;
    const stop = new AbortController().signal;
    const tuner = new PlanTuner({ level: 3, cache, runtime, device: 'cuda:0', threads: 1, stop });
    const write = async (): Promise<string> => 'file';
    const request = { device: 'cuda:0', most, tuner, headerOf: header, write, onTime: () => {} };
    return { ...(await chooseStreams(inception(), request)), timed };
  }

  it('keeps the faster way, and remembers it', async () => {
    const cache = TimingCache.inMemory();
    const faster = await choose({ one: 200, all: 150 }, cache);
    expect(faster.report).toMatchObject({ used: 3, times: { one: 200, all: 150 }, reason: 'faster' });
    expect(faster.timed).toBe(1);
    const again = await choose(new Error('not to be called'), cache);
    expect(again.schedule).toEqual(faster.schedule);
    expect(again.timed).toBe(0);
    const slower = await choose({ one: 150, all: 149 });
    expect(slower.schedule).toBeNull();
    expect(slower.report).toMatchObject({ used: 1, reason: 'not faster' });
  });

  it('stays with one stream where the engine did not run, or none is allowed', async () => {
    const failed = await choose(new Error('it ended the tuner'));
    expect(failed.schedule).toBeNull();
    expect(failed.report.reason).toContain('it ended the tuner');
    expect((await choose({ one: 200, all: 150 }, TimingCache.inMemory(), 0)).timed).toBe(0);
  });
});
