import { describe, expect, it } from 'vitest';
import { permittedTactics } from '../../optimizer/builder/build.ts';
import type { Plan, PlanLayer, PlanValue } from '../../optimizer/builder/plan.ts';
import { rootOf } from '../../optimizer/builder/plan.ts';
import { planSearch } from '../../optimizer/builder/planSearch/index.ts';
import { decodeLayerDesc } from '../../optimizer/engine/schema.ts';
import type { NativeRuntime, Tactic } from '../../optimizer/runtime.ts';

/* planSearch against a device whose kernels are known exactly: convolutions only in nhwc, LRN only linear. */

function tactic(name: string, inputs: string[], outputs: string[], estimate: number, views = 1): Tactic {
  return {
    name,
    inputLayouts: inputs,
    outputLayouts: outputs,
    workspace: 0,
    packing: inputs.map(() => ({ recipe: '', bytes: 0 })),
    inputViews: inputs.map(() => views),
    outputViews: outputs.map(() => views),
    estimate,
  };
}

function device(views = 1): NativeRuntime {
  const enumerate = (_device: string, bytes: Uint8Array): Tactic[] => {
    const { layer } = decodeLayerDesc(bytes);
    const ins = layer.inputs.length;
    const outs = layer.outputs.length;
    const all = (n: number, id: string): string[] => Array.from({ length: n }, () => id);
    if (layer.op === 'Conv') return [tactic('f32_conv2d__fast', all(ins, 'nhwc'), all(outs, 'nhwc'), 1000, views)];
    if (layer.op === 'LRN') return [tactic('f32_lrn__linear', all(ins, 'linear'), all(outs, 'linear'), 1000, views)];
    if (layer.op === 'Unknown') return [];
    return [tactic(`any_${layer.op.toLowerCase()}__scalar`, all(ins, ''), all(outs, ''), 100)];
  };
  return { version: 'test', devices: () => [], enumerate } as unknown as NativeRuntime;
}

const image = (channels: number, more: Partial<PlanValue> = {}): PlanValue => ({
  name: `v${channels}`,
  dtype: 'float32',
  shape: [1, channels, 56, 56],
  layout: 'linear',
  ...more,
});
const layer = (op: string, inputs: number[], outputs: number[], more: Partial<PlanLayer> = {}): PlanLayer => ({
  name: op,
  op,
  attrs: {},
  inputs,
  opInputs: inputs.length,
  outputs,
  sources: ['s'],
  ...more,
});
const plan = (values: PlanValue[], layers: PlanLayer[]): Plan => ({ values, layers, inputs: [], outputs: [] });
const search = (p: Plan, runtime = device()) => planSearch(p, { runtime, device: 'cpu', threads: 1, bind: new Map() });
const ops = (p: Plan): string[] => p.layers.map((l) => l.op);

describe('permittedTactics', () => {
  const fast = ['f32_conv2d_tf32x3__sm90_wgmma', 'tf32_conv2d__sm90_wgmma', 'f32_conv2d_bf16x3__amx'];
  const runtime = {
    ...device(),
    enumerate: () => fast.map((name, i) => tactic(name, ['linear'], ['linear'], 1000 - i)),
  } as unknown as NativeRuntime;
  const chosen = (options: Parameters<typeof permittedTactics>[0]): string | undefined => {
    const p = plan([image(3, { external: 'input' }), image(8, { external: 'output' })], [layer('Conv', [0], [1])]);
    planSearch(p, { runtime, device: 'x', threads: 1, bind: new Map(), tactics: permittedTactics(options) });
    return p.layers[0]?.tactic?.name;
  };

  it('leaves FP32 its bits unless fewer are allowed: three TF32 products keep them, TF32 and bfloat16 parts do not', () => {
    expect(chosen({})).toBe('f32_conv2d_tf32x3__sm90_wgmma');
    expect(chosen({ fastFp32: true })).toBe('f32_conv2d_bf16x3__amx');
    expect(chosen({ fastFp32: true, tactics: (name) => !name.includes('bf16x3') })).toBe('tf32_conv2d__sm90_wgmma');
  });
});

