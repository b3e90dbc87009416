import type { Batch } from '../calibration/data/batch.ts';
import { checkSample, stack } from '../calibration/data/batch.ts';
import { NpyError } from '../calibration/data/npy.ts';
import { DataError, type InputSpec, type Sample, type SampleSource } from '../calibration/data/source.ts';
import type { Graph } from '../ir/graph.ts';
import { systemSentence } from '../systemErrors.ts';
import type { DimRange } from './plan.ts';

/** How samples are put to a model: what one sample has to look like, and how many go in at once. */
export interface Feed {
  readonly inputs: readonly InputSpec[];
  readonly batch: number;
}

/**
 * The inputs of a graph as samples must fill them. When all inputs agree on a fixed first size over 1 it is the batch: samples
 * have 1 there and are joined. An open first size takes `batch` samples at once.
 */
export function feedOf(inputs: readonly InputSpec[], batch = 1): Feed {
  const firsts = new Set(inputs.map((i) => (i.shape.length > 0 ? i.shape[0] : 1)));
  const [first] = firsts;
  if (firsts.size !== 1 || inputs.length === 0 || first === undefined) return { inputs, batch: 1 };
  const size = first ?? batch;
  if (size <= 1) return { inputs, batch: 1 };
  return { inputs: inputs.map((i) => ({ ...i, shape: [1, ...i.shape.slice(1)] })), batch: size };
}

/** The inputs that a graph wants to be fed; open sizes are null. */
export function inputSpecs(graph: Graph): InputSpec[] {
  return graph.inputs.flatMap((id) => {
    const { name, type, weight } = graph.value(id);
    if (weight) return [];
    const shape = (type.shape ?? []).map((d) => (typeof d === 'number' ? d : null));
    return [{ name, dtype: type.dtype, shape }];
  });
}

/** Sizes that a sample gives to the open dimensions of a graph's inputs. */
export function rangesFrom(graph: Graph, sample: Sample, batch: number): Record<string, DimRange> {
  const out: Record<string, DimRange> = {};
  for (const id of graph.inputs) {
    const { name, type } = graph.value(id);
    const shape = sample.inputs[name]?.shape;
    type.shape?.forEach((d, i) => {
      const n = (shape?.[i] ?? 1) * (i === 0 ? batch : 1);
      if (typeof d === 'string' && shape) out[d] = { min: n, opt: n, max: n };
    });
  }
  return out;
}

/** A sample that was left out, and the sentence that says why. */
export interface Skipped {
  readonly sample: number;
  readonly message: string;
}

/** Reads samples in order, joins them to batches, and steps over bad ones; the next sample is read while one is used. */
export class Feeder {
  readonly skipped: Skipped[] = [];
  private readonly source: SampleSource;
  private specs: readonly InputSpec[];
  private readonly batch: number;
  private at: number;
  private ahead: Promise<Sample | Error> | null = null;

  constructor(source: SampleSource, feed: Feed, start = 0) {
    this.source = source;
    this.specs = feed.inputs;
    this.batch = feed.batch;
    this.at = start;
  }
  /** Index of the next sample that `next` has not handed out. */
  get position(): number {
    return this.at;
  }
  /** The first good sample fixes the open sizes: later ones of another shape are bad. */
  fix(sample: Sample): void {
    this.specs = this.specs.map((s) => ({ ...s, shape: sample.inputs[s.name]!.shape }));
  }
  /** The next batch of good samples; null at the end. */
  async next(): Promise<Batch | null> {
    const samples: Sample[] = [];
    while (samples.length < this.batch && this.at < this.source.length) {
      const read = await (this.ahead ?? this.read(this.at));
      this.ahead = this.at + 1 < this.source.length ? this.read(this.at + 1) : null;
      const index = this.at++;
      try {
        if (read instanceof Error) throw read;
        checkSample(read, this.specs);
        if (samples.length === 0 && this.specs.some((s) => s.shape.includes(null))) this.fix(read);
        samples.push(read);
      } catch (error) {
        if (!isBadData(error)) throw error;
        this.skipped.push({ sample: index, message: error.message });
      }
    }
    return samples.length > 0 ? stack(samples, this.batch) : null;
  }
  /** Never rejects: a read ahead may fail before anybody waits for it. */
  private read(index: number): Promise<Sample | Error> {
    return this.source.read(index).catch((error: unknown) => {
      const system = systemSentence(error);
      if (system !== null) return new DataError(system);
      return error instanceof Error ? error : new Error(String(error));
    });
  }
  /** Waits for a read in flight, so that files can be closed. */
  async settle(): Promise<void> {
    await this.ahead;
  }
}

const isBadData = (e: unknown): e is DataError | NpyError => e instanceof DataError || e instanceof NpyError;

/** The error of a run over nothing but bad samples. */
export function nothingGood(source: SampleSource, skipped: readonly Skipped[]): DataError {
  const why = skipped[0] ? `; the first: ${skipped[0].message}` : '';
  return new DataError(`none of the ${source.description} can be used${why}`);
}
