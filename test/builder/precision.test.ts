import { describe, expect, it } from 'vitest';
import type { Plan, PlanLayer, PlanValue } from '../../optimizer/builder/plan.ts';
import { planSearch } from '../../optimizer/builder/planSearch/index.ts';
import type { PrecisionPolicy } from '../../optimizer/builder/planSearch/storages.ts';
import { dtypeFromNumber } from '../../optimizer/engine/encode.ts';
import { decodeLayerDesc } from '../../optimizer/engine/schema.ts';
import type { NativeRuntime, Tactic } from '../../optimizer/runtime.ts';

/* Precision in planSearch, against a device whose INT8 convolutions take a quarter of the FP32 time. */

function device(): NativeRuntime {
  const enumerate = (_device: string, bytes: Uint8Array): Tactic[] => {
    const { layer, values } = decodeLayerDesc(bytes);
    const dtype = (v: number): string => dtypeFromNumber(values[v]!.dtype);
    const types = layer.inputs.map(dtype);
    const quantized = types.some((t) => t === 'int8' || t === 'uint8');
    const half = types.find((t) => t === 'float16' || t === 'bfloat16');
    if (layer.op === 'LRN' && (quantized || half)) return [];
    const prefix = quantized ? 's8' : half ? half.replace(/loat/, '') : 'f32';
    const conv = layer.op === 'Conv';
    const layouts = (n: number): string[] => Array.from({ length: n }, () => (conv ? 'nhwc' : ''));
    const out = layer.outputs.map(dtype).join();
    return [
      {
        name: `${prefix}_${layer.op.toLowerCase()}__${out}`,
        inputLayouts: layouts(layer.inputs.length),
        outputLayouts: layouts(layer.outputs.length),
        workspace: 0,
        packing: layer.inputs.map(() => ({ recipe: '', bytes: 0 })),
        inputViews: layer.inputs.map(() => 1),
        outputViews: layer.outputs.map(() => 1),
        estimate: conv ? (quantized ? 250_000 : half ? 500_000 : 1_000_000) : 100,
      },
    ];
  };
  return { version: 'test', devices: () => [], enumerate } as unknown as NativeRuntime;
}

const image = (name: string, channels: number, more: Partial<PlanValue> = {}): PlanValue => ({
  name,
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
  sources: [`${op}${outputs[0]}`],
  ...more,
});
const weight = (): PlanValue => ({
  name: 'w',
  dtype: 'float32',
  shape: [8, 8, 1, 1],
  layout: 'linear',
  weight: { kind: 'file', file: 0, offset: 0, length: 256, dtype: 'float32', shape: [8, 8, 1, 1], hash: 'h' },
});

const ranges: Record<string, number> = { a: 2, b: 4, c: 8, d: 1, e: 3 };
const policy = (pinned: readonly string[] = []): PrecisionPolicy => ({
  amax: (v) => ranges[v.name],
  storages: (l) => (l.sources.some((s) => pinned.includes(s)) ? [''] : ['', 'int8']),
});
const search = (values: PlanValue[], layers: PlanLayer[], precision?: PrecisionPolicy): Plan => {
  const plan: Plan = { values, layers, inputs: [], outputs: [] };
  planSearch(plan, {
    runtime: device(),
    device: 'cpu',
    threads: 1,
    bind: new Map(),
    ...(precision ? { precision } : {}),
  });
  return plan;
};
const tactics = (p: Plan): string[] => p.layers.map((l) => l.tactic?.name ?? l.op);

/** a (input) → Conv → b → Conv → c → Conv → out */
const chain = (): [PlanValue[], PlanLayer[]] => [
  [
    image('a', 8, { external: 'input' }),
    image('b', 8),
    image('c', 8),
    image('out', 8, { external: 'output' }),
    weight(),
  ],
  [layer('Conv', [0, 4], [1]), layer('Conv', [1, 4], [2]), layer('Conv', [2, 4], [3])],
];

