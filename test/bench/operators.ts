import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { difference } from '../../optimizer/engine/summary.ts';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';
import { fromNumbers } from '../../optimizer/ir/tensor.ts';
import type { NativeRuntime, Tensor } from '../../optimizer/runtime.ts';
import { ortSession, runOrt } from './ort.ts';

/*
 * Single operators at sizes that real networks have, against ONNX Runtime: one process, alternating, medians.
 * `npm run bench -- --operators [--only TEXT] [--threads N]`
 */

interface Case {
  readonly name: string;
  readonly op: string;
  readonly attrs?: Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>;
  readonly opset?: number;
  /** float32 inputs that runs give, by shape. */
  readonly inputs: readonly (readonly number[])[];
  /** What follows them: constants (random float32 by shape, or whole numbers), null = absent. */
  readonly constants?: readonly (
    | null
    | { readonly random: readonly number[] }
    | { readonly ints: readonly number[]; readonly shape?: readonly number[]; readonly below?: number }
    | { readonly floats: readonly number[] }
  )[];
  readonly outputs?: number;
}

const indices = (below: number, shape: readonly number[]) => ({ ints: [], shape, below });

const CASES: readonly Case[] = [
  {
    name: 'Resize linear ×2, 64×80×80',
    op: 'Resize',
    attrs: { mode: 'linear' },
    inputs: [[1, 64, 80, 80]],
    constants: [null, { floats: [1, 1, 2, 2] }],
  },
  {
    name: 'Resize linear align_corners to 128², 48×33×33',
    op: 'Resize',
    attrs: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    inputs: [[1, 48, 33, 33]],
    constants: [null, null, { ints: [1, 48, 128, 128] }],
  },
  {
    name: 'Resize nearest ×2, 256×40×40',
    op: 'Resize',
    attrs: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    inputs: [[1, 256, 40, 40]],
    constants: [null, { floats: [1, 1, 2, 2] }],
  },
  {
    name: 'Resize cubic ×2, 3×112×112',
    op: 'Resize',
    attrs: { mode: 'cubic' },
    inputs: [[1, 3, 112, 112]],
    constants: [null, { floats: [1, 1, 2, 2] }],
  },
  {
    name: 'ConvTranspose 2×2/2, 64→32, 80×80',
    op: 'ConvTranspose',
    attrs: { kernel_shape: [2, 2], strides: [2, 2] },
    inputs: [[1, 64, 80, 80]],
    constants: [{ random: [64, 32, 2, 2] }, { random: [32] }],
  },
  {
    name: 'ConvTranspose 4×4/2, 128→64, 32×32',
    op: 'ConvTranspose',
    attrs: { kernel_shape: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1] },
    inputs: [[1, 128, 32, 32]],
    constants: [{ random: [128, 64, 4, 4] }, { random: [64] }],
  },
  {
    name: 'LSTM 256→256, 64 steps',
    op: 'LSTM',
    attrs: { hidden_size: 256 },
    inputs: [[64, 1, 256]],
    constants: [{ random: [1, 1024, 256] }, { random: [1, 1024, 256] }, { random: [1, 2048] }],
    outputs: 3,
  },
  {
    name: 'GRU 256→256, 64 steps',
    op: 'GRU',
    attrs: { hidden_size: 256, linear_before_reset: 1 },
    inputs: [[64, 1, 256]],
    constants: [{ random: [1, 768, 256] }, { random: [1, 768, 256] }, { random: [1, 1536] }],
    outputs: 2,
  },
  { name: 'TopK 100 of 8400', op: 'TopK', inputs: [[1, 8400]], constants: [{ ints: [100] }], outputs: 2 },
  { name: 'TopK 5 of 1000, 256 rows', op: 'TopK', inputs: [[256, 1000]], constants: [{ ints: [5] }], outputs: 2 },
  {
    name: 'GridSample bilinear, 64×80×80',
    op: 'GridSample',
    attrs: { mode: 'linear' },
    opset: 20,
    inputs: [
      [1, 64, 80, 80],
      [1, 80, 80, 2],
    ],
  },
  {
    name: 'ScatterElements axis 1, 1×1000×64',
    op: 'ScatterElements',
    attrs: { axis: 1 },
    inputs: [[1, 1000, 64]],
    constants: [indices(1000, [1, 500, 64]), { random: [1, 500, 64] }],
  },
  {
    name: 'ScatterND rows, 1000×256',
    op: 'ScatterND',
    inputs: [[1000, 256]],
    constants: [indices(1000, [300, 1]), { random: [300, 256] }],
  },
  { name: 'CumSum axis 1, 1×512×768', op: 'CumSum', inputs: [[1, 512, 768]], constants: [{ ints: [1], shape: [] }] },
  {
    name: 'Pad reflect 3, 64×112×112',
    op: 'Pad',
    attrs: { mode: 'reflect' },
    inputs: [[1, 64, 112, 112]],
    constants: [{ ints: [0, 0, 3, 3, 0, 0, 3, 3] }],
  },
  {
    name: 'Pad constant 1, 64×112×112',
    op: 'Pad',
    inputs: [[1, 64, 112, 112]],
    constants: [{ ints: [0, 0, 1, 1, 0, 0, 1, 1] }],
  },
  { name: 'Gather 128 rows of 512×768', op: 'Gather', inputs: [[512, 768]], constants: [indices(512, [1, 128])] },
  {
    name: 'GatherElements axis 1, 1×1000×64',
    op: 'GatherElements',
    attrs: { axis: 1 },
    inputs: [[1, 1000, 64]],
    constants: [indices(1000, [1, 500, 64])],
  },
  {
    name: 'InstanceNormalization, 64×112×112',
    op: 'InstanceNormalization',
    inputs: [[1, 64, 112, 112]],
    constants: [{ random: [64] }, { random: [64] }],
  },
  {
    name: 'GroupNormalization 32, 128×56×56',
    op: 'GroupNormalization',
    attrs: { num_groups: 32 },
    opset: 21,
    inputs: [[1, 128, 56, 56]],
    constants: [{ random: [128] }, { random: [128] }],
  },
  { name: 'ArgMax axis 1, 21×256×256', op: 'ArgMax', attrs: { axis: 1 }, inputs: [[1, 21, 256, 256]] },
  {
    name: 'Transpose NCHW→NHWC, 64×112×112',
    op: 'Transpose',
    attrs: { perm: [0, 2, 3, 1] },
    inputs: [[1, 64, 112, 112]],
  },
  { name: 'DepthToSpace 2, 256×40×40', op: 'DepthToSpace', attrs: { blocksize: 2 }, inputs: [[1, 256, 40, 40]] },
  { name: 'Tile 1×1×4×4, 64×28×28', op: 'Tile', inputs: [[1, 64, 28, 28]], constants: [{ ints: [1, 1, 4, 4] }] },
  {
    name: 'Slice step 2, 64×112×112',
    op: 'Slice',
    inputs: [[1, 64, 112, 112]],
    constants: [{ ints: [0, 0] }, { ints: [112, 112] }, { ints: [2, 3] }, { ints: [2, 2] }],
  },
  {
    name: 'Einsum bhid,bhjd->bhij, 12 heads of 64, 128 tokens',
    op: 'Einsum',
    attrs: { equation: 'bhid,bhjd->bhij' },
    inputs: [
      [1, 12, 128, 64],
      [1, 12, 128, 64],
    ],
  },
  {
    name: 'ReduceMax axis 1, 64×112×112',
    op: 'ReduceMax',
    opset: 17,
    attrs: { axes: [1] },
    inputs: [[1, 64, 112, 112]],
  },
  { name: 'LpNormalization, 512×256', op: 'LpNormalization', inputs: [[512, 256]] },
];

