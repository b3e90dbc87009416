import { createRequire } from 'node:module';
import path from 'node:path';
import {
  type Ceilings,
  type ContextOptions,
  type DeviceInfo,
  type ExecutionContext,
  type LayerFacts,
  type LayerTime,
  type LoadedEngine,
  type NativeProgress,
  type NativeRuntime,
  type Profile,
  RuntimeFailure,
  type SupportLibrary,
  type Tactic,
  type Tensor,
} from '../../optimizer/runtime.ts';
import { Tuner } from './tuner.ts';

/* The addon's own functions (native/napi/*.cpp). Handles are opaque; failures are Errors with `code` and `layer`. */
type Handle = object;
interface Addon {
  readonly version: string;
  readonly buildId: string;
  devices(): DeviceInfo[];
  libraries(): SupportLibrary[];
  enumerate(device: string, layer: Uint8Array, threads: number, libraries: readonly string[]): Tactic[];
  fallbacks(device: string, layer: Uint8Array, threads: number): Tactic[];
  evaluate(layer: Uint8Array, inputs: readonly (Tensor | null)[], tactic: string | undefined): Tensor[];
  ceilings(device: string, threads: number, stop: Handle): Promise<Ceilings>;
  evaluateWeight(expr: Uint8Array, files: readonly string[]): Promise<Uint8Array>;
  writeEngine(
    path: string,
    header: Uint8Array,
    files: readonly string[],
    onProgress: (done: number, total: number) => void,
    stop: Handle,
  ): Promise<void>;
  createStop(): Handle;
  stop(stop: Handle): void;
  loadEngine(path: string): Promise<Handle>;
  prefetch(device: string, layers: readonly Uint8Array[], tactics: readonly string[], stop: Handle): Promise<void>;
  engineInfo(engine: Handle): { headerBytes: Uint8Array; inputs: string[]; outputs: string[] };
  verifyEngine(engine: Handle): Promise<void>;
  disposeEngine(engine: Handle): void;
  createContext(engine: Handle, threads: number, profile?: number): Handle;
  runContext(context: Handle, inputs: readonly Tensor[]): Promise<Tensor[]>;
  profileContext(
    context: Handle,
    inputs: readonly Tensor[],
    warmup: number,
    iterations: number,
    onProgress: (done: number, total: number) => void,
    stop: Handle,
  ): Promise<{
    total: Float64Array;
    layers: ({ samples: Float64Array; starts: Float64Array } & LayerFacts)[];
    profile: number;
    source: string;
  }>;
  disposeContext(context: Handle): void;
}

/** What a thrown value of the addon means to callers. */
function failure(e: unknown): unknown {
  if (e instanceof RuntimeFailure || !(e instanceof Error)) return e;
  const { code, layer } = e as { code?: unknown; layer?: unknown };
  return new RuntimeFailure(
    e.message,
    typeof code === 'string' ? code : 'internal',
    typeof layer === 'string' ? layer : undefined,
  );
}

function call<T>(run: () => T): T {
  try {
    return run();
  } catch (e) {
    throw failure(e);
  }
}

async function calling<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (e) {
    throw failure(e);
  }
}

/** Progress callback for the addon that falls silent once the work has settled. */
function reporting(onProgress: (p: NativeProgress) => void): {
  report: (done: number, total: number) => void;
  end(): void;
} {
  let live = true;
  return {
    report: (done, total) => {
      if (live) onProgress({ done, total });
    },
    end: () => {
      live = false;
    },
  };
}