describe('precision in planSearch', () => {
  it('changes nothing without calibration', () => {
    expect(tactics(search(...chain())).filter((t) => t.startsWith('s8'))).toEqual([]);
  });

  it('quantizes once at the edge, stays INT8 between layers, and leaves the output in FP32', () => {
    const p = search(...chain(), policy());
    expect(tactics(p).filter((t) => t.includes('conv'))).toEqual([
      's8_conv__int8',
      's8_conv__int8',
      's8_conv__float32',
    ]);
    const quantizing = p.layers.filter((l) => l.op === 'Copy' && p.values[l.outputs[0]!]!.dtype === 'int8');
    expect(quantizing).toHaveLength(1);
    expect(p.values[1]).toMatchObject({ dtype: 'int8', scale: Math.fround(4 / 127) });
    expect(p.values[3]!.dtype).toBe('float32');
  });

  it('keeps a pinned layer in FP32 and pays the transitions around it', () => {
    const p = search(...chain(), policy(['Conv2']));
    expect(tactics(p).filter((t) => t.includes('conv'))).toEqual([
      's8_conv__float32',
      'f32_conv__float32',
      's8_conv__float32',
    ]);
  });

  it('leaves layers without an INT8 kernel, and values without a range, in FP32', () => {
    const p = search(
      [
        image('a', 8, { external: 'input' }),
        image('b', 8),
        image('unknown', 8),
        image('out', 8, { external: 'output' }),
        weight(),
      ],
      [layer('Conv', [0, 4], [1]), layer('LRN', [1], [2]), layer('Conv', [2, 4], [3])],
      policy(),
    );
    expect(tactics(p).filter((t) => !t.includes('copy'))).toEqual([
      's8_conv__float32',
      'f32_lrn__float32',
      'f32_conv__float32',
    ]);
  });

  it('gives concatenated parts one scale, the largest, so that the concat stays a view', () => {
    const p = search(
      [
        image('a', 8, { external: 'input' }),
        image('b', 8),
        image('c', 8),
        image('d', 16),
        image('out', 8, { external: 'output' }),
        weight(),
      ],
      [
        layer('Conv', [0, 5], [1]),
        layer('Conv', [0, 5], [2]),
        layer('Concat', [1, 2], [3], { attrs: { axis: 1 }, viewWish: true }),
        layer('Conv', [3, 5], [4]),
      ],
      policy(),
    );
    const scale = Math.fround(8 / 127);
    for (const v of [1, 2, 3]) expect(p.values[v]).toMatchObject({ dtype: 'int8', scale });
    expect(p.values[1]!.view?.of).toBe(3);
    expect(p.layers.some((l) => l.op === 'Concat')).toBe(false);
  });

  it('stores 16 bits throughout, weights included, and leaves the edges as the model has them', () => {
    const p = search(...chain(), { amax: () => undefined, storages: () => ['', 'float16'] });
    expect(new Set(tactics(p).filter((t) => t.includes('conv')))).toEqual(new Set(['f16_conv__float16']));
    expect([0, 1, 2, 3].map((v) => p.values[v]!.dtype)).toEqual(['float32', 'float16', 'float16', 'float32']);
    const weights = p.layers.filter((l) => l.op === 'Conv').map((l) => p.values[l.inputs[1]!]!);
    for (const w of weights) expect(w).toMatchObject({ dtype: 'float16', weight: { kind: 'cast', dtype: 'float16' } });
    expect(new Set(weights).size).toBe(1);
  });

  it('lets numbers begin in 16 bits: computed from integers, or read from a table that is stored so too', () => {
    const ids: PlanValue = { name: 'ids', dtype: 'int64', shape: [16], layout: 'linear', external: 'input' };
    const row = (name: string, more: Partial<PlanValue> = {}): PlanValue => ({
      ...image(name, 8, more),
      shape: [16, 8],
    });
    const p = search(
      [ids, { ...weight(), shape: [100, 8] }, row('rows'), row('mask'), row('out', { external: 'output' })],
      [layer('Gather', [1, 0], [2]), layer('Pointwise', [0], [3]), layer('LRN', [2, 3], [4])],
      { amax: () => undefined, storages: (l) => (l.op === 'LRN' ? [''] : ['', 'float16']) },
    );
    // Nothing reads 16 bits here: what begins in them would only have to be converted.
    expect(p.layers.map((l) => l.op)).toEqual(['Gather', 'Pointwise', 'LRN']);
    const half = search(
      [ids, { ...weight(), shape: [100, 8] }, row('rows'), row('mask'), row('out', { external: 'output' })],
      [layer('Gather', [1, 0], [2]), layer('Pointwise', [0], [3]), layer('Add', [2, 3], [4])],
      { amax: () => undefined, storages: () => ['float16'] },
    );
    expect(half.values.slice(2, 4).map((v) => v.dtype)).toEqual(['float16', 'float16']);
    expect(half.values[half.layers[0]!.inputs[0]!]!.dtype).toBe('float16');
    expect(half.layers.slice(0, 2).map((l) => l.op)).toEqual(['Gather', 'Pointwise']);
  });

  it('demands a storage, and falls back only where no kernel has it', () => {
    const p = search(
      [
        image('a', 8, { external: 'input' }),
        image('b', 8),
        image('c', 8),
        image('out', 8, { external: 'output' }),
        weight(),
      ],
      [layer('Relu', [0], [1]), layer('LRN', [1], [2]), layer('Conv', [2, 4], [3])],
      { amax: () => undefined, storages: () => ['bfloat16'] },
    );
    expect(tactics(p).filter((t) => !t.includes('copy'))).toEqual([
      'bf16_relu__bfloat16',
      'f32_lrn__float32',
      'bf16_conv__bfloat16',
    ]);
  });

  it('keeps constants that 16 bits cannot hold, and with them their layers', () => {
    const p = search(...chain(), {
      amax: () => undefined,
      storages: () => ['', 'float16', 'bfloat16'],
      largest: (v) => (v.weight ? 65505 : undefined),
    });
    expect(new Set(tactics(p).filter((t) => t.includes('conv')))).toEqual(new Set(['bf16_conv__bfloat16']));
  });

  it('goes from INT8 to 16 bits in the layer that ends the quantized part', () => {
    const p = search(...chain(), {
      amax: (v) => ranges[v.name],
      storages: (l) => (l.sources.includes('Conv3') ? ['float16'] : ['', 'int8', 'float16']),
    });
    expect(tactics(p).filter((t) => t.includes('conv'))).toEqual([
      's8_conv__int8',
      's8_conv__float16',
      'f16_conv__float16',
    ]);
  });

  it('gives a value that is stored as INT8 to a reader that demands 16 bits', () => {
    const p = search(
      [
        image('a', 8, { external: 'input' }),
        image('b', 8),
        image('c', 8),
        image('d', 8),
        image('out', 8, { external: 'output' }),
        weight(),
      ],
      [layer('Conv', [0, 5], [1]), layer('Conv', [1, 5], [2]), layer('Conv', [1, 5], [3]), layer('Conv', [2, 5], [4])],
      {
        amax: (v) => ranges[v.name],
        storages: (l) => (l.sources.includes('Conv3') ? ['bfloat16'] : ['int8']),
      },
    );
    const between = p.layers.filter((l) => l.op === 'Copy').map((l) => [l.inputs[0]!, l.outputs[0]!]);
    const types = between.map(([from, to]) => `${p.values[from!]!.dtype} ${p.values[to!]!.dtype}`);
    expect(types).toContain('int8 bfloat16');
  });

  it('stores a value with the scale and zero point that the policy gives', () => {
    const p = search(...chain(), {
      amax: () => undefined,
      storages: () => ['', 'uint8'],
      quantized: () => ({ dtype: 'uint8', scale: 0.5, zeroPoint: 3 }),
    });
    expect(p.values[1]).toMatchObject({ dtype: 'uint8', scale: 0.5, zeroPoint: 3, own: 'float32' });
    expect(p.values[3]!.dtype).toBe('float32');
  });
});
