import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan, PlanLayer, PlanValue } from '../../optimizer/builder/plan.ts';
import { planSearch, type SearchOptions, tunedPlanSearch } from '../../optimizer/builder/planSearch/index.ts';
import type { TacticRules } from '../../optimizer/builder/planSearch/options.ts';
import type { PrecisionPolicy } from '../../optimizer/builder/planSearch/storages.ts';
import type { TuningLevel } from '../../optimizer/builder/tuning/levels.ts';
import { tacticRules } from '../../optimizer/builder/tuning/rules.ts';
import { TimingCache } from '../../optimizer/builder/tuning/timingCache.ts';
import { PlanTuner } from '../../optimizer/builder/tuning/tuner.ts';
import { decodeLayerDesc } from '../../optimizer/engine/schema.ts';
import { Graph } from '../../optimizer/ir/graph.ts';
import type { Measurement, NativeRuntime, Tactic } from '../../optimizer/runtime.ts';

/*
 * A device whose convolutions claim other times than they take: "claims" is what enumerate says, "takes" what measure
 * finds, in nanoseconds.
 */
interface Kernel {
  readonly layout: string;
  readonly claims: number;
  readonly takes: number | 'crashes';
}

class Device {
  readonly measured: string[] = [];
  private readonly kernels: Readonly<Record<string, Kernel>>;
  private readonly copy: number;
  readonly buildId: string;
  constructor(kernels: Readonly<Record<string, Kernel>>, copy = 10, buildId = 'one') {
    this.kernels = kernels;
    this.copy = copy;
    this.buildId = buildId;
  }

  get runtime(): NativeRuntime {
    const tactic = (name: string, layout: string, estimate: number): Tactic => ({
      name,
      inputLayouts: [layout],
      outputLayouts: [layout],
      workspace: 0,
      packing: [{ recipe: '', bytes: 0 }],
      inputViews: [1],
      outputViews: [1],
      estimate,
    });
    const enumerate = (_d: string, bytes: Uint8Array): Tactic[] => {
      const { layer } = decodeLayerDesc(bytes);
      if (layer.op === 'Conv')
        return Object.entries(this.kernels)
          .map(([name, k]) => tactic(name, k.layout, k.claims))
          .sort((a, b) => a.estimate - b.estimate);
      return [tactic(`any_${layer.op.toLowerCase()}__scalar`, '', 50)];
    };
    const measure = async (_d: string, bytes: Uint8Array, names: readonly string[]): Promise<Measurement[]> => {
      const { layer } = decodeLayerDesc(bytes);
      return names.map((name) => {
        this.measured.push(`${layer.op} ${name}`);
        const takes = this.kernels[name]?.takes ?? this.copy;
        if (takes === 'crashes') return { tactic: name, ok: false, error: 'it crashed', min: 0, median: 0, max: 0 };
        return { tactic: name, ok: true, error: '', min: takes, median: takes, max: takes };
      });
    };
    const devices = () => [{ id: 'cpu', kind: 'cpu', name: 'Test', features: ['avx2'], cores: 1, notes: [] } as const];
    return { version: '1', buildId: this.buildId, devices, enumerate, measure } as unknown as NativeRuntime;
  }
}

const image = (external?: 'input' | 'output'): PlanValue => ({
  name: 'v',
  dtype: 'float32',
  shape: [1, 8, 16, 16],
  layout: 'linear',
  ...(external ? { external } : {}),
});
const conv = (x: number, y: number): PlanLayer => ({
  name: `Conv ${y}`,
  op: 'Conv',
  attrs: {},
  inputs: [x],
  opInputs: 1,
  outputs: [y],
  sources: [`s${y}`],
});
const chain = (): Plan => ({
  values: [image('input'), image(), image('output')],
  layers: [conv(0, 1), conv(1, 2)],
  inputs: [],
  outputs: [],
});