describe('planSearch', () => {
  it('reformats only at the edges of what one layout can cover', () => {
    const p = plan(
      [image(3, { external: 'input' }), image(8), image(8), image(8, { external: 'output' })],
      [layer('Conv', [0], [1]), layer('Conv', [1], [2]), layer('Conv', [2], [3])],
    );
    search(p);
    expect(ops(p)).toEqual(['Copy', 'Conv', 'Conv', 'Conv', 'Copy']);
    expect(p.layers[0]!.name).toBe('Reformat linear → nhwc');
  });

  it('shares one reformat between readers that want the same layout', () => {
    const p = plan(
      [image(3, { external: 'input' }), image(8), image(8), image(8), image(8, { external: 'output' })],
      [layer('Conv', [0], [1]), layer('Conv', [0], [2]), layer('LRN', [1], [3]), layer('Pointwise', [2, 3], [4])],
    );
    search(p);
    const reformats = p.layers.filter((l) => l.op === 'Copy' && p.values[l.inputs[0]!]!.name === 'v3');
    expect(reformats).toHaveLength(1);
  });

  it('lets a layer that runs anywhere follow its neighbours', () => {
    const p = plan(
      [image(3, { external: 'input' }), image(8), image(8), image(8, { external: 'output' })],
      [layer('Conv', [0], [1]), layer('Pointwise', [1], [2]), layer('Conv', [2], [3])],
    );
    search(p);
    expect(p.values[p.layers[2]!.outputs[0]!]!.layout).toBe('nhwc');
    expect(ops(p)).toEqual(['Copy', 'Conv', 'Pointwise', 'Conv', 'Copy']);
  });

  const branches = (): Plan =>
    plan(
      [image(3, { external: 'input' }), image(8), image(16), image(24), image(8, { external: 'output' })],
      [
        layer('Conv', [0], [1]),
        layer('Conv', [0], [2]),
        layer('Concat', [1, 2], [3], { attrs: { axis: 1 }, viewWish: true }),
        layer('Conv', [3], [4]),
      ],
    );

  it('makes the producers of a concat write into its buffer', () => {
    const p = branches();
    const { views } = search(p);
    expect(ops(p)).toEqual(['Copy', 'Conv', 'Conv', 'Conv', 'Copy']);
    expect(views.every((v) => v.accepted)).toBe(true);
    expect(p.values[1]!.view).toEqual({ of: 3, kind: 'slice', axis: 1, start: 0 });
    expect(p.values[2]!.view).toEqual({ of: 3, kind: 'slice', axis: 1, start: 8 });
  });

  it('copies into the slice, and says why, where a producer cannot write strided', () => {
    const p = branches();
    const { views } = search(p, device(0));
    expect(views.map((v) => v.accepted)).toEqual([false, false]);
    expect(views[0]!.reason).toContain('writes dense storage only');
    expect(ops(p).filter((o) => o === 'Copy')).toHaveLength(4);
    expect(ops(p)).not.toContain('Concat');
  });

  it('nests concats of concats in the outermost buffer', () => {
    const p = plan(
      [
        image(3, { external: 'input' }),
        image(8),
        image(8),
        image(16),
        image(8),
        image(24),
        image(4, { external: 'output' }),
      ],
      [
        layer('Conv', [0], [1]),
        layer('Conv', [0], [2]),
        layer('Concat', [1, 2], [3], { attrs: { axis: 1 }, viewWish: true }),
        layer('Conv', [3], [4]),
        layer('Concat', [3, 4], [5], { attrs: { axis: 1 }, viewWish: true }),
        layer('Conv', [5], [6]),
      ],
    );
    search(p);
    for (const v of [1, 2, 3, 4]) expect(rootOf(p, v)).toBe(5);
    expect(ops(p).filter((o) => o === 'Copy')).toHaveLength(2);
  });

  it('reads the parts of a split from its input, and copies a part that leaves the engine', () => {
    const p = plan(
      [
        image(3, { external: 'input' }),
        image(16),
        image(8),
        image(8, { external: 'output' }),
        image(8, { external: 'output' }),
      ],
      [
        layer('Conv', [0], [1]),
        layer('Split', [1], [2, 3], { attrs: { axis: 1, splits: [8, 8] }, viewWish: true }),
        layer('Conv', [2], [4]),
      ],
    );
    const { views } = search(p);
    // The part that leaves is a view too; the reformat to the caller's linear storage reads it in place.
    expect(views.map((v) => v.accepted)).toEqual([true, true]);
    expect(ops(p)).toEqual(['Copy', 'Conv', 'Copy', 'Conv', 'Copy']);
  });

  it('turns a reshape into a view of linear storage', () => {
    const flat: PlanValue = { name: 'flat', dtype: 'float32', shape: [1, 25088], layout: 'linear' };
    const p = plan(
      [image(8, { external: 'input' }), image(8), flat, { ...flat, external: 'output' }],
      [layer('Conv', [0], [1]), layer('Reshape', [1], [2], { viewWish: true }), layer('Pointwise', [2], [3])],
    );
    search(p);
    expect(ops(p)).toEqual(['Copy', 'Conv', 'Copy', 'Pointwise']);
    expect(p.values[2]!.view?.kind).toBe('reshape');
  });

  it('names fused nodes that the device cannot run, and changes nothing', () => {
    const p = plan(
      [image(8, { external: 'input' }), image(8, { external: 'output' })],
      [layer('Unknown', [0], [1], { node: 17 })],
    );
    expect([...search(p).inline]).toEqual([17]);
    expect(ops(p)).toEqual(['Unknown']);
  });
});