type Tensors = { readonly tensor: Tensor; readonly name: string };

function encodeAttr(name: string, v: NonNullable<Case['attrs']>[string]): object {
  if (typeof v === 'number') return { name, type: 2, i: v };
  if (typeof v === 'string') return { name, type: 3, s: new TextEncoder().encode(v) };
  if ('float' in v) return { name, type: 1, f: v.float };
  return { name, type: 7, ints: [...v] };
}

const CODE: Record<string, number> = { float32: 1, int64: 7 };
const valueInfo = (name: string, t?: Tensor): object => ({
  name,
  ...(t
    ? { type: { tensorType: { elemType: CODE[t.dtype], shape: { dim: t.shape.map((d) => ({ dimValue: d })) } } } }
    : {}),
});

function modelOf(c: Case, path: string): Tensors[] {
  const draw = seededRandom(7);
  const inputs = c.inputs.map((shape, i): Tensors => ({ name: `x${i}`, tensor: randomTensor('float32', shape, draw) }));
  const constants = (c.constants ?? []).map((k, i): Tensors | null => {
    if (k === null) return null;
    const name = `c${i}`;
    if ('random' in k) return { name, tensor: scaled(randomTensor('float32', k.random, draw), 0.1) };
    if ('floats' in k) return { name, tensor: literal('float32', [k.floats.length], k.floats) };
    const shape = k.shape ?? [k.ints.length];
    const count = shape.reduce((a, b) => a * b, 1);
    // Distinct along the first axes, so that nothing is scattered twice.
    const numbers = k.below ? shuffled(k.below, count, shape, draw) : k.ints;
    return { name, tensor: literal('int64', shape, numbers) };
  });
  const outputs = Array.from({ length: c.outputs ?? 1 }, (_, i) => `y${i}`);
  const model = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: c.opset ?? 18 }],
    graph: {
      name: c.op,
      node: [
        {
          opType: c.op,
          input: [...inputs.map((t) => t.name), ...constants.map((t) => t?.name ?? '')],
          output: outputs,
          attribute: Object.entries(c.attrs ?? {}).map(([n, v]) => encodeAttr(n, v)),
        },
      ],
      input: inputs.map((t) => valueInfo(t.name, t.tensor)),
      output: outputs.map((name) => valueInfo(name)),
      initializer: constants.flatMap((t) =>
        t ? [{ name: t.name, dims: [...t.tensor.shape], dataType: CODE[t.tensor.dtype], rawData: t.tensor.bytes }] : [],
      ),
    },
  };
  const type = onnxType('ModelProto');
  writeFileSync(path, type.encode(type.create(model)).finish());
  return inputs;
}

