import { existsSync, realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { onnxType } from '../../importers/onnx/schema.ts';
import type { Graph } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { codeOfDtype } from '../../ops/common/dtypes.ts';
import { tensorMessage } from './attributes.ts';
import { type Emission, ExportError, emitGraph, OPSET } from './emit.ts';
import { AtomicFile } from './file.ts';
import { weightBytes, writeWeight } from './payload.ts';

export { ExportError } from './emit.ts';

export interface WriteOnnxOptions {
  /** Bytes of a weight expression that is neither a run of a file nor a literal (folded, scaled, concatenated, …). */
  readonly evaluateWeight: (w: WeightExpr) => Promise<Uint8Array>;
  /** Weights beyond this many bytes go into a second file beside the model, NAME.data (protobuf ends at 2 GiB). */
  readonly externalAbove?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly stop?: AbortSignal;
}

export interface WrittenOnnx {
  readonly path: string;
  readonly bytes: number;
  /** The second file, when there is one. */
  readonly dataPath: string | null;
}

const EXTERNAL_ABOVE = 1.5 * 1024 ** 3;
/** Only weights of this many bytes go into the second file; its parts are aligned for mapping. */
const EXTERNAL_MIN = 1024;
const ALIGNMENT = 4096;

/**
 * Writes a graph as standard ONNX: fused nodes as their bodies, constants as initializers, streamed. Files appear under
 * their names only when complete. Throws ExportError with one sentence.
 */
export async function writeOnnx(graph: Graph, path: string, options: WriteOnnxOptions): Promise<WrittenOnnx> {
  refuseOverwriting(graph, [path, `${path}.data`]);
  const emission = await emitGraph(graph, async (w) => {
    const parts: Uint8Array[] = [];
    await writeWeight(w, graph.files, options.evaluateWeight, (b) => parts.push(b.slice()));
    return concat(parts);
  });
  const total = emission.graph.initializers.reduce((n, i) => n + weightBytes(i.weight), 0);
  const external = total > (options.externalAbove ?? EXTERNAL_ABOVE);
  const model = new AtomicFile(path);
  const data = external ? new AtomicFile(`${path}.data`) : null;
  try {
    await writeModel(graph, emission, model, data, total, options);
    const bytes = model.size;
    data?.commit();
    model.commit();
    return { path, bytes, dataPath: data?.path ?? null };
  } catch (e) {
    model.discard();
    data?.discard();
    throw e;
  }
}

/** Weights are read from the graph's files, also after this: replacing one of them would corrupt the open model. */
function refuseOverwriting(graph: Graph, paths: readonly string[]): void {
  const real = (p: string): string => (existsSync(p) ? realpathSync(p) : resolve(p));
  const read = new Set(graph.files.map((f) => real(f.path)));
  const hit = paths.find((p) => read.has(real(p)));
  if (hit) throw new ExportError(`${hit} is the file that the model's weights are read from; choose another name.`);
}

async function writeModel(
  graph: Graph,
  emission: Emission,
  model: AtomicFile,
  data: AtomicFile | null,
  total: number,
  options: WriteOnnxOptions,
): Promise<void> {
  const { graph: g } = emission;
  const message = (type: string, m: object): Uint8Array => onnxType(type).encode(m).finish();
  const field = (number: number, body: Uint8Array): Uint8Array => concat([head(number, body.length), body]);
  const before = concat([
    ...g.nodes.map((n) => field(1, message('NodeProto', n))),
    field(2, new TextEncoder().encode(g.name)),
  ]);
  const after = concat([
    ...g.inputs.map((v) => field(11, message('ValueInfoProto', v))),
    ...g.outputs.map((v) => field(12, message('ValueInfoProto', v))),
  ]);

  // The length of the graph stands before its weights: sizes are known, contents follow.
  let offset = 0;
  const tensors = g.initializers.map(({ name, weight }) => {
    const length = weightBytes(weight);
    if (weight.kind === 'literal' && weight.dtype === 'string') {
      return {
        start: field(5, message('TensorProto', tensorMessage(weight.value, name))),
        weight: null,
        length: 0,
        at: 0,
      };
    }
    const base = { dims: [...weight.shape], dataType: codeOfDtype(weight.dtype), name };
    if (data && length >= EXTERNAL_MIN) {
      const at = Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
      offset = at + length;
      const place = { location: basename(data.path), offset: String(at), length: String(length) };
      const externalData = Object.entries(place).map(([key, value]) => ({ key, value }));
      const start = field(5, message('TensorProto', { ...base, externalData, dataLocation: 1 }));
      return { start, weight, length: 0, at };
    }
    const inner = concat([message('TensorProto', base), head(9, length)]);
    return { start: concat([head(5, inner.length + length), inner]), weight, length, at: -1 };
  });
  const graphLength = before.length + after.length + tensors.reduce((n, t) => n + t.start.length + t.length, 0);

  const opset = Math.max(OPSET, emission.opset);
  const imports = [
    { domain: '', version: opset },
    ...[...emission.domains].sort().map((domain) => ({ domain, version: 1 })),
  ];
  const preamble = { irVersion: opset > 22 ? 11 : 10, producerName: 'sinter-studio', opsetImport: imports };
  model.put(message('ModelProto', preamble));
  model.put(head(7, graphLength));
  model.put(before);
  let done = 0;
  for (const t of tensors) {
    options.stop?.throwIfAborted();
    model.put(t.start);
    if (!t.weight) continue;
    const into = t.length === 0 && data && t.at >= 0 ? data : model;
    if (into === data) data.padTo(t.at);
    await writeWeight(t.weight, graph.files, options.evaluateWeight, (b) => into.put(b));
    done += weightBytes(t.weight);
    options.onProgress?.(done, total);
  }
  model.put(after);
}

/** Tag and length of a length-delimited field. */
function head(field: number, length: number): Uint8Array {
  const out: number[] = [];
  for (let v of [field * 8 + 2, length]) {
    for (; v >= 128; v = Math.floor(v / 128)) out.push((v % 128) | 128);
    out.push(v);
  }
  return Uint8Array.from(out);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
