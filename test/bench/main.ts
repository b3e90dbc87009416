import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNativeRuntime } from '../../native/napi/runtime.ts';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { dtypeFromNumber } from '../../optimizer/engine/encode.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { difference } from '../../optimizer/engine/summary.ts';
import type { NativeRuntime, Tensor } from '../../optimizer/runtime.ts';
import { benchInt8, INT8_MODELS, type Int8Row, int8Markdown } from './int8.ts';
import { BENCH_MODELS, type BenchModel, modelDir } from './models.ts';
import { benchOperators } from './operators.ts';
import { ortSession, runOrt, toOrt } from './ort.ts';
import { median, timeBlock } from './timing.ts';
import { benchTuning } from './tuning.ts';

/*
 * Ours against ONNX Runtime, both in this process, alternating blocks, medians. Outputs are compared before anything is
 * timed. Usage: npm run bench [-- --only NAME,NAME --threads 1,2 --json FILE --seconds 3 --fast-fp32 --int8 --level 0-5]
 */

interface Row {
  readonly model: string;
  readonly threads: number;
  readonly ours: number;
  readonly ort: number;
  readonly ratio: number;
  readonly relativeError: number;
  readonly layers: number;
}

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
async function benchModel(
  runtime: NativeRuntime,
  model: BenchModel,
  path: string,
  threads: number,
  seconds: number,
): Promise<Row> {
  const dir = mkdtempSync(join(tmpdir(), 'sinter-bench-'));
  try {
    const imported = await openModel(path, { ...(model.shapes ? { shapes: model.shapes } : {}) });
    const enginePath = join(dir, 'engine.sinter');
    const report = await buildEngine(optimizeModel(imported, runtime), {
      runtime,
      threads,
      path: enginePath,
      fastFp32: fast,
      ...benchTuning(),
    });
    const engine = await runtime.loadEngine(enginePath);
    const header = decodeEngine(engine.headerBytes);
    const random = seededRandom(7);
    const inputs: Record<string, Tensor> = {};
    for (const { name, value } of header.inputs) {
      const v = header.values[value]!;
      inputs[name] = randomTensor(
        dtypeFromNumber(v.dtype),
        v.shape.map((d) => d.value ?? 0),
        random,
      );
    }
    const context = engine.createContext({ threads });
    const session = await ortSession(path, threads);
    const want = await runOrt(session, inputs);
    const got = await context.run(inputs);
    let relativeError = 0;
    for (const { name } of header.outputs) {
      const d = difference(want[name]!, got[name]!);
      relativeError = Math.max(relativeError, d.mismatched > 0 ? Number.POSITIVE_INFINITY : d.maxRel);
    }
    const feeds = Object.fromEntries(
      await Promise.all(Object.entries(inputs).map(async ([k, t]) => [k, await toOrt(t)] as const)),
    );
    const ours: number[] = [];
    const ort: number[] = [];
    const rounds = 6;
    for (let r = 0; r < rounds; r++) {
      await timeBlock(() => context.run(inputs), (seconds * 1000) / rounds, ours);
      await timeBlock(() => session.run(feeds), (seconds * 1000) / rounds, ort);
    }
    context.dispose();
    engine.dispose();
    await session.release();
    const [a, b] = [median(ours), median(ort)];
    return { model: model.title, threads, ours: a, ort: b, ratio: b / a, relativeError, layers: report.layers.length };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function markdown(rows: readonly Row[]): string {
  const lines = [
    '| model | threads | Sinter ms | ONNX Runtime ms | ratio | layers | max rel. error |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const r of rows) {
    lines.push(
      `| ${r.model} | ${r.threads} | ${r.ours.toFixed(2)} | ${r.ort.toFixed(2)} | ${r.ratio.toFixed(2)} | ${r.layers} | ${r.relativeError.toExponential(1)} |`,
    );
  }
  for (const t of [...new Set(rows.map((r) => r.threads))]) {
    const part = rows.filter((r) => r.threads === t);
    const mean = Math.exp(part.reduce((s, r) => s + Math.log(r.ratio), 0) / part.length);
    lines.push(`| **geometric mean** | ${t} | | | **${mean.toFixed(2)}** | | |`);
  }
  return lines.join('\n');
}

const runtime = createNativeRuntime(join(process.cwd(), 'build/native/sinter.node'));
const only = option('only')?.split(',');
const fast = process.argv.includes('--fast-fp32');
const threadCounts = (option('threads') ?? '1,2').split(',').map(Number);
const seconds = Number(option('seconds') ?? '3');
if (process.argv.includes('--operators')) {
  for (const threads of (option('threads') ?? '1').split(',').map(Number))
    await benchOperators(runtime, threads, option('only'));
  process.exit(0);
}
const dir = modelDir();
const int8 = process.argv.includes('--int8');
const chosen = BENCH_MODELS.filter((m) => !only || only.some((o) => m.file.includes(o) || m.title === o)).filter(
  (m) => !int8 || INT8_MODELS.includes(m.file),
);
const missing = chosen.filter((m) => !existsSync(join(dir, m.file)));
if (missing.length > 0) {
  console.error(
    `bench: ${missing.map((m) => m.file).join(', ')} not found in the model folder; run "npm run models" first`,
  );
  process.exit(2);
}
const cpu = runtime.devices()[0]!;
console.log(
  `${cpu.name}, ${cpu.cores} cores, ${cpu.features.join(' ')}; ${fast ? 'fast FP32 (bf16x3); ' : ''}ratio = ONNX Runtime time / Sinter time, above 1 is faster\n`,
);
const rows: Row[] = [];
const int8Rows: Int8Row[] = [];
for (const model of chosen) {
  for (const threads of threadCounts) {
    if (int8) {
      int8Rows.push(await benchInt8(runtime, model, join(dir, model.file), threads, seconds));
      console.error(int8Markdown(int8Rows.slice(-1)).split('\n').at(-1));
      continue;
    }
    const row = await benchModel(runtime, model, join(dir, model.file), threads, seconds);
    rows.push(row);
    console.error(
      `${row.model}, ${threads} thread(s): ${row.ours.toFixed(2)} ms against ${row.ort.toFixed(2)} ms, ratio ${row.ratio.toFixed(2)}`,
    );
  }
}
console.log(int8 ? int8Markdown(int8Rows) : markdown(rows));
const jsonPath = option('json');
if (jsonPath !== undefined) {
  mkdirSync(join(jsonPath, '..'), { recursive: true });
  writeFileSync(jsonPath, `${JSON.stringify({ cpu, rows: int8 ? int8Rows : rows }, null, 2)}\n`);
}
