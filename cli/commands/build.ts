import { buildEngine, isSplit } from '../../optimizer/builder/build.ts';
import { hashFile } from '../../optimizer/builder/hashFile.ts';
import type { PrecisionPolicy } from '../../optimizer/builder/planSearch/quantization.ts';
import { precisionPolicy } from '../../optimizer/builder/precision.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { readRanges } from '../../optimizer/calibration/cache/file.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import type { Optimized } from '../../optimizer/passes/pass.ts';
import { EXIT, UsageError } from '../exit.ts';
import { parseConstants, parseCount, parsePairs, parseRanges, parseShapes } from '../options.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { bytesText } from '../table.ts';

interface BuildFlags {
  output: string;
  device: string;
  threads: string;
  shape: string[];
  set: string[];
  range: string[];
  disable: string[];
  precision: string;
  fastFp32?: boolean;
  calibration?: string;
  pin: string[];
  json?: boolean;
}

export async function build(file: string, flags: BuildFlags): Promise<number> {
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const threads = parseCount('--threads', flags.threads, 1);
  const model = await openModel(file, { shapes: parseShapes(flags.shape), constants: parseConstants(flags.set), stop });
  const optimized = optimizeModel(model, runtime, {
    disabledPasses: new Set(flags.disable),
    stop,
    onProgress: (done, total, pass) => progress.show('optimize', done, total, pass),
  });
  const precision = await precisionOf(flags, optimized);
  const report = await buildEngine(optimized, {
    runtime,
    device: flags.device,
    threads,
    path: flags.output,
    ranges: parseRanges(flags.range),
    ...(precision ? { precision } : {}),
    fastFp32: flags.fastFp32 === true,
    stop,
    onProgress: (p) => progress.show(p.phase, p.done, p.total, p.note),
  });
  progress.clear();
  if (flags.json) console.log(JSON.stringify(report, null, 2));
  else {
    const refused = optimized.trace.passes.reduce((n, p) => n + p.refusals.length, 0);
    console.log(`${report.operators} operators → ${report.layers.length} layers, ${refused} fusions refused`);
    const split = report.layers.filter((l) => isSplit(l.tactic)).length;
    if (split > 0) console.log(`${split} layers multiply FP32 in three bfloat16 parts`);
    const reuse = report.memory.withoutReuse > 0 ? ` (${bytesText(report.memory.withoutReuse)} without reuse)` : '';
    console.log(
      `activations ${bytesText(report.memory.arena)}${reuse}, weights ${bytesText(report.engine.weightBytes)}`,
    );
    console.log(
      `${flags.output}: ${bytesText(report.engine.bytes)} in ${(report.milliseconds.total / 1000).toFixed(2)} s`,
    );
  }
  return EXIT.ok;
}

/** The INT8 permission that --precision, --calibration and --pin add up to; null for FP32. */
async function precisionOf(flags: BuildFlags, optimized: Optimized): Promise<PrecisionPolicy | null> {
  if (flags.precision === 'fp32') return null;
  if (flags.precision !== 'int8') throw new UsageError(`--precision ${flags.precision}: give fp32 or int8`);
  if (flags.calibration === undefined) {
    throw new UsageError('--precision int8 needs --calibration FILE; `sinter calibrate` makes one from sample data');
  }
  const fp32 = Object.entries(parsePairs('--pin', flags.pin)).map(([name, kind]) => {
    if (kind !== 'fp32') throw new UsageError(`--pin ${name}=${kind}: only fp32 can be pinned`);
    return name;
  });
  const table = readRanges(flags.calibration, await hashFile(optimized.graph.files[0]?.path, stopSignal()));
  return precisionPolicy(optimized.graph, new Ranges(table), { fp32 });
}
