import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import type { BuildReport } from '../../optimizer/builder/report.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import type { Graph, ValueId } from '../../optimizer/ir/graph.ts';
import { toNumbers } from '../../optimizer/ir/tensor.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { testRuntime } from '../networks/check.ts';

export interface QuantizedCheck {
  /** Share of all output elements that are at most one quantization step from ONNX Runtime's. */
  readonly withinStep: number;
  /** Share that is equal, and the largest distance in steps. */
  readonly equal: number;
  readonly worst: number;
  readonly report: BuildReport;
}

/** The scale that an output was last rounded with; a 127th of its largest magnitude where it was not. */
function stepOf(graph: Graph, output: ValueId, want: Float32Array): number {
  for (let v: ValueId | null | undefined = output; v !== null && v !== undefined; ) {
    const p = graph.producer(v);
    if (!p) break;
    const scale = p.op === 'DequantizeLinear' ? graph.value(p.inputs[1]!).weight : undefined;
    if (scale?.kind === 'literal') return toNumbers(scale.value)[0]!;
    if (!['Reshape', 'Flatten', 'Transpose'].includes(p.op)) break;
    v = p.inputs[0];
  }
  return want.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-20) / 127;
}

const numbersOf = (t: Tensor): Float32Array => {
  const bytes = t.bytes.slice();
  if (t.dtype === 'uint8') return Float32Array.from(bytes);
  if (t.dtype === 'int8') return Float32Array.from(new Int8Array(bytes.buffer));
  if (t.dtype !== 'float32') throw new TypeError(`an output of type ${t.dtype} is not compared`);
  return new Float32Array(bytes.buffer);
};

export function randomInputsOf(graph: Graph, seed = 11): Record<string, Tensor> {
  const random = seededRandom(seed);
  return Object.fromEntries(
    graph.inputs
      .map((id) => graph.value(id))
      .filter((v) => !v.weight)
      .map((v) => [v.name, randomTensor(v.type.dtype, v.type.shape as number[], random)]),
  );
}

/** Runs a quantized model in ONNX Runtime and in our engine on the same input. */
export async function checkQuantized(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>> = {},
  given?: Readonly<Record<string, Tensor>>,
): Promise<QuantizedCheck> {
  const runtime = testRuntime();
  const dir = mkdtempSync(join(tmpdir(), 'sinter-quantized-'));
  try {
    const model = await openModel(path, { shapes });
    const inputs = given ?? randomInputsOf(model.graph);
    const session = await ortSession(path, 2);
    const want = await runOrt(session, inputs);
    await session.release();
    const enginePath = join(dir, 'engine.sinter');
    const report = await buildEngine(optimizeModel(model, runtime), { runtime, threads: 2, path: enginePath });
    const engine = await runtime.loadEngine(enginePath);
    const context = engine.createContext({ threads: 2 });
    const got = await context.run(inputs);
    context.dispose();
    engine.dispose();
    let [count, within, equal, worst] = [0, 0, 0, 0];
    for (const id of model.graph.outputs) {
      const { name } = model.graph.value(id);
      const [a, b] = [numbersOf(want[name]!), numbersOf(got[name]!)];
      const step = want[name]!.dtype === 'float32' ? stepOf(model.graph, id, a) : 1;
      if (a.length !== b.length) throw new Error(`${name} has ${b.length} elements instead of ${a.length}`);
      a.forEach((x, i) => {
        const d = Math.abs(x - b[i]!) / step;
        count++;
        if (d <= 1.001) within++;
        if (d < 1e-3) equal++;
        worst = Math.max(worst, Number.isNaN(d) ? Infinity : d);
      });
    }
    return { withinStep: within / count, equal: equal / count, worst, report };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