const literal = (dtype: 'float32' | 'int64', shape: readonly number[], numbers: readonly number[]): Tensor => ({
  dtype,
  shape,
  bytes: fromNumbers(dtype, shape, numbers).bytes,
});

function scaled(t: Tensor, by: number): Tensor {
  const data = new Float32Array(t.bytes.slice().buffer).map((x) => x * by);
  return { ...t, bytes: new Uint8Array(data.buffer) };
}

function shuffled(below: number, count: number, shape: readonly number[], draw: () => number): number[] {
  const inner = shape.length > 2 ? shape[shape.length - 1]! : 1;
  const order = Array.from({ length: below }, (_, i) => i);
  for (let i = below - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return Array.from({ length: count }, (_, i) => order[Math.floor(i / inner) % below]!);
}

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;

export async function benchOperators(runtime: NativeRuntime, threads: number, only: string | undefined): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sinter-operators-'));
  console.log('| operator | tactic | Sinter µs | ONNX Runtime µs | ratio | error |\n|---|---|---|---|---|---|');
  try {
    for (const c of CASES) {
      if (only !== undefined && !c.name.toLowerCase().includes(only.toLowerCase())) continue;
      const path = join(dir, 'model.onnx');
      const given = modelOf(c, path);
      const inputs = Object.fromEntries(given.map((t) => [t.name, t.tensor]));
      const enginePath = join(dir, 'model.sinter');
      try {
        const report = await buildEngine(optimizeModel(await openModel(path), runtime), {
          runtime,
          threads,
          path: enginePath,
        });
        const engine = await runtime.loadEngine(enginePath);
        const context = engine.createContext({ threads });
        const session = await ortSession(path, threads);
        const want = await runOrt(session, inputs);
        const got = await context.run(inputs);
        const error = Math.max(
          ...Object.keys(got).map((name) =>
            got[name]!.dtype === 'float32' ? difference(want[name]!, got[name]!).maxRel : 0,
          ),
        );
        const stop = new AbortController().signal;
        const ours: number[] = [];
        const theirs: number[] = [];
        const feeds = await feedsOf(inputs);
        for (let turn = 0; turn < 9; turn++) {
          const { total } = await context.profile(inputs, { warmup: 1, iterations: 7 }, () => {}, stop);
          ours.push(...[...total].map((ns) => ns / 1000));
          await session.run(feeds);
          for (let i = 0; i < 7; i++) {
            const t = performance.now();
            await session.run(feeds);
            theirs.push((performance.now() - t) * 1000);
          }
        }
        const [a, b] = [median(ours), median(theirs)];
        const tactics = report.layers.map((l) => l.tactic).join(' + ');
        console.log(
          `| ${c.name} | ${tactics} | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(b / a).toFixed(2)} | ${error.toExponential(1)} |`,
        );
        context.dispose();
        engine.dispose();
        await session.release();
      } catch (e) {
        console.log(`| ${c.name} | ${e instanceof Error ? e.message.split('\n')[0] : e} | | | | |`);
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function feedsOf(inputs: Readonly<Record<string, Tensor>>) {
  const { toOrt } = await import('./ort.ts');
  const feeds: Record<string, Awaited<ReturnType<typeof toOrt>>> = {};
  for (const [name, t] of Object.entries(inputs)) feeds[name] = await toOrt(t);
  return feeds;
}
