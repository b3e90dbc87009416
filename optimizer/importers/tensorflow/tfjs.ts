import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { byteLength, type DataType } from '../../ir/dtype.ts';
import { countOf, fromNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight, concatWeights, evaluateWeight, literalWeight, reshapeWeight } from '../../ir/weights.ts';
import { asImportError } from '../common/asImportError.ts';
import { FileWeights } from '../common/fileWeights.ts';
import { yieldTo } from '../common/open.ts';
import { ImportError } from '../error.ts';
import type { ImportedModel, ImportOptions } from '../model.ts';
import { convertGraph } from './import.ts';
import type { Declared } from './inputs.ts';
import type { GraphDef, TensorInfo } from './messages.ts';
import { findOutputs } from './outputs.ts';
import { tensorflowType } from './schema.ts';
import { NO_VARIABLES } from './variables.ts';

/* TensorFlow.js graph models: the graph as JSON, the constants in binary files beside it. */

interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number };
}
interface ModelJson {
  readonly format?: string;
  readonly generatedBy?: string;
  readonly modelTopology?: { readonly node?: readonly unknown[] };
  readonly signature?: Signature;
  readonly userDefinedMetadata?: { readonly signature?: Signature };
  readonly weightsManifest?: readonly { readonly paths: readonly string[]; readonly weights: readonly WeightEntry[] }[];
}
interface Signature {
  readonly inputs?: Readonly<Record<string, Partial<TensorInfo>>>;
  readonly outputs?: Readonly<Record<string, Partial<TensorInfo>>>;
}

/** Longest graph description that is read. */
const MAX_JSON = 256 * 1024 * 1024;
const DTYPES: Readonly<Record<string, DataType>> = {
  bool: 'bool',
  float16: 'float16',
  float32: 'float32',
  int32: 'int32',
  uint16: 'uint16',
  uint8: 'uint8',
};

/** Imports model.json, or the folder that holds it. See importModel. */
export async function importTfjs(path: string, options: ImportOptions): Promise<ImportedModel> {
  const file = statSync(path).isDirectory() ? join(resolve(path), 'model.json') : resolve(path);
  try {
    const json = readJson(file);
    await yieldTo(options);
    const graph = graphOf(json, file);
    const store = new FileWeights({ path: file, size: statSync(file).size }, null);
    const constants = readManifest(json, dirname(file), store);
    const signature = json.signature ?? json.userDefinedMetadata?.signature;
    const declared = new Map<string, Declared>();
    for (const [key, info] of Object.entries(signature?.inputs ?? {})) {
      const node = (info.name ?? key).split(':')[0]!;
      declared.set(node, { name: node, shape: null });
    }
    const listed = Object.entries(signature?.outputs ?? {}).map(([key, info]) => (info.name ?? key).replace(/:0$/, ''));
    const outputs = (listed.length > 0 ? listed : findOutputs(graph)).map((from) => ({ name: from, from }));
    const model = convertGraph(
      { graph, outputs, declared, variables: NO_VARIABLES, store, file, warnings: [], constants },
      options,
    );
    return {
      ...model,
      name: basename(file, extname(file)),
      producer: { name: 'TensorFlow.js', version: json.generatedBy ?? '' },
    };
  } catch (e) {
    throw asImportError(e, file, options);
  }
}

