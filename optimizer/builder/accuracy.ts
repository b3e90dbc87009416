import { floatsOf } from '../calibration/data/convert.ts';
import { DataError, type InputSpec, type Sample, type SampleSource } from '../calibration/data/source.ts';
import type { PauseGate } from '../calibration/pauseGate.ts';
import { dtypeFromNumber } from '../engine/encode.ts';
import type { EngineMessage } from '../engine/messages.ts';
import { numbersOf } from '../engine/summary.ts';
import type { ExecutionContext, Tensor } from '../runtime.ts';
import { type Feed, Feeder, nothingGood, type Skipped } from './feed.ts';
import { Rate } from './rate.ts';

export interface AccuracyOptions {
  readonly context: ExecutionContext;
  readonly source: SampleSource;
  /** How the engine is fed: `feedOf` of its inputs. */
  readonly feed: Feed;
  /** Output with a score per class. */
  readonly output: string;
  readonly gate?: PauseGate;
  readonly stop?: AbortSignal;
  readonly onProgress?: (p: AccuracyProgress) => void;
}

export interface AccuracyProgress {
  readonly done: number;
  readonly total: number;
  readonly rate: number | null;
  readonly eta: number | null;
  readonly top1: number;
}

export interface Accuracy {
  /** Labelled samples that were run. */
  readonly count: number;
  /** Shares of them, 0…1, whose label is the best, or among the five best. */
  readonly top1: number;
  readonly top5: number;
  readonly classes: number;
  readonly samplesPerSecond: number | null;
  readonly skipped: readonly Skipped[];
}

/** The inputs that an engine wants to be fed; open sizes are null. */
export function engineSpecs(header: EngineMessage): InputSpec[] {
  return header.inputs.map(({ name, value }) => {
    const v = header.values[value]!;
    return { name, dtype: dtypeFromNumber(v.dtype), shape: v.shape.map((d) => (d.kind === 0 ? (d.value ?? 0) : null)) };
  });
}

/** How many classes score higher than the label's; of equal scores the lower class comes first. NaN is the worst. */
export function rankOf(scores: ArrayLike<number>, from: number, classes: number, label: number): number {
  const own = scores[from + label]!;
  if (Number.isNaN(own)) return classes;
  let rank = 0;
  for (let c = 0; c < classes; c++) {
    const x = scores[from + c]!;
    if (x > own || (x === own && c < label)) rank++;
  }
  return rank;
}

/** Runs every sample and counts how often the label is the best class, or among the best five. Throws the signal's reason. */
export async function measureAccuracy(o: AccuracyOptions): Promise<Accuracy> {
  if (!o.source.labelled)
    throw new DataError(
      `${o.source.description} have no labels: use a folder per class, a .csv with a label column, or a file of labels`,
    );
  const feeder = new Feeder(o.source, o.feed);
  const total = o.source.length;
  const rate = new Rate();
  let classes = 0;
  let count = 0;
  let first = 0;
  let five = 0;
  try {
    for (let done = 0; done < total; done = feeder.position) {
      const pausedAt = performance.now();
      await o.gate?.pass(o.stop);
      rate.exclude(performance.now() - pausedAt);
      o.stop?.throwIfAborted();
      rate.start();
      const batch = await feeder.next();
      if (batch) {
        const scores = (await o.context.run(batch.inputs))[o.output]!;
        const data = scores.dtype === 'float32' ? floatsOf(scores) : numbersOf(scores);
        classes = classesOf(scores, o.feed.batch, o.output);
        batch.samples.forEach((sample, i) => {
          const rank = rankOf(data, i * classes, classes, labelOf(sample, classes));
          count++;
          if (rank < 1) first++;
          if (rank < 5) five++;
        });
      }
      rate.add(feeder.position - done);
      const eta = rate.secondsFor(total - feeder.position);
      o.onProgress?.({ done: feeder.position, total, rate: rate.perSecond, eta, top1: count > 0 ? first / count : 0 });
    }
  } finally {
    await feeder.settle();
  }
  if (count === 0) throw nothingGood(o.source, feeder.skipped);
  const { skipped } = feeder;
  return { count, top1: first / count, top5: five / count, classes, samplesPerSecond: rate.perSecond, skipped };
}

function classesOf(t: Tensor, batch: number, output: string): number {
  const elements = t.shape.reduce((a, b) => a * b, 1);
  const wide = t.shape.filter((d) => d !== 1).length - (batch > 1 ? 1 : 0);
  if (wide > 1 || elements % batch !== 0 || elements / batch < 2)
    throw new DataError(
      `output "${output}" is ${t.shape.join('×')}, not one score per class; name the output that has them`,
    );
  return elements / batch;
}

function labelOf(sample: Sample, classes: number): number {
  const { label, id } = sample;
  if (label === undefined) throw new DataError(`${id} has no label`);
  if (label >= classes) throw new DataError(`${id} has the label ${label}, the model has classes 0 to ${classes - 1}`);
  return label;
}