/** Runs native work that an AbortSignal can stop. */
async function stoppable<T>(addon: Addon, signal: AbortSignal, run: (stop: Handle) => Promise<T>): Promise<T> {
  const stop = call(() => addon.createStop());
  const onAbort = (): void => addon.stop(stop);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await calling(() => run(stop));
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function layerTime(
  { samples, starts, ...facts }: { samples: Float64Array; starts: Float64Array } & LayerFacts,
  layer: number,
): LayerTime {
  return { layer, samples, starts, ...(Object.keys(facts).length > 0 ? { facts } : {}) };
}

class Context implements ExecutionContext {
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #inputs: readonly string[];
  readonly #outputs: readonly string[];

  constructor(addon: Addon, handle: Handle, inputs: readonly string[], outputs: readonly string[]) {
    this.#addon = addon;
    this.#handle = handle;
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  #ordered(given: Readonly<Record<string, Tensor>>): Tensor[] {
    const list = this.#inputs.map((name) => `"${name}"`).join(', ');
    for (const name of Object.keys(given)) {
      if (!this.#inputs.includes(name)) {
        throw new RuntimeFailure(`the engine has no input "${name}"; its inputs are ${list || 'none'}`, 'argument');
      }
    }
    return this.#inputs.map((name) => {
      const t = given[name];
      if (!t) throw new RuntimeFailure(`input "${name}" is missing; the engine takes ${list}`, 'argument');
      return t;
    });
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const results = await calling(async () => this.#addon.runContext(this.#handle, this.#ordered(inputs)));
    return Object.fromEntries(this.#outputs.map((name, i) => [name, results[i] as Tensor]));
  }

  async profile(
    inputs: Readonly<Record<string, Tensor>>,
    options: { readonly warmup: number; readonly iterations: number },
    onProgress: (p: NativeProgress) => void,
    stop: AbortSignal,
  ): Promise<Profile> {
    const progress = reporting(onProgress);
    try {
      const { total, layers, profile, source } = await stoppable(this.#addon, stop, async (token) =>
        this.#addon.profileContext(
          this.#handle,
          this.#ordered(inputs),
          options.warmup,
          options.iterations,
          progress.report,
          token,
        ),
      );
      return { total, layers: layers.map(layerTime), profile, source };
    } finally {
      progress.end();
    }
  }

  dispose(): void {
    this.#addon.disposeContext(this.#handle);
  }
}

class Engine implements LoadedEngine {
  readonly headerBytes: Uint8Array;
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #inputs: readonly string[];
  readonly #outputs: readonly string[];

  constructor(addon: Addon, handle: Handle) {
    const info = addon.engineInfo(handle);
    this.headerBytes = info.headerBytes;
    this.#addon = addon;
    this.#handle = handle;
    this.#inputs = info.inputs;
    this.#outputs = info.outputs;
  }

  createContext({ threads, profile }: ContextOptions): ExecutionContext {
    const handle = call(() => this.#addon.createContext(this.#handle, threads, profile));
    return new Context(this.#addon, handle, this.#inputs, this.#outputs);
  }

  verify(): Promise<void> {
    return calling(() => this.#addon.verifyEngine(this.#handle));
  }

  dispose(): void {
    this.#addon.disposeEngine(this.#handle);
  }
}

/**
 * The native runtime of an addon file (`build/native/sinter.node`). Throws RuntimeFailure when it cannot be loaded.
 * Only cli/ and electron/host call this; everything else is given the result.
 */
export function createNativeRuntime(addonPath: string): NativeRuntime {
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(addonPath) as Addon;
  } catch (e) {
    throw new RuntimeFailure(
      `the native runtime ${addonPath} cannot be loaded (${e instanceof Error ? e.message.split('\n')[0] : String(e)}); build it with: npm run build:native`,
      'addon',
    );
  }
  const tuner = new Tuner(path.join(path.dirname(addonPath), 'sinter_tuner'));
  return {
    version: addon.version,
    buildId: addon.buildId,
    devices: () => call(() => addon.devices()),
    libraries: () => call(() => addon.libraries()),
    enumerate: (device, layer, threads, libraries = []) =>
      call(() => addon.enumerate(device, layer, threads, libraries)),
    fallbacks: (device, layer, threads) =>
      device === 'cpu' ? [] : call(() => addon.fallbacks(device, layer, threads)),
    evaluate: (layer, inputs, tactic) => call(() => addon.evaluate(layer, inputs, tactic)),
    measure: (device, layer, tactics, threads, policy, stop) =>
      tuner.measure({ device, layer, tactics, threads, policy }, stop),
    prefetch: (device, trials, stop) =>
      stoppable(addon, stop, (token) =>
        addon.prefetch(
          device,
          trials.map((t) => t.layer),
          trials.map((t) => t.tactic),
          token,
        ),
      ),
    timeEngine: (file, threads, policy, stop) => tuner.timeEngine(file, threads, policy, stop),
    ceilings: (device, threads, stop) => stoppable(addon, stop, (token) => addon.ceilings(device, threads, token)),
    evaluateWeight: (expr, files) => calling(async () => addon.evaluateWeight(expr, files)),
    writeEngine: async (request, onProgress, stop) => {
      const progress = reporting(onProgress);
      try {
        await stoppable(addon, stop, (token) =>
          addon.writeEngine(request.path, request.headerBytes, request.files, progress.report, token),
        );
      } finally {
        progress.end();
      }
    },
    loadEngine: (path) => calling(async () => new Engine(addon, await addon.loadEngine(path))),
  };
}
