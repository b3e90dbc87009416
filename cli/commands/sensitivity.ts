import { Feeder, feedOf, inputSpecs } from '../../optimizer/builder/feed.ts';
import { hashFile } from '../../optimizer/builder/hashFile.ts';
import { precisionPolicy } from '../../optimizer/builder/precision.ts';
import {
  type Inputs,
  measureSensitivity,
  mixedPrecision,
  planComparison,
} from '../../optimizer/builder/sensitivity.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { readRanges } from '../../optimizer/calibration/cache/file.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import { type DataFlags, openSamples } from '../dataOptions.ts';
import { EXIT, UsageError } from '../exit.ts';
import { modelOptions, parseCount, parseSwitches, type SwitchFlags } from '../options.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { microseconds, table } from '../table.ts';

interface SensitivityFlags extends DataFlags, SwitchFlags {
  calibration: string;
  batch: string;
  cosine?: string;
  shape: string[];
  weights?: string;
  set: string[];
  threads: string;
  json?: boolean;
}

export async function sensitivity(file: string, flags: SensitivityFlags): Promise<number> {
  const threads = parseCount('--threads', flags.threads, 1);
  const budget = flags.cosine === undefined ? null : Number(flags.cosine);
  if (budget !== null && !(budget > 0 && budget <= 1))
    throw new UsageError(`--cosine ${flags.cosine}: give a number up to 1`);
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const model = await openModel(file, { ...modelOptions(flags), stop });
  const optimized = optimizeModel(model, runtime, { ...parseSwitches(flags), stop });
  const ranges = new Ranges(readRanges(flags.calibration, await hashFile(optimized.graph.files[0]?.path, stop)));
  const feed = feedOf(inputSpecs(optimized.graph), parseCount('--batch', flags.batch, 1));
  const source = await openSamples(flags, feed.inputs);
  try {
    const feeder = new Feeder(source, feed);
    const samples: Inputs[] = [];
    for (let batch = await feeder.next(); batch; batch = await feeder.next()) samples.push(batch.inputs);
    const options = { runtime, threads, ranges, samples, stop };
    const report = await measureSensitivity(optimized, {
      ...options,
      onProgress: (done, total, layer) => progress.show('measure', done, total, layer),
    });
    const compared = planComparison(optimized, options);
    // With a budget: the layers that have to stay in FP32 for the outputs to keep this cosine.
    const pins =
      budget === null
        ? null
        : await mixedPrecision(report, async (fp32) => {
            progress.show('mix', 0, 1, `${fp32.length} operators in FP32`);
            const policy = precisionPolicy(optimized.graph, ranges, { fp32 });
            return (await compared(policy)).cosine >= budget;
          });
    progress.clear();
    if (flags.json) console.log(JSON.stringify({ ...report, pins }, null, 2));
    else {
      const rows = report.layers.map((l) => [
        l.name,
        l.sources.join(' '),
        Number.isFinite(l.sqnr) ? l.sqnr.toFixed(1) : '∞',
        l.cosine.toFixed(6),
        microseconds(l.fp32),
        microseconds(l.int8),
        Number.isFinite(l.lossPerMicrosecond) ? l.lossPerMicrosecond.toExponential(1) : 'nothing won',
      ]);
      console.log(table(['layer', 'operators', 'SQNR dB', 'cosine', 'FP32 µs', 'INT8 µs', 'loss per µs'], rows));
      const { all } = report;
      console.log(
        `\nall in INT8: SQNR ${all.sqnr.toFixed(1)} dB, cosine ${all.cosine.toFixed(6)}, ${(all.fp32 / 1e6).toFixed(3)} → ${(all.int8 / 1e6).toFixed(3)} ms`,
      );
      if (pins)
        console.log(
          pins.length === 0
            ? 'nothing has to stay in FP32'
            : `keep in FP32: ${pins.map((p) => `--pin ${p}=fp32`).join(' ')}`,
        );
    }
    return EXIT.ok;
  } finally {
    progress.clear();
    await source.close();
  }
}
