import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import type { LayerMessage } from '../../optimizer/engine/messages.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import type { ImportedModel } from '../../optimizer/importers/index.ts';
import type { NativeRuntime, Tensor } from '../../optimizer/runtime.ts';
import { differenceText } from './compare.ts';
import { type NamedTensor, readValue } from './tensors.ts';

export interface CaseOptions {
  readonly device: string;
  readonly optimize: boolean;
  /** Scratch engine file of this process. */
  readonly engine: string;
}

/** Operators whose numbers the standard leaves open: their types and shapes are judged. */
const RANDOM = new Set([
  'Bernoulli',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
]);

/** What became of a case. */
export interface Outcome {
  /** null when it passes, else why not, in one sentence. */
  readonly reason: string | null;
  /** Kinds of the layers that computed it. */
  readonly layers: readonly string[];
  /** Element types of its inputs and outputs. */
  readonly types: readonly string[];
  /** Of these, what the CPU runs for a GPU's engine: kernels that the GPU lacks, and what is decided while running. */
  readonly onHost: readonly string[];
}

/** Sets that grow as a case is run. */
interface Seen {
  readonly layers: Set<string>;
  readonly types: Set<string>;
  readonly onHost: Set<string>;
}

/** Runs a case through import → passes → engine → native run, on each of its data sets. */
export async function runCase(
  runtime: NativeRuntime,
  folder: string,
  operators: readonly string[],
  options: CaseOptions,
): Promise<Outcome> {
  const seen: Seen = { layers: new Set(), types: new Set(), onHost: new Set() };
  const outcome = (reason: string | null): Outcome => ({
    reason,
    layers: [...seen.layers].sort(),
    types: [...seen.types].sort(),
    onHost: [...seen.onHost].sort(),
  });
  const sets = readdirSync(folder)
    .filter((d) => d.startsWith('test_data_set_'))
    .map((d) => join(folder, d));
  if (sets.length === 0) return outcome('the case has no data');
  for (const set of sets) {
    const reason = await runSet(runtime, folder, set, operators, options, seen);
    if (reason !== null) return outcome(reason);
  }
  return outcome(null);
}

function kindsOf(layers: readonly LayerMessage[], gpu: boolean, into: Seen): void {
  for (const l of layers) {
    into.layers.add(l.op);
    const regions = l.regions ?? [];
    const tactic = l.tactic ?? '';
    if (gpu && regions.length === 0 && (tactic === '' || tactic.startsWith('cpu:'))) into.onHost.add(l.op);
    for (const r of regions) kindsOf(r.layers, gpu, into);
  }
}

function list(set: string, side: 'input' | 'output', declared: ImportedModel['inputs']): NamedTensor[] {
  const out: NamedTensor[] = [];
  const at = (i: number): string => join(set, `${side}_${i}.pb`);
  for (let i = 0; existsSync(at(i)); i++) out.push(readValue(at(i), declared[i]?.type));
  return out;
}

/** bfloat16 tensors are written as the 16-bit numbers that numpy keeps them in. */
function typedAs(tensors: Readonly<Record<string, Tensor>>, model: ImportedModel['inputs']): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => {
      const wanted = model.find((v) => v.name === name)?.type.dtype;
      return [name, t.dtype === 'uint16' && wanted === 'bfloat16' ? { ...t, dtype: wanted } : t];
    }),
  );
}

/** Tensors by the model's names: by their own where they have one that fits, else by position. */
function named(tensors: readonly NamedTensor[], names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(
    tensors.flatMap((t, i) => {
      const name = names.includes(t.name) ? t.name : names[i];
      return name === undefined ? [] : [[name, t]];
    }),
  );
}

async function runSet(
  runtime: NativeRuntime,
  folder: string,
  set: string,
  operators: readonly string[],
  options: CaseOptions,
  seen: Seen,
): Promise<string | null> {
  const path = join(folder, 'model.onnx');
  const open = await openModel(path);
  const given = list(set, 'input', open.inputs);
  const expected = list(set, 'output', open.outputs);
  const inputs = typedAs(
    named(
      given,
      open.inputs.map((v) => v.name),
    ),
    open.inputs,
  );
  const shapes = Object.fromEntries(
    Object.entries(inputs).flatMap(([name, t]) => (t.items || t.absent ? [] : [[name, t.shape]])),
  );
  for (const v of [...open.inputs, ...open.outputs]) seen.types.add(v.type.dtype);
  const model = await openModel(path, { shapes });
  const optimized = options.optimize ? optimizeModel(model, runtime) : withoutPasses(model);
  await buildEngine(optimized, { runtime, device: options.device, threads: 1, path: options.engine });
  try {
    const engine = await runtime.loadEngine(options.engine);
    kindsOf(decodeEngine(engine.headerBytes).layers, options.device !== 'cpu', seen);
    try {
      const context = engine.createContext({ threads: 1 });
      try {
        const got = await context.run(inputs);
        const want = typedAs(
          named(
            expected,
            open.outputs.map((v) => v.name),
          ),
          open.outputs,
        );
        const valuesToo = !operators.some((op) => RANDOM.has(op));
        for (const [name, t] of Object.entries(want)) {
          const result = got[name];
          if (!result) return `output "${name}" is missing`;
          const text = differenceText(t, result, valuesToo);
          if (text !== null) return `output "${name}" ${text}`;
        }
        return null;
      } finally {
        context.dispose();
      }
    } finally {
      engine.dispose();
    }
  } finally {
    rmSync(options.engine, { force: true });
  }
}
