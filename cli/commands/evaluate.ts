import { engineSpecs, measureAccuracy } from '../../optimizer/builder/accuracy.ts';
import { type Feed, feedOf, inputSpecs } from '../../optimizer/builder/feed.ts';
import { openModel } from '../../optimizer/builder/session.ts';
import type { SampleSource } from '../../optimizer/calibration/data/source.ts';
import { isEngineFile } from '../../optimizer/engine/file.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { type DataFlags, openSamples } from '../dataOptions.ts';
import { withEngine } from '../engineSource.ts';
import { EXIT, UsageError } from '../exit.ts';
import { modelOptions, parseCount, parseShapes } from '../options.ts';
import { parseProfile } from '../profiles.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { rateNote, skippedNote } from '../samples.ts';
import { stopSignal } from '../stop.ts';

interface EvaluateFlags extends DataFlags {
  output?: string;
  batch: string;
  shape: string[];
  profile?: string;
  weights?: string;
  threads: string;
  json?: boolean;
}

export async function evaluate(file: string, flags: EvaluateFlags): Promise<number> {
  const threads = parseCount('--threads', flags.threads, 1);
  const batch = parseCount('--batch', flags.batch, 1);
  let shapes = parseShapes(flags.shape);
  const profile = parseProfile(flags.profile);
  let feed: Feed | null = null;
  let source: SampleSource | null = null;
  try {
    if (!isEngineFile(file)) {
      const model = await openModel(file, { ...modelOptions(flags), stop: stopSignal() });
      feed = feedOf(inputSpecs(model.graph), batch);
      source = await openSamples(flags, feed.inputs);
      shapes = await shapesOf(source, feed);
    }
    return await withEngine(file, { threads, shapes, weights: flags.weights }, async (path) => {
      const engine = await nativeRuntime().loadEngine(path);
      const header = decodeEngine(engine.headerBytes);
      feed ??= feedOf(engineSpecs(header), batch);
      source ??= await openSamples(flags, feed.inputs);
      const output = flags.output ?? header.outputs[0]?.name ?? '';
      if (!header.outputs.some((o) => o.name === output))
        throw new UsageError(
          `there is no output "${output}"; outputs are ${header.outputs.map((o) => `"${o.name}"`).join(', ')}`,
        );
      const context = engine.createContext({ threads, ...(profile === undefined ? {} : { profile }) });
      const progress = new Progress();
      try {
        const result = await measureAccuracy({
          context,
          source,
          feed,
          output,
          stop: stopSignal(),
          onProgress: (p) => progress.show('evaluate', p.done, p.total, `${rateNote(p)}, top-1 ${percent(p.top1)}`),
        });
        progress.clear();
        for (const line of skippedNote(result.skipped)) process.stderr.write(`sinter: ${line}\n`);
        if (flags.json) console.log(JSON.stringify({ output, ...result }, null, 2));
        else {
          console.log(`top-1  ${percent(result.top1)}`);
          console.log(`top-5  ${percent(result.top5)}`);
          console.log(`${result.count} samples (${source.description}), ${result.classes} classes, output "${output}"`);
        }
        return EXIT.ok;
      } finally {
        progress.clear();
        context.dispose();
        engine.dispose();
      }
    });
  } finally {
    await source?.close();
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

/** Input shapes of the first sample that can be read: what the engine is built for. */
async function shapesOf(source: SampleSource, feed: Feed): Promise<Record<string, number[]>> {
  let failure: unknown;
  for (let i = 0; i < source.length; i++) {
    try {
      const { inputs } = await source.read(i);
      return Object.fromEntries(
        Object.entries(inputs).map(([name, t]) => [
          name,
          t.shape.map((d, axis) => (axis === 0 && feed.batch > 1 ? d * feed.batch : d)),
        ]),
      );
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
