import type { DataType } from './ir/dtype.ts';

/**
 * The interfaces that the native addon implements. Everything but cli/ and electron/host sees only these, injected.
 * Messages named *Bytes are encoded with assets/proto/engine.proto: one schema for engine files and for these calls.
 */
export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Row-major, little-endian, dense. */
  readonly bytes: Uint8Array;
  /** A sequence: its tensors; shape and bytes are then empty. */
  readonly items?: readonly Tensor[];
  /** An optional value that is not there. */
  readonly absent?: boolean;
}

export interface DeviceInfo {
  /** 'cpu' or 'cuda:0'. */
  readonly id: string;
  readonly kind: 'cpu' | 'cuda';
  readonly name: string;
  /** Vector instruction sets the kernels may use, best last, e.g. ['avx2', 'avx512', 'vnni']. */
  readonly features: readonly string[];
  readonly cores: number;
  /** What is missing and what it costs, one sentence each. */
  readonly notes: readonly string[];
}

/** A library of the system that a backend opens at run time. */
export interface SupportLibrary {
  /** "NVIDIA driver". */
  readonly name: string;
  /** Where it was found; '' when it was not. */
  readonly path: string;
  /** '' when unknown. */
  readonly version: string;
  /** What is wrong and what that costs, one sentence; '' when all is well. */
  readonly problem: string;
  /** Where it was looked for, in this order. */
  readonly searched: readonly string[];
}

/** One way to execute a layer, as `enumerate` offers it. */
export interface Tactic {
  /** Kernel name by the grammar of architecture.md, e.g. `f32_conv2d__avx512_14x32`. Unique for a layer. */
  readonly name: string;
  /** Layout id wanted for each layer input and output; '' = any (the kernel reads strides); opaque to TypeScript. */
  readonly inputLayouts: readonly string[];
  readonly outputLayouts: readonly string[];
  readonly workspace: number;
  /** Per input: recipe that the engine stores a constant in, and its packed size in bytes; '' = row-major as is. */
  readonly packing: readonly { readonly recipe: string; readonly bytes: number }[];
  /** Whether input/output i may be a strided view (concat and split elimination), and the element alignment it needs; 0 = no. */
  readonly inputViews: readonly number[];
  readonly outputViews: readonly number[];
  /** The kernel's own estimate in nanoseconds for these shapes with the given thread count; ranks untuned plans. */
  readonly estimate: number;
}

