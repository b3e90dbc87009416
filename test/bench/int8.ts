import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { calibrate } from '../../optimizer/builder/calibrate.ts';
import { precisionPolicy } from '../../optimizer/builder/precision.ts';
import { withQuantization } from '../../optimizer/builder/quantized.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { encodeWeight } from '../../optimizer/builder/weights.ts';
import { minMax } from '../../optimizer/calibration/algorithms/minMax.ts';
import type { SampleSource } from '../../optimizer/calibration/data/source.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import { encodeWeightExpr } from '../../optimizer/engine/schema.ts';
import { difference } from '../../optimizer/engine/summary.ts';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import type { Optimized } from '../../optimizer/passes/pass.ts';
import type { NativeRuntime, Tensor } from '../../optimizer/runtime.ts';
import type { BenchModel } from './models.ts';
import { ortSession, runOrt, toOrt } from './ort.ts';
import { median, timeBlock } from './timing.ts';
import { benchTuning } from './tuning.ts';

/** The networks of the INT8 table. */
export const INT8_MODELS = ['resnet50.onnx', 'inception_v1.onnx', 'squeezenet.onnx', 'mobilenet_v2.onnx'];

/** Medians in milliseconds; the QDQ model is the same file for both runtimes. */
export interface Int8Row {
  readonly model: string;
  readonly threads: number;
  readonly fp32: number;
  readonly int8: number;
  readonly qdq: number;
  readonly ortFp32: number;
  readonly ortQdq: number;
  /** Largest relative difference between the two runtimes on the QDQ model. */
  readonly difference: number;
}

const SAMPLES = 4;

/**
 * One network: ours in FP32, in INT8 with calibrated ranges, and on the QDQ model that our exporter writes; ONNX Runtime in
 * FP32 and on that model. All in this process, in alternating blocks. Ranges come from random samples: times count here.
 */
export async function benchInt8(
  runtime: NativeRuntime,
  model: BenchModel,
  path: string,
  threads: number,
  seconds: number,
): Promise<Int8Row> {
  const dir = mkdtempSync(join(tmpdir(), 'sinter-bench-int8-'));
  const undo: (() => void | Promise<void>)[] = [() => rmSync(dir, { recursive: true, force: true })];
  try {
    const imported = await openModel(path, { ...(model.shapes ? { shapes: model.shapes } : {}) });
    const input = imported.graph.value(imported.graph.inputs.find((v) => !imported.graph.value(v).weight)!);
    const sampleOf = (seed: number): Tensor =>
      randomTensor(input.type.dtype, input.type.shape as number[], seededRandom(seed));
    const source: SampleSource = {
      ...{ description: 'noise', length: SAMPLES, labelled: false, fingerprint: 'noise' },
      read: async (i) => ({ id: String(i), inputs: { [input.name]: sampleOf(100 + i) } }),
      close: async () => {},
    };
    const rangesOf = async (optimized: Optimized): Promise<Ranges> =>
      new Ranges((await calibrate(optimized, { runtime, threads, source, algorithm: minMax })).table);

    const optimized = optimizeModel(imported, runtime);
    // ONNX Runtime fuses a sum into no integer convolution: it gets the model with a rounding in between.
    const apart = optimizeModel(imported, runtime, { disabledPasses: new Set(['vertical-fusion']) });
    const qdqPath = join(dir, 'qdq.onnx');
    const files = apart.graph.files.map((f) => f.path);
    await writeOnnx(withQuantization(apart.graph, await rangesOf(apart), {}, 'uint8'), qdqPath, {
      evaluateWeight: (w) => runtime.evaluateWeight(encodeWeightExpr(encodeWeight(w)), files),
    });
    const inputs = { [input.name]: sampleOf(7) };
    const engineOf = async (name: string, o: Optimized, ranges?: Ranges) => {
      const file = join(dir, `${name}.sinter`);
      const precision = ranges ? { precision: precisionPolicy(o.graph, ranges) } : {};
      await buildEngine(o, { runtime, threads, path: file, ...precision, ...benchTuning() });
      const engine = await runtime.loadEngine(file);
      const context = engine.createContext({ threads });
      undo.unshift(() => {
        context.dispose();
        engine.dispose();
      });
      return context;
    };
    const fp32 = await engineOf('fp32', optimized);
    const int8 = await engineOf('int8', optimized, await rangesOf(optimized));
    const qdq = await engineOf('qdq', optimizeModel(await openModel(qdqPath, {}), runtime));
    const ortFp32 = await ortSession(path, threads);
    const ortQdq = await ortSession(qdqPath, threads);
    undo.unshift(
      () => ortFp32.release(),
      () => ortQdq.release(),
    );
    const [want, got] = [await runOrt(ortQdq, inputs), await qdq.run(inputs)];
    const worst = Math.max(...Object.entries(want).map(([name, t]) => difference(t, got[name]!).maxRel));

    const feeds = { [input.name]: await toOrt(inputs[input.name]!) };
    const sides: [() => Promise<unknown>, number[]][] = [
      [() => fp32.run(inputs), []],
      [() => int8.run(inputs), []],
      [() => qdq.run(inputs), []],
      [() => ortFp32.run(feeds), []],
      [() => ortQdq.run(feeds), []],
    ];
    const rounds = 6;
    for (let r = 0; r < rounds; r++)
      for (const [run, times] of sides) await timeBlock(run, (seconds * 1000) / rounds, times);
    const [a, b, c, d, e] = sides.map(([, times]) => median(times)) as [number, number, number, number, number];
    return { model: model.title, threads, fp32: a, int8: b, qdq: c, ortFp32: d, ortQdq: e, difference: worst };
  } finally {
    for (const step of undo) await step();
  }
}

export function int8Markdown(rows: readonly Int8Row[]): string {
  const lines = [
    '| model | threads | FP32 | INT8 | QDQ model | ORT FP32 | ORT QDQ | FP32 / INT8 | ORT QDQ / QDQ | difference |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const r of rows) {
    const ms = [r.fp32, r.int8, r.qdq, r.ortFp32, r.ortQdq].map((t) => t.toFixed(2)).join(' | ');
    const gain = (r.fp32 / r.int8).toFixed(2);
    const ratio = (r.ortQdq / r.qdq).toFixed(2);
    lines.push(`| ${r.model} | ${r.threads} | ${ms} | ${gain} | ${ratio} | ${r.difference.toExponential(0)} |`);
  }
  return lines.join('\n');
}
