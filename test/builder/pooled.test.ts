import { describe, expect, it } from 'vitest';
import type { Plan, PlanLayer, PlanValue } from '../../optimizer/builder/plan.ts';
import { planSearch, tunedPlanSearch } from '../../optimizer/builder/planSearch/index.ts';
import { levelPolicy } from '../../optimizer/builder/tuning/levels.ts';
import type { PlanTuner } from '../../optimizer/builder/tuning/tuner.ts';
import { decodeLayerDesc } from '../../optimizer/engine/schema.ts';
import type { NativeRuntime, Tactic } from '../../optimizer/runtime.ts';

/* A device that runs a convolution and the 2 × 2 maximum behind it as one, at an estimate of its own. */

function device(together: number): NativeRuntime {
  const times: Record<string, number> = { Conv: 1000, MaxPool: 300, ConvMaxPool: together };
  const enumerate = (_: string, bytes: Uint8Array): Tactic[] => {
    const { layer } = decodeLayerDesc(bytes);
    const tactic = (name: string, estimate: number): Tactic => ({
      name,
      inputLayouts: layer.inputs.map(() => ''),
      outputLayouts: layer.outputs.map(() => ''),
      workspace: 0,
      packing: layer.inputs.map(() => ({ recipe: '', bytes: 0 })),
      inputViews: layer.inputs.map(() => 1),
      outputViews: layer.outputs.map(() => 1),
      estimate,
    });
    const time = times[layer.op];
    const slow = tactic(`cpu:any_${layer.op.toLowerCase()}__scalar`, 1e9);
    return time === undefined ? [slow] : [tactic(`f32_${layer.op.toLowerCase()}__sm90`, time), slow];
  };
  return { version: 'test', devices: () => [], enumerate } as unknown as NativeRuntime;
}

const value = (shape: number[], more: Partial<PlanValue> = {}): PlanValue => ({
  name: 'v',
  dtype: 'float32',
  shape,
  layout: 'linear',
  ...more,
});
const window = (size: number, stride: number, pad: number) => ({
  kernel_shape: [size, size],
  strides: [stride, stride],
  dilations: [1, 1],
  pads: [pad, pad, pad, pad],
});

/** A convolution of 64 channels on an image, then a pooling. */
function network(more: { size?: number; pooled?: number; pool?: object; readTwice?: boolean } = {}): Plan {
  const { size = 56, pooled = 28, pool = {}, readTwice = false } = more;
  const layer = (op: string, inputs: number[], outputs: number[], attrs: object, source: string): PlanLayer => ({
    name: op,
    op,
    attrs: attrs as PlanLayer['attrs'],
    inputs,
    opInputs: inputs.length,
    outputs,
    sources: [source],
  });
  const values = [
    value([1, 64, size, size], { external: 'input' }),
    value([64, 64, 3, 3], { external: 'input' }),
    value([1, 64, size, size]),
    value([1, 64, pooled, pooled], { external: 'output' }),
    value([1, 64, size, size], { external: 'output' }),
  ];
  const layers = [
    layer('Conv', [0, 1], [2], { ...window(3, 1, 1), group: 1 }, 'conv'),
    layer('MaxPool', [2], [3], { ...window(2, 2, 0), count_include_pad: 0, ...pool }, 'pool'),
    ...(readTwice ? [layer('Relu', [2], [4], {}, 'relu')] : []),
  ];
  return { values, layers, inputs: [], outputs: [{ name: 'y', value: 3 }] };
}

const search = (p: Plan, together = 900, on = 'cuda:0'): string[] => {
  planSearch(p, { runtime: device(together), device: on, threads: 1, bind: new Map() });
  return p.layers.map((l) => l.op);
};

describe('joinPools', () => {
  it('joins a convolution with the 2x2 maximum behind it, sources and all', () => {
    const p = network();
    expect(search(p)).toEqual(['ConvMaxPool']);
    const [joined] = p.layers;
    expect(joined).toMatchObject({ name: 'Conv + MaxPool', inputs: [0, 1], outputs: [3], sources: ['conv', 'pool'] });
    expect(joined!.tactic!.name).toBe('f32_convmaxpool__sm90');
  });

  it('leaves them apart where the device is faster so, or the processor runs them', () => {
    expect(search(network(), 1400)).toEqual(['Conv', 'MaxPool']);
    expect(search(network(), 900, 'cpu')).toEqual(['Conv', 'MaxPool']);
  });

  it('lets times decide where there are any', async () => {
    const ops = async (joined: number): Promise<string[]> => {
      const median: Record<string, number> = { conv: 1000, maxpool: 300, convmaxpool: joined };
      const timing = (_: Uint8Array, name: string) => {
        const t = median[name.slice('f32_'.length, name.indexOf('__'))]!;
        return { ok: true, min: t, median: t, max: t };
      };
      const policy = { ...levelPolicy(3)!, reformats: false };
      const tuner = { policy, time: async () => undefined, timing } as unknown as PlanTuner;
      const p = network();
      await tunedPlanSearch(p, { runtime: device(900), device: 'cuda:0', threads: 1, bind: new Map() }, tuner);
      return p.layers.map((l) => l.op);
    };
    expect(await ops(1290)).toEqual(['ConvMaxPool']);
    expect(await ops(1310)).toEqual(['Conv', 'MaxPool']);
  });

  it('leaves a convolution with the tactic that a person pinned', () => {
    const p = network();
    const rules = {
      pinned: (l: PlanLayer) => (l.op === 'MaxPool' ? undefined : 'f32_conv__sm90'),
      forbidden: () => false,
    };
    planSearch(p, { runtime: device(900), device: 'cuda:0', threads: 1, bind: new Map(), rules });
    expect(p.layers.map((l) => l.op)).toEqual(['Conv', 'MaxPool']);
  });

  it('leaves poolings that are not the maximum of whole 2x2 windows, and results that others read', () => {
    expect(search(network({ pool: window(3, 2, 1) }))).toEqual(['Conv', 'MaxPool']);
    expect(search(network({ pool: { pads: [0, 0, 1, 1] } }))).toEqual(['Conv', 'MaxPool']);
    expect(search(network({ size: 55, pooled: 28 }))).toEqual(['Conv', 'MaxPool']);
    expect(search(network({ size: 55, pooled: 27 }))).toEqual(['ConvMaxPool']);
    expect(search(network({ readTwice: true }))).toEqual(['Conv', 'MaxPool', 'Relu']);
  });
});
