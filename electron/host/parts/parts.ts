import type { LibrarySource } from '../../../optimizer/builder/libraries.ts';
import type { PrecisionPolicy } from '../../../optimizer/builder/planSearch/storages.ts';
import type { ProfileRanges } from '../../../optimizer/builder/profiles.ts';
import type { BuildProgress, BuildReport } from '../../../optimizer/builder/report.ts';
import type { TacticChoices } from '../../../optimizer/builder/tuning/rules.ts';
import type { ProfileDocument } from '../../../optimizer/engine/profile/document.ts';
import type { Graph, Node } from '../../../optimizer/ir/graph.ts';
import type { WeightExpr } from '../../../optimizer/ir/weight.ts';
import type { OpCategory } from '../../../optimizer/ops/op.ts';
import type { Optimized, OptimizeOptions, Pass, TracedRefusal } from '../../../optimizer/passes/pass.ts';
import type { NativeRuntime } from '../../../optimizer/runtime.ts';
import type { Given } from '../../ipc/schemas/graph.ts';

export interface Imported {
  readonly graph: Graph;
  /** "ONNX, opset 13". */
  readonly format: string;
  /** sha256 of the model file. */
  readonly hash: string;
  readonly problems: readonly { severity: 'error' | 'warning' | 'info'; text: string; sources: readonly string[] }[];
}

export interface BuildRequest {
  readonly optimized: Optimized;
  readonly imported: Imported;
  readonly device: string;
  readonly threads: number;
  readonly shapes: Readonly<Record<string, number>>;
  /** Optimization profiles; none = one of exactly these shapes. */
  readonly profiles?: readonly ProfileRanges[];
  /** null = everything as the model has it. */
  readonly precision: PrecisionPolicy | null;
  readonly fastFp32: boolean;
  /** Level of auto-tuning, pinned and forbidden tactics. */
  readonly tuning: {
    readonly level: number;
    readonly auxStreams: number | null;
    readonly libraries: readonly LibrarySource[];
    readonly timings: 'shared' | 'none' | { readonly file: string };
    readonly deterministic: boolean;
  } & TacticChoices;
  readonly path: string;
  readonly onProgress: (p: BuildProgress) => void;
  readonly stop: AbortSignal;
}

export interface ProfileRequest {
  readonly path: string;
  /** The optimization profile whose best shapes run. */
  readonly profile?: number;
  readonly threads: number;
  readonly warmup: number;
  readonly iterations: number;
  readonly onProgress: (phase: 'run' | 'ceilings', done: number, total: number) => void;
  readonly stop: AbortSignal;
}

/**
 * What the studio's services are made of: the optimizer and the native runtime, injected so that tests can give a graph
 * of any size and a replay of any result.
 */
export interface StudioParts {
  /** null when the addon could not be loaded; `runtimeProblem` then says why. */
  readonly runtime: NativeRuntime | null;
  readonly runtimeProblem: string | null;
  readonly passes: readonly Pass[];
  importModel(
    path: string,
    onProgress: (done: number, total: number) => void,
    stop: AbortSignal,
    given?: Given,
  ): Promise<Imported>;
  optimize(imported: Imported, options: OptimizeOptions): Optimized;
  /** The graph after `passes` traced passes and `applications` of the next one. */
  graphAt(optimized: Optimized, passes: number, applications: number): Graph;
  refusalText(refusal: TracedRefusal): string;
  category(node: Pick<Node, 'op' | 'domain' | 'body'>): OpCategory;
  isSupported(node: Node): boolean;
  cost(graph: Graph, node: Node): { flops: number; bytes: number };
  build(request: BuildRequest): Promise<BuildReport>;
  /** Runs a built engine on random inputs. */
  profile(request: ProfileRequest): Promise<ProfileDocument>;
  writeOnnx(
    graph: Graph,
    path: string,
    onProgress: (done: number, total: number) => void,
    stop: AbortSignal,
  ): Promise<void>;
  evaluateWeight(weight: WeightExpr, graph: Graph): Promise<Uint8Array>;
}