interface Tuned {
  readonly level?: TuningLevel;
  readonly cache?: TimingCache;
  readonly deterministic?: boolean;
  readonly rules?: TacticRules;
  readonly precision?: PrecisionPolicy;
}

async function tune(device: Device, o: Tuned = {}, plan = chain()): Promise<{ plan: Plan; tuner: PlanTuner }> {
  const { runtime } = device;
  const search: SearchOptions = {
    runtime,
    device: 'cpu',
    threads: 1,
    bind: new Map(),
    ...(o.rules ? { rules: o.rules } : {}),
    ...(o.precision ? { precision: o.precision } : {}),
  };
  const tuner = new PlanTuner({
    level: o.level ?? 3,
    cache: o.cache ?? TimingCache.inMemory(),
    deterministic: o.deterministic === true,
    runtime,
    device: 'cpu',
    threads: 1,
    stop: new AbortController().signal,
  });
  await tunedPlanSearch(plan, search, tuner);
  return { plan, tuner };
}

const convTactics = (p: Plan): string[] => p.layers.filter((l) => l.op === 'Conv').map((l) => l.tactic!.name);
const claimsWrong = {
  boasts: { layout: '', claims: 100, takes: 900 },
  modest: { layout: '', claims: 200, takes: 150 },
};

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sinter-timing-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('auto-tuning', () => {
  it('chooses by what tactics take, not by what they claim, and says how each fared', async () => {
    const { runtime } = new Device(claimsWrong);
    const estimated = chain();
    planSearch(estimated, { runtime, device: 'cpu', threads: 1, bind: new Map() });
    expect(convTactics(estimated)).toEqual(['boasts', 'boasts']);
    const { plan } = await tune(new Device(claimsWrong));
    expect(convTactics(plan)).toEqual(['modest', 'modest']);
    const [best, other] = plan.layers[0]!.candidates!;
    expect(best).toMatchObject({ tactic: 'modest', status: 'chosen', time: { median: 150 }, estimate: 200 });
    expect(other).toMatchObject({ tactic: 'boasts', status: 'slower', reason: '6.00 times the chosen one' });
  });

  it('counts what a reformat takes', async () => {
    const kernels = {
      blocked: { layout: 'nhwc', claims: 100, takes: 100 },
      plain: { layout: 'linear', claims: 110, takes: 130 },
    };
    const cheap = await tune(new Device(kernels, 5));
    expect(convTactics(cheap.plan)).toEqual(['blocked', 'blocked']);
    expect(cheap.plan.layers.map((l) => l.op)).toEqual(['Copy', 'Conv', 'Conv', 'Copy']);
    const dear = await tune(new Device(kernels, 400));
    expect(convTactics(dear.plan)).toEqual(['plain', 'plain']);
    expect(dear.plan.layers[0]!.candidates!.find((c) => c.tactic === 'blocked')!.status).toBe('costlier neighbours');
  });

  it('writes 16 bits where 32 are no faster', async () => {
    const device = new Device({ any: { layout: '', claims: 100, takes: 100 } });
    const precision: PrecisionPolicy = { amax: () => undefined, storages: () => ['', 'float16'] };
    const { plan } = await tune(device, { precision });
    expect(plan.values.map((v) => v.dtype)).toEqual(['float32', 'float16', 'float32']);
    expect(plan.layers.map((l) => l.op)).toEqual(['Conv', 'Conv']);
  });

  it('times the reformat in front of a reshape, which launches nothing itself', async () => {
    const device = new Device({
      plain: { layout: 'linear', claims: 100, takes: 150 },
      blocked: { layout: 'nhwc', claims: 100, takes: 100 },
    });
    const flat: PlanValue = { ...image('output'), shape: [1, 2048] };
    const reshape: PlanLayer = { ...conv(1, 2), name: 'Reshape', op: 'Reshape', viewWish: true };
    const plan: Plan = { ...chain(), values: [image('input'), image(), flat], layers: [conv(0, 1), reshape] };
    const { plan: tuned } = await tune(device, {}, plan);
    expect(convTactics(tuned)).toEqual(['blocked']);
  });

  it('times equal layers once, and nothing that a cache knows', async () => {
    const device = new Device(claimsWrong);
    const cache = TimingCache.inMemory();
    const first = await tune(device, { cache });
    expect(device.measured).toEqual(['Conv boasts', 'Conv modest']);
    expect(first.tuner.counts).toEqual({ timed: 2, cached: 0, failed: 0 });
    const second = await tune(device, { cache });
    expect(device.measured).toHaveLength(2);
    expect(second.tuner.counts).toEqual({ timed: 0, cached: 2, failed: 0 });
    expect(convTactics(second.plan)).toEqual(convTactics(first.plan));
  });

  it('keeps timings of other kernels apart', async () => {
    const cache = TimingCache.inMemory();
    await tune(new Device(claimsWrong), { cache });
    const rebuilt = new Device(claimsWrong, 10, 'two');
    await tune(rebuilt, { cache });
    expect(rebuilt.measured).toHaveLength(2);
  });

  it('skips a tactic that crashes and goes on with the others', async () => {
    const kernels = {
      fatal: { layout: '', claims: 10, takes: 'crashes' as const },
      safe: { layout: '', claims: 20, takes: 99 },
    };
    const { plan, tuner } = await tune(new Device(kernels));
    expect(convTactics(plan)).toEqual(['safe', 'safe']);
    expect(tuner.counts.failed).toBe(1);
    expect(plan.layers[0]!.candidates!.find((c) => c.tactic === 'fatal')).toMatchObject({
      status: 'failed',
      reason: 'it crashed',
    });
    const only = { fatal: { layout: '', claims: 10, takes: 'crashes' as const } };
    await expect(tune(new Device(only))).rejects.toThrow(/Conv 1.*fatal: it crashed/);
  });

  it('times few tactics at a low level and all of them at the highest', async () => {
    const kernels = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`k${i}`, { layout: '', claims: 100 + i, takes: 100 - i }]),
    );
    const tried = async (level: TuningLevel): Promise<number> => {
      const device = new Device(kernels);
      await tune(device, { level });
      return device.measured.length;
    };
    expect([await tried(0), await tried(1), await tried(3), await tried(5)]).toEqual([0, 1, 3, 9]);
  });

  it('never times when it must be deterministic', async () => {
    const device = new Device(claimsWrong);
    const { plan } = await tune(device, { deterministic: true });
    expect(device.measured).toEqual([]);
    expect(convTactics(plan)).toEqual(['boasts', 'boasts']);
  });

  it('obeys pins and prohibitions, and names what cannot be had', async () => {
    const graph = new Graph();
    for (const id of ['s1', 's2']) graph.sources.set(id, { id, op: 'Conv', name: `conv_${id}` } as never);
    const pinned = await tune(new Device(claimsWrong), { rules: tacticRules(graph, { pin: { conv_s1: 'boasts' } }) });
    expect(convTactics(pinned.plan)).toEqual(['boasts', 'modest']);
    const forbidden = await tune(new Device(claimsWrong), { rules: tacticRules(graph, { forbid: ['s2=mod*'] }) });
    expect(convTactics(forbidden.plan)).toEqual(['modest', 'boasts']);
    expect(forbidden.plan.layers[1]!.candidates!.find((c) => c.tactic === 'modest')!.status).toBe('forbidden');
    const none = tune(new Device(claimsWrong), { rules: tacticRules(graph, { forbid: ['*'] }) });
    await expect(none).rejects.toThrow(/every tactic of Conv 1 is forbidden; it has boasts, modest/);
    const unknown = tune(new Device(claimsWrong), { rules: tacticRules(graph, { pin: { s1: 'fastest' } }) });
    await expect(unknown).rejects.toThrow(/pinned to fastest.*boasts, modest/);
    expect(() => tacticRules(graph, { pin: { typo: 'x' } })).toThrow(/no operator.*"typo"/);
  });
});
