import { calibrate as calibrateGraph } from '../../optimizer/builder/calibrate.ts';
import { feedOf, inputSpecs } from '../../optimizer/builder/feed.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { algorithmNamed, type RangeAlgorithm } from '../../optimizer/calibration/algorithms/index.ts';
import { replaceFile } from '../../optimizer/calibration/cache/file.ts';
import { writeTensorRtCache } from '../../optimizer/calibration/cache/tensorRt.ts';
import { scaleOf } from '../../optimizer/calibration/quantize.ts';
import { type DataFlags, openSamples } from '../dataOptions.ts';
import { EXIT, UsageError } from '../exit.ts';
import { modelOptions, parseCount, parseSwitches, type SwitchFlags } from '../options.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { rateNote, skippedNote } from '../samples.ts';
import { stopSignal } from '../stop.ts';
import { table } from '../table.ts';

interface CalibrateFlags extends DataFlags, SwitchFlags {
  output: string;
  algorithm: string;
  percentile: string;
  tensorrtCache?: string;
  resume?: boolean;
  checkpoint: string;
  batch: string;
  shape: string[];
  weights?: string;
  set: string[];
  threads: string;
  json?: boolean;
}

function algorithmOf(flags: CalibrateFlags): RangeAlgorithm {
  const { algorithm: kind, percentile } = flags;
  const found = kind === 'percentile' ? algorithmNamed(`percentile:${percentile}`) : algorithmNamed(kind);
  if (found) return found;
  if (kind === 'percentile') throw new UsageError(`--percentile ${percentile}: give a number over 0 and at most 100`);
  throw new UsageError(`--algorithm ${kind}: give entropy, minmax, percentile or mse`);
}

export async function calibrate(file: string, flags: CalibrateFlags): Promise<number> {
  const algorithm = algorithmOf(flags);
  const threads = parseCount('--threads', flags.threads, 1);
  const batch = parseCount('--batch', flags.batch, 1);
  const checkpointSeconds = parseCount('--checkpoint', flags.checkpoint, 0);
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const model = await openModel(file, { ...modelOptions(flags), stop });
  const optimized = optimizeModel(model, runtime, {
    ...parseSwitches(flags),
    stop,
    onProgress: (done, total, pass) => progress.show('optimize', done, total, pass),
  });
  const source = await openSamples(flags, feedOf(inputSpecs(optimized.graph), batch).inputs);
  try {
    const result = await calibrateGraph(optimized, {
      runtime,
      threads,
      source,
      algorithm,
      batch,
      cache: flags.output,
      resume: flags.resume === true,
      checkpointSeconds,
      stop,
      onBuild: (p) => progress.show(p.phase, p.done, p.total, p.note),
      onProgress: (p) => progress.show('calibrate', p.done, p.total, rateNote(p)),
    });
    progress.clear();
    const { table: ranges, skipped, warnings, run } = result;
    if (result.status === 'cancelled') {
      const kept = run.seen > 0 ? `; the same command with --resume goes on from ${flags.output}` : '';
      process.stderr.write(`sinter: cancelled after ${run.next} of ${run.total} samples${kept}\n`);
      return EXIT.cancelled;
    }
    if (flags.tensorrtCache !== undefined) replaceFile(flags.tensorrtCache, writeTensorRtCache(ranges));
    for (const line of [...skippedNote(skipped), ...warnings]) process.stderr.write(`sinter: ${line}\n`);
    if (flags.json) {
      const tensors = ranges.entries.map(({ histogram: _histogram, ...e }) => ({ ...e, scale: scaleOf(e.amax) }));
      const { algorithm: name, samples, modelHash } = ranges;
      console.log(JSON.stringify({ algorithm: name, samples, modelHash, skipped, warnings, tensors }, null, 2));
    } else {
      const rows = ranges.entries.map((e) => [
        e.tensor,
        e.min.toPrecision(4),
        e.max.toPrecision(4),
        e.amax.toPrecision(4),
        `${(e.clipped * 100).toFixed(3)} %`,
      ]);
      console.log(table(['tensor', 'min', 'max', 'range ±', 'clipped'], rows));
      console.log(`\n${ranges.samples} samples (${source.description}), ${algorithm.title}: ${flags.output}`);
    }
    return EXIT.ok;
  } finally {
    progress.clear();
    await source.close();
  }
}