function readJson(file: string): ModelJson {
  if (statSync(file).size > MAX_JSON)
    throw new ImportError('not-a-model', `${file} is too long for a graph description.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ModelJson;
  } catch {
    throw new ImportError('not-a-model', `${file} is not valid JSON.`);
  }
}

function graphOf(json: ModelJson, file: string): GraphDef {
  if (json.format === 'layers-model' || !json.modelTopology?.node)
    throw new ImportError(
      'not-a-model',
      `${file} is not a graph model of TensorFlow.js (layers models hold no graph: convert it to one).`,
    );
  const type = tensorflowType('GraphDef');
  const problem = (e: unknown): ImportError =>
    new ImportError('not-a-model', `${file} is not a graph model: ${e instanceof Error ? e.message : String(e)}.`);
  try {
    return type.fromObject(numbered(json.modelTopology) as Record<string, unknown>) as unknown as GraphDef;
  } catch (e) {
    throw problem(e);
  }
}

/** Names of element types ("DT_FLOAT") as their numbers, wherever they stand; everything else as it is. */
function numbered(v: unknown): unknown {
  if (typeof v === 'string') return v.startsWith('DT_') ? (TYPES[v] ?? 0) : v;
  if (Array.isArray(v)) return v.map(numbered);
  if (typeof v !== 'object' || v === null) return v;
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, numbered(x)]));
}
const TYPES: Readonly<Record<string, number>> = {
  DT_FLOAT: 1,
  DT_DOUBLE: 2,
  DT_INT32: 3,
  DT_UINT8: 4,
  DT_INT16: 5,
  DT_INT8: 6,
  DT_STRING: 7,
  DT_INT64: 9,
  DT_BOOL: 10,
  DT_BFLOAT16: 14,
  DT_HALF: 19,
  DT_RESOURCE: 20,
  DT_VARIANT: 21,
};

function readManifest(json: ModelJson, folder: string, store: FileWeights): Map<string, WeightExpr> {
  const out = new Map<string, WeightExpr>();
  for (const group of json.weightsManifest ?? []) {
    const shards = group.paths.map((p) => {
      if (p.includes('..') || p.startsWith('/'))
        throw new ImportError(
          'external-data-outside',
          `The weights file "${p}" is not inside the model's folder; such files are not read.`,
        );
      const path = join(folder, p);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat)
        throw new ImportError(
          'missing-external-data',
          `The weights file "${p}" is missing; it must lie beside the model.`,
        );
      return { path, size: stat.size };
    });
    let at = 0;
    for (const w of group.weights) {
      const stored = DTYPES[w.quantization?.dtype ?? w.dtype];
      if (!stored)
        throw new ImportError(
          'unsupported-feature',
          `Weight "${w.name}" has the type ${w.quantization?.dtype ?? w.dtype}, which is not supported.`,
        );
      const bytes = byteLength(stored, countOf(w.shape));
      out.set(w.name, decoded(pieces(shards, at, bytes, stored, w, store), w));
      at += bytes;
    }
  }
  return out;
}

/** Weights lie one after the other in the concatenation of the files; one may continue in the next file. */
function pieces(
  shards: readonly { path: string; size: number }[],
  start: number,
  bytes: number,
  dtype: DataType,
  w: WeightEntry,
  store: FileWeights,
): WeightExpr {
  const width = byteLength(dtype, 1);
  const parts: WeightExpr[] = [];
  let base = 0;
  for (const s of shards) {
    const from = Math.max(start, base);
    const to = Math.min(start + bytes, base + s.size);
    if (to > from) {
      if ((to - from) % width !== 0)
        throw new ImportError('bad-tensor', `Weight "${w.name}" is split inside an element.`);
      parts.push(store.fromFile(s.path, s.size, from - base, dtype, [(to - from) / width]));
    }
    base += s.size;
  }
  if (start + bytes > base)
    throw new ImportError(
      'truncated',
      `Weight "${w.name}" ends at byte ${start + bytes} of its files, which have only ${base}.`,
    );
  if (parts.length === 0) return literalWeight({ dtype, shape: w.shape, bytes: new Uint8Array() });
  return reshapeWeight(parts.length === 1 ? parts[0]! : concatWeights(parts, 0), w.shape);
}

/** Quantized weights are stored · scale + min. */
function decoded(stored: WeightExpr, w: WeightEntry): WeightExpr {
  const to = DTYPES[w.dtype];
  if (!to)
    throw new ImportError('unsupported-feature', `Weight "${w.name}" has the type ${w.dtype}, which is not supported.`);
  const cast = castWeight(stored, to);
  const { scale, min } = w.quantization ?? {};
  if (scale === undefined) return cast;
  const number = (x: number): WeightExpr => literalWeight(fromNumbers(to, [1], [x]));
  const scaled = evaluateWeight('Mul', {}, [cast, number(scale)], to, w.shape);
  return evaluateWeight('Add', {}, [scaled, number(min ?? 0)], to, w.shape);
}
