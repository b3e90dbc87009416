import { describe, expect, it } from 'vitest';
import {
  type LibraryPolicy,
  type LibrarySource,
  librariesOf,
  libraryPolicy,
  librarySharesOf,
} from '../../optimizer/builder/libraries.ts';
import type { Plan, PlanLayer, PlanValue } from '../../optimizer/builder/plan.ts';
import { tunedPlanSearch } from '../../optimizer/builder/planSearch/index.ts';
import { TimingCache } from '../../optimizer/builder/tuning/timingCache.ts';
import { PlanTuner } from '../../optimizer/builder/tuning/tuner.ts';
import type { NativeRuntime, Tactic } from '../../optimizer/runtime.ts';

const OURS = 'f16_matmul__sm90';
const THEIRS = 'cublaslt:13.1.0:f16_matmul__42';

const tactic = (name: string, estimate: number): Tactic => ({
  name,
  inputLayouts: ['linear'],
  outputLayouts: ['linear'],
  workspace: 0,
  packing: [{ recipe: '', bytes: 0 }],
  inputViews: [1],
  outputViews: [1],
  estimate,
});

/** A GPU whose own kernel takes 900 ns where the library takes 600; `found`: the libraries that are there. */
function device(found: readonly string[] = ['cuBLASLt']): NativeRuntime {
  return {
    version: '1',
    buildId: '1',
    devices: () => [],
    libraries: () =>
      ['cuBLASLt', 'cuDNN'].map((name) => ({
        name,
        path: found.includes(name) ? `/lib/${name}` : '',
        version: '13.1.0',
        problem: found.includes(name) ? '' : `${name} was not found`,
        searched: [],
      })),
    enumerate: (_d: string, _l: Uint8Array, _t: number, libraries: readonly string[] = []) => [
      tactic(OURS, 800),
      ...(libraries.includes('cublaslt') ? [tactic(THEIRS, 500)] : []),
    ],
    fallbacks: () => [],
    measure: async (_d: string, _l: Uint8Array, names: readonly string[]) =>
      names.map((name) => {
        const ns = name === OURS ? 900 : 600;
        return { tactic: name, ok: true, error: '', min: ns, median: ns, max: ns };
      }),
  } as unknown as NativeRuntime;
}

function chain(): Plan {
  const value = (external?: 'input' | 'output'): PlanValue => ({
    name: 'v',
    dtype: 'float16',
    shape: [8, 8],
    layout: 'linear',
    ...(external ? { external } : {}),
  });
  const layer = (x: number, y: number): PlanLayer => ({
    name: `MatMul ${y}`,
    op: 'MatMul',
    attrs: {},
    inputs: [x],
    opInputs: 1,
    outputs: [y],
    sources: [`s${y}`],
  });
  return {
    values: [value('input'), value(), value('output')],
    layers: [layer(0, 1), layer(1, 2)],
    inputs: [],
    outputs: [],
  };
}

async function search(libraries: LibraryPolicy): Promise<Plan> {
  const plan = chain();
  const runtime = device();
  const common = { runtime, device: 'cuda:0', threads: 1 };
  const stop = new AbortController().signal;
  const tuner = new PlanTuner({ ...common, level: 4, cache: TimingCache.inMemory(), stop });
  await tunedPlanSearch(plan, { ...common, bind: new Map(), libraries }, tuner);
  return plan;
}

describe('libraries', () => {
  it('that are allowed run what they run faster, and the engine needs them', async () => {
    const policy = libraryPolicy(device(), 'cuda:0', new Set<LibrarySource>(['cublaslt']), false);
    const plan = await search(policy);
    expect(plan.layers.map((l) => l.tactic?.name)).toEqual([THEIRS, THEIRS]);
    expect(librariesOf([plan])).toEqual([{ source: 'cublaslt', version: '13.1.0' }]);
    expect(librarySharesOf(plan, policy)).toEqual([
      { name: 'cuBLASLt', version: '13.1.0', allowed: true, layers: 2, saves: 0 },
    ]);
  });

  it('that are only asked run nothing, but the report says what they would save', async () => {
    const policy = libraryPolicy(device(), 'cuda:0', new Set<LibrarySource>(), true);
    expect(policy.asked).toEqual(['cublaslt']);
    const plan = await search(policy);
    expect(plan.layers.map((l) => l.tactic?.name)).toEqual([OURS, OURS]);
    expect(librariesOf([plan])).toEqual([]);
    expect(librarySharesOf(plan, policy)).toEqual([
      { name: 'cuBLASLt', version: '13.1.0', allowed: false, layers: 2, saves: 600 },
    ]);
    const theirs = plan.layers[0]!.candidates!.find((c) => c.tactic === THEIRS)!;
    expect(theirs).toMatchObject({ status: 'forbidden', time: { median: 600 } });
    expect(theirs.reason).toContain('--tactic-sources +CUBLAS_LT');
  });

  it('that are not asked are never opened; one that is allowed must be here', () => {
    const nowhere = { libraries: () => expect.fail('it was asked') } as unknown as NativeRuntime;
    expect(libraryPolicy(nowhere, 'cuda:0', new Set(), false).asked).toEqual([]);
    expect(libraryPolicy(nowhere, 'cpu', new Set(), true).asked).toEqual([]);
    const wanted = new Set<LibrarySource>(['cudnn']);
    expect(() => libraryPolicy(device(), 'cuda:0', wanted, false)).toThrow(/cuDNN is allowed but not here: cuDNN was/);
    expect(() => libraryPolicy(device(), 'cpu', wanted, false)).toThrow(/on GPUs only/);
  });
});
