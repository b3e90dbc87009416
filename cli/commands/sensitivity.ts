import { cosineBudget } from '../../optimizer/builder/budgets.ts';
import { feedOf, inputSpecs } from '../../optimizer/builder/feed.ts';
import { hashFile } from '../../optimizer/builder/hashFile.ts';
import { PRECISIONS } from '../../optimizer/builder/precision.ts';
import { type PrecisionChoice, searchPrecision } from '../../optimizer/builder/precisionSearch.ts';
import { measureSensitivity, type SensitivityReport } from '../../optimizer/builder/sensitivity.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { type LostTensor, lostTensors } from '../../optimizer/builder/tensorPlaces.ts';
import { readRanges } from '../../optimizer/calibration/cache/file.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import { type DataFlags, openSamples } from '../dataOptions.ts';
import { EXIT, UsageError } from '../exit.ts';
import { modelOptions, parseCount, parseSwitches, type SwitchFlags } from '../options.ts';
import { choiceLines, parseNumber, parsePins, readInputs } from '../precision.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { microseconds, table } from '../table.ts';

interface SensitivityFlags extends DataFlags, SwitchFlags {
  calibration?: string;
  precision: string;
  pin: string[];
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
  const least = flags.cosine === undefined ? null : parseNumber('--cosine', flags.cosine, 0, 1);
  const kind = (['int8', 'fp16', 'bf16'] as const).find((k) => k === flags.precision);
  if (!kind) throw new UsageError(`--precision ${flags.precision}: give int8, fp16 or bf16`);
  if (kind === 'int8' && flags.calibration === undefined)
    throw new UsageError('INT8 needs --calibration FILE; `sinter calibrate` makes one from sample data');
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const model = await openModel(file, { ...modelOptions(flags), stop });
  const optimized = optimizeModel(model, runtime, { ...parseSwitches(flags), stop });
  const ranges =
    flags.calibration === undefined
      ? null
      : new Ranges(readRanges(flags.calibration, await hashFile(optimized.graph.files[0]?.path, stop)));
  const feed = feedOf(inputSpecs(optimized.graph), parseCount('--batch', flags.batch, 1));
  const source = await openSamples(flags, feed.inputs);
  try {
    const samples = await readInputs(source, feed);
    const storage = PRECISIONS[kind];
    const pins = parsePins(flags.pin);
    const common = { runtime, threads, ranges, samples, stop };
    const measured = await measureSensitivity(optimized, {
      ...common,
      storage,
      pins,
      onProgress: (done, total, layer) => progress.show('measure', done, total, layer),
    });
    const lost = ranges ? lostTensors(optimized, ranges, measured.planLayers) : [];
    // With a budget: the layers that have to stay in FP32 for the outputs to keep this cosine.
    const budget = least === null ? null : cosineBudget(optimized, common, least);
    const choice = budget
      ? await searchPrecision(optimized, {
          ...common,
          permitted: [storage],
          pins,
          budget,
          measured,
          onProgress: (p) => progress.show(p.phase, p.done, p.total, p.note),
        })
      : null;
    progress.clear();
    if (flags.json) {
      const { planLayers: _planLayers, ...report } = measured;
      console.log(JSON.stringify({ ...report, lost, pins: choice ? pinsOf(choice) : null }, null, 2));
    } else {
      print(measured, kind.toUpperCase(), lost);
      if (choice && budget) console.log(choiceLines(choice, budget).join('\n'));
    }
    return EXIT.ok;
  } finally {
    progress.clear();
    await source.close();
  }
}

const pinsOf = (choice: PrecisionChoice): string[] => choice.kept.flatMap((k) => k.sources);

function print(report: SensitivityReport, storage: string, lost: readonly LostTensor[]): void {
  const rows = report.layers.map((l) => [
    l.name,
    l.sources.join(' '),
    Number.isFinite(l.sqnr) ? l.sqnr.toFixed(1) : '∞',
    l.cosine.toFixed(6),
    microseconds(l.fp32),
    microseconds(l.int8),
    Number.isFinite(l.lossPerMicrosecond) ? l.lossPerMicrosecond.toExponential(1) : 'nothing won',
  ]);
  const head = ['layer', 'operators', 'SQNR dB', 'cosine', 'FP32 µs', `${storage} µs`, 'loss per µs'];
  console.log(table(head, rows));
  if (lost.length > 0) {
    console.log('\ncalibrated, but no longer between layers:');
    for (const t of lost)
      console.log(`  ${t.tensor}: ${t.inside === null ? 'not in this model' : `inside ${t.inside}`}`);
  }
  const { all } = report;
  const sqnr = Number.isFinite(all.sqnr) ? `SQNR ${all.sqnr.toFixed(1)} dB` : 'no noise';
  const times = `${(all.fp32 / 1e6).toFixed(3)} → ${(all.int8 / 1e6).toFixed(3)} ms`;
  console.log(`\nall in ${storage}: ${sqnr}, cosine ${all.cosine.toFixed(6)}, ${times}`);
}
