import type { SourceId } from '../ir/graph.ts';
import type { Fallback } from './fallback.ts';
import type { LibraryShare } from './libraries.ts';
import type { Overflow } from './overflow.ts';
import type { Candidate, DimRange } from './plan.ts';
import type { Storage } from './planSearch/format.ts';
import type { StreamReport } from './streams/choose.ts';
import type { TuningCounts } from './tuning/tuner.ts';

/** What a build decided, layer by layer; shown by the Build step and `sinter build --json`. */
export interface BuildReport {
  readonly engine: { readonly path: string; readonly bytes: number; readonly weightBytes: number };
  readonly model: { readonly name: string; readonly hash: string };
  readonly device: string;
  readonly threads: number;
  readonly operators: number;
  /** Nanoseconds of a run that planSearch expects, reformats included. */
  readonly estimate: number;
  readonly layers: readonly ReportLayer[];
  readonly memory: { readonly arena: number; readonly lowerBound: number; readonly withoutReuse: number };
  /** Optimization profiles; what stands above and in `layers` is of the first. */
  readonly profiles: readonly ReportProfile[];
  /** Wishes for views (concat elimination, reshapes) and what became of each. */
  readonly views: readonly {
    readonly layer: string;
    readonly value: string;
    readonly accepted: boolean;
    readonly reason: string;
  }[];
  /** Present when tactics were chosen by their times. */
  readonly tuning?: TuningCounts & { readonly level: number; readonly cache: string | null };
  /** Whether layers run beside each other, and why. */
  readonly streams: StreamReport;
  /** Libraries that were asked for tactics, and their share. */
  readonly libraries: readonly LibraryShare[];
  /** `compile` and `time`: kernels of a GPU before they are timed, and timing; `plan` is without them. */
  readonly milliseconds: Readonly<
    Record<'import' | 'optimize' | 'plan' | 'compile' | 'time' | 'write' | 'total', number>
  >;
  /** Tensors that float16 cannot hold, where it was permitted. */
  readonly overflows: readonly Overflow[];
  /** Original operators and what became of each. */
  readonly fates: Readonly<Record<SourceId, string>>;
}

export interface ReportProfile {
  /** Allowed sizes per open dimension. */
  readonly ranges: Readonly<Record<string, DimRange>>;
  readonly layers: number;
  readonly estimate: number;
  readonly arena: number;
}

export interface ReportLayer {
  readonly index: number;
  readonly name: string;
  readonly op: string;
  readonly tactic: string;
  /** The fewest bits that an operand was stored in; '' = everything as the model has it. */
  readonly stored: Storage;
  /** 0 = the main one. */
  readonly stream: number;
  readonly sources: readonly SourceId[];
  /** Every way in which the layer could have been executed, the chosen one first. */
  readonly candidates: readonly Candidate[];
  /** Layouts of inputs and outputs, e.g. ["nhwc", "nhwc"] → "nhwc". */
  readonly layouts: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: string;
    readonly bytes: number;
    readonly storage: string;
  }[];
  readonly flops: number;
  readonly bytes: number;
  /** Set where an engine of another device runs the layer on the CPU. */
  readonly fallback: Fallback | null;
}

export interface BuildProgress {
  readonly phase: 'import' | 'optimize' | 'plan' | 'tune' | 'write';
  readonly done: number;
  readonly total: number;
  readonly note: string;
}