export interface Measurement {
  readonly tactic: string;
  readonly ok: boolean;
  readonly error: string;
  /** Integer nanoseconds. */
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** A whole engine's runs: its layers on one stream, and on the streams that its plan spreads them over. */
export interface EngineTimes {
  readonly oneStream: Measurement;
  readonly allStreams: Measurement;
}

/** How thoroughly a tactic is timed. */
export interface MeasurePolicy {
  /** Runs before timing. */
  readonly warmup: number;
  /** Samples at least and at most; sampling ends after `budget` nanoseconds once there are enough. */
  readonly least: number;
  readonly most: number;
  readonly budget: number;
  /** A tactic whose best sample is this many times the best median of the others is given up. */
  readonly hopeless: number;
  /** Bytes that constants rotate through: in an engine a layer's weights are not in the cache. */
  readonly rotation: number;
}

/** How a device runs a layer; what it cannot say is absent. */
export interface LayerFacts {
  /** Launches of one run. */
  readonly kernels?: number;
  /** Per thread, of the largest kernel. */
  readonly registers?: number;
  /** Per block, static and dynamic. */
  readonly sharedBytes?: number;
  /** Resident warps of those a multiprocessor could hold, 0 … 1. */
  readonly occupancy?: number;
}

export interface LayerTime {
  readonly layer: number;
  /** Nanoseconds per iteration. */
  readonly samples: Float64Array;
  /** Nanoseconds from the iteration's start, per iteration. */
  readonly starts: Float64Array;
  readonly facts?: LayerFacts;
}

/** What a device reaches when it is asked for nothing else. */
export interface Ceilings {
  /** Arithmetic operations a second by element type; a multiply-add counts two. */
  readonly flops: readonly { readonly dtype: string; readonly rate: number }[];
  /** Bytes read plus written a second by a copy that no cache holds; 0 where unknown. */
  readonly bandwidth: number;
}

export interface Profile {
  /** Whole-engine nanoseconds per iteration, measured with the layer timers off. */
  readonly total: Float64Array;
  /** Of the optimization profile that ran. */
  readonly layers: readonly LayerTime[];
  /** Which one that was. */
  readonly profile: number;
  /**
   * What the layers' times come from: 'events' around the launches of runs of their own, gaps included, or the name of the
   * device's tracing ('CUPTI 13.0'), which saw the kernels of whole runs. 'events' where absent.
   */
  readonly source?: string;
}

export interface ContextOptions {
  readonly threads: number;
  /** The optimization profile of all runs; by default each takes the one that fits its shapes best. */
  readonly profile?: number;
}

export interface ProfileOptions {
  readonly warmup: number;
  readonly iterations: number;
}

/** Cooperative cancellation of native work; polled between layers, tactics and weight blocks. */
export interface StopToken {
  readonly stopped: boolean;
}

export interface NativeProgress {
  readonly done: number;
  readonly total: number;
}

/** Mutable state of one running engine; not for concurrent calls. */
export interface ExecutionContext {
  /** Runs once. Keys are binding names. Throws RuntimeFailure when a shape or dtype does not fit. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  profile(
    inputs: Readonly<Record<string, Tensor>>,
    options: ProfileOptions,
    onProgress: (p: NativeProgress) => void,
    stop: AbortSignal,
  ): Promise<Profile>;
  dispose(): void;
}

export interface LoadedEngine {
  /** The header, as in the file: decode with engine/header.ts. */
  readonly headerBytes: Uint8Array;
  createContext(options: ContextOptions): ExecutionContext;
  /** Compares the weights with their checksum, reading all of them; throws RuntimeFailure when they differ. */
  verify(): Promise<void>;
  dispose(): void;
}

export interface WriteEngineRequest {
  /** Written next to it and renamed when complete: no partial file is left. */
  readonly path: string;
  /** Engine message; weight offsets and lengths already set from the tactics' packing. */
  readonly headerBytes: Uint8Array;
  /** Paths for the file indices of weight expressions. */
  readonly files: readonly string[];
}

export interface NativeRuntime {
  readonly version: string;
  /** Digest of the linked kernels: timings are theirs and no other's. */
  readonly buildId: string;
  devices(): readonly DeviceInfo[];
  /** What the backends look for on this machine; opens it, which takes time. */
  libraries(): readonly SupportLibrary[];
  /**
   * Tactics for a layer (LayerDesc message) on a device, best estimate first, then those of the named libraries
   * ('cublaslt'), which this opens. Empty = the device cannot run it.
   */
  enumerate(
    device: string,
    layerDescBytes: Uint8Array,
    threads: number,
    libraries?: readonly string[],
  ): readonly Tactic[];
  /** Runs one layer synchronously on the CPU, by the scalar reference unless a tactic is named: folding and tests. */
  evaluate(layerDescBytes: Uint8Array, inputs: readonly (Tensor | null)[], tactic?: string): readonly Tensor[];
  /**
   * Times tactics of one layer on random data, one result each in the same order, in a process of its own: a kernel that
   * crashes is a failed result. Throws RuntimeFailure 'stopped' after an abort.
   */
  measure(
    device: string,
    layerDescBytes: Uint8Array,
    tactics: readonly string[],
    threads: number,
    policy: MeasurePolicy,
    stop: AbortSignal,
  ): Promise<readonly Measurement[]>;
  /**
   * What can run a layer on the device without compiling anything, where its own tactics have failed: the CPU's kernels
   * with copies around them.
   */
  fallbacks?(device: string, layer: Uint8Array, threads: number): readonly Tactic[];
  /**
   * Compiles, on all cores, the kernels that measuring these tactics will need, where a device compiles kernels at all.
   * What does not compile is left for `measure` to report.
   */
  prefetch?(
    device: string,
    trials: readonly { readonly layer: Uint8Array; readonly tactic: string }[],
    stop: AbortSignal,
  ): Promise<void>;
  /**
   * Times an engine file both ways, in turns, in the process that times tactics. Throws RuntimeFailure when it does not run.
   * Absent where a runtime has no streams.
   */
  timeEngine?(
    path: string,
    threads: number,
    policy: { readonly warmup: number; readonly runs: number },
    stop: AbortSignal,
  ): Promise<EngineTimes>;
  /** Measures what a device reaches with these threads; takes about a second. Empty where the device cannot say. */
  ceilings(device: string, threads: number, stop: AbortSignal): Promise<Ceilings>;
  /** Evaluates one WeightExpr message over the mapped files. */
  evaluateWeight(weightExprBytes: Uint8Array, files: readonly string[]): Promise<Uint8Array>;
  writeEngine(request: WriteEngineRequest, onProgress: (p: NativeProgress) => void, stop: AbortSignal): Promise<void>;
  /** Maps and checks the file; throws RuntimeFailure with one sentence when it does not fit. */
  loadEngine(path: string): Promise<LoadedEngine>;
}

/** A failure of native work; `layer` names where, when known. */
export class RuntimeFailure extends Error {
  override readonly name = 'RuntimeFailure';
  readonly code: string;
  readonly layer: string | undefined;
  constructor(message: string, code: string, layer?: string) {
    super(message);
    this.code = code;
    this.layer = layer;
  }
}
