import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { inspect } from '../../cli/commands/inspect.ts';
import { buildEngine } from '../../optimizer/builder/build.ts';
import type { Storage } from '../../optimizer/builder/planSearch/format.ts';
import { seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import { dtypeFromNumber } from '../../optimizer/engine/encode.ts';
import { PREAMBLE } from '../../optimizer/engine/file.ts';
import type { DimExprMessage, EngineMessage, LayerMessage, ValueMessage } from '../../optimizer/engine/messages.ts';
import { evaluateDim } from '../../optimizer/engine/profile/layers.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { countOf } from '../../optimizer/ir/tensor.ts';
import type { NativeRuntime, Tensor } from '../../optimizer/runtime.ts';
import { damagedEngine, type EngineParts } from './mutateEngine.ts';
import { type Opened, withOpenSizes } from './openSizes.ts';
import { type Attempt, MOST, ranOnce, refusal, type Stage, wildInput } from './outcome.ts';

/** How an engine is built here: sizes left open or not, with passes or not, in the model's own storage or in what a build may store. */
interface Variant {
  readonly device: string;
  readonly opened: Opened | null;
  readonly passes: boolean;
  readonly storage: Storage;
}
const STORAGES: readonly Storage[] = ['', '', 'int8', 'int8', 'float16', 'bfloat16'];
const OPENED: readonly (Opened | null)[] = [null, null, null, 'first', 'alike'];
/** Engines by variant and model; null where it does not build. */
const built = new Map<string, EngineParts | null>();

async function engineOf(
  runtime: NativeRuntime,
  model: string,
  variant: Variant,
  path: string,
): Promise<EngineParts | null> {
  const { device, opened, passes, storage } = variant;
  const key = `${opened} ${passes} ${storage} ${model}`;
  const known = built.get(key);
  if (known !== undefined) return known;
  let parts: EngineParts | null = null;
  const copy = `${path}.onnx`;
  try {
    if (opened) writeFileSync(copy, withOpenSizes(readFileSync(model), opened));
    const imported = await openModel(opened ? copy : model);
    const open = imported.inputs.some((v) => v.type.shape?.some((d) => typeof d !== 'number'));
    // Sizes that the model leaves open have two profiles: plans beside the first are read differently.
    const symbols = open ? openSymbols(imported.inputs.map((v) => v.type.shape ?? [])) : [];
    const ranges = (max: number) => Object.fromEntries(symbols.map((s) => [s, { min: 1, opt: 2, max }]));
    await buildEngine(passes ? optimizeModel(imported, runtime) : withoutPasses(imported), {
      runtime,
      device,
      threads: 1,
      path,
      ...(storage === '' ? {} : { precision: { amax: () => 4, storages: () => ['', storage] } }),
      ...(symbols.length > 0 ? { profiles: [ranges(2), ranges(6)] } : {}),
    });
    const file = readFileSync(path);
    const headerLength = Number(file.readBigUInt64LE(16));
    const headerBytes = file.subarray(PREAMBLE, PREAMBLE + headerLength);
    const blob = file.subarray(Number(file.readBigUInt64LE(24)));
    parts = { file, headerBytes, header: decodeEngine(headerBytes), blob };
  } catch {
    // Models that do not build are the other fuzzer's.
  } finally {
    for (const file of [path, copy]) rmSync(file, { force: true });
  }
  built.set(key, parts);
  return parts;
}

const openSymbols = (shapes: readonly (readonly unknown[])[]): string[] => [
  ...new Set(shapes.flat().filter((d): d is string => typeof d === 'string')),
];

/** Elements that a tensor of a plan has at most, where nothing but its constants says so. */
function largest(values: readonly ValueMessage[], layers: readonly LayerMessage[]): number {
  const constants = (d: DimExprMessage): number =>
    d.kind === 0 ? Math.max(0, d.value ?? 0) : (d.args ?? []).reduce((n, a) => Math.max(n, constants(a)), 1);
  const own = values.map((v) => v.shape.reduce((n, d) => n * constants(d), 1));
  const inside = layers.flatMap((l) => l.regions ?? []).map((r) => largest(r.values, r.layers));
  return Math.max(0, ...own, ...inside);
}

/** Inputs by what the header says of them; null where they are not worth filling. */
function inputsOf(e: EngineMessage, draw: () => number): Record<string, Tensor> | null {
  const sizes = e.symbols.map(() => 2);
  const inputs: Record<string, Tensor> = {};
  for (const { name, value } of e.inputs) {
    const v = e.values[value]!;
    const shape = v.shape.map((d) => Math.max(0, evaluateDim(d, sizes)));
    if (!(countOf(shape) <= MOST)) return null;
    const kind = { dtype: dtypeFromNumber(v.dtype), sequence: v.sequence === true, optional: v.optional === true };
    inputs[name] = wildInput(kind, shape, draw);
  }
  return inputs;
}

/** The damaged engine of a seed; null where its model has none. */
export async function engineFor(
  runtime: NativeRuntime,
  model: string,
  path: string,
  seed: number,
  device = 'cpu',
): Promise<Uint8Array | null> {
  const draw = seededRandom(seed ^ 0x5eed);
  const variant: Variant = {
    device,
    passes: draw() < 0.7,
    storage: STORAGES[Math.floor(draw() * STORAGES.length)]!,
    opened: OPENED[Math.floor(draw() * OPENED.length)]!,
  };
  const parts = await engineOf(runtime, model, variant, path);
  return parts && damagedEngine(parts, draw);
}

/** Inspect → load → run of an engine file that may hold anything. */
export async function attemptEngine(
  runtime: NativeRuntime,
  path: string,
  bytes: Uint8Array,
  seed: number,
): Promise<Attempt> {
  const draw = seededRandom(seed);
  let stage: Stage = 'inspect';
  const { log } = console;
  try {
    writeFileSync(path, bytes);
    console.log = () => undefined;
    try {
      await inspect(path, { shape: [], set: [] });
    } catch (e) {
      // What cannot be shown may still be given to the runtime.
      const refused = refusal(stage, e);
      if (refused.fault) return refused;
    } finally {
      console.log = log;
    }
    stage = 'load';
    const engine = await runtime.loadEngine(path);
    const header = decodeEngine(engine.headerBytes);
    const plans = [header, ...header.profiles.flatMap((p) => p.plan ?? [])];
    // What takes long or much memory because it is much work has not hung.
    const size = Math.max(...plans.map((p) => largest(p.values, p.layers)));
    const inputs = size > 1 << 24 || header.memory.arenaBytes > 2 ** 31 ? null : inputsOf(header, draw);
    if (!inputs) return { stage: 'too large', message: '', fault: false };
    stage = 'run';
    return await ranOnce(engine, inputs);
  } catch (e) {
    return refusal(stage, e);
  }
}
