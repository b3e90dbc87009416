import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { FileReader } from '../../optimizer/importers/common/fileReader.ts';
import { ImportError, type ImportedModel, importModel } from '../../optimizer/importers/index.ts';
import type { TensorProto } from '../../optimizer/importers/onnx/messages.ts';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';
import { TensorSource } from '../../optimizer/importers/onnx/tensor.ts';
import { shapeText } from '../../optimizer/ir/dim.ts';
import { verify } from '../../optimizer/ir/verifier.ts';
import { inferTypes } from '../../optimizer/ops/infer.ts';
import { scratch } from '../importers/make.ts';

/*
 * The backend cases of the ONNX project (Debian package libonnx-testdata): each is imported, its inferred types are held
 * against the expected outputs, and the graph in its newest form is run by ONNX Runtime beside the original file.
 */
const DATA = '/usr/share/libonnx-testdata/data';
const present = existsSync(DATA);
if (!present)
  console.warn(`SKIPPED: the ONNX backend cases are not installed (Debian: apt-get install libonnx-testdata)`);

const dir = scratch();
const quiet = { logSeverityLevel: 4 as const };

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** A tensor of a case; null for strings, sequences and types that ONNX Runtime's binding does not take. */
function load(path: string): ort.Tensor | null {
  const t = onnxType('TensorProto').decode(readFileSync(path)) as unknown as TensorProto;
  const fd = openSync(path, 'r');
  try {
    const source = new TensorSource({ path, size: 0 }, new FileReader(fd), dir);
    const { dtype, shape, bytes } = source.literal(t);
    const make = ARRAYS[dtype as keyof typeof ARRAYS];
    return make
      ? new ort.Tensor(dtype as 'float32', new make(Uint8Array.from(bytes).buffer) as Float32Array, shape)
      : null;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

async function run(path: string, feeds: Record<string, ort.Tensor>): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(path, quiet);
  try {
    return (await session.run(feeds)) as Record<string, ort.Tensor>;
  } finally {
    await session.release();
  }
}

function expectClose(got: ort.Tensor, want: ort.Tensor, label: string): void {
  expect(got.dims, label).toEqual(want.dims);
  const a = want.data as unknown as ArrayLike<number | bigint>;
  const b = got.data as unknown as ArrayLike<number | bigint>;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y) || x === y) continue;
    expect(Math.abs(x - y), `${label}[${i}]: ${y} instead of ${x}`).toBeLessThanOrEqual(
      1e-4 * Math.max(1, Math.abs(x)),
    );
  }
}

/** Whether the inferred types allow the expected outputs. */
function expectTypes(m: ImportedModel, outputs: readonly (ort.Tensor | null)[], label: string): void {
  m.outputs.forEach((o, i) => {
    const t = outputs[i];
    const { shape } = o.type;
    if (!t || o.type.dtype !== t.type) return;
    const fits = shape?.length === t.dims.length && shape.every((d, k) => typeof d !== 'number' || d === t.dims[k]);
    expect(fits, `${label}: ${o.name} is ${shapeText(shape)}, not ${t.dims.join('×')}`).toBe(true);
  });
}

describe.skipIf(!present)('ONNX backend cases', () => {
  it.each(['node', 'simple'])('%s', async (kind) => {
    let judged = 0;
    const refusals = new Map<string, number>();
    for (const name of readdirSync(join(DATA, kind)).sort()) {
      const folder = join(DATA, kind, name);
      const file = join(folder, 'model.onnx');
      if (!existsSync(file)) continue;
      let m: ImportedModel;
      try {
        m = await importModel(file);
      } catch (e) {
        if (!(e instanceof ImportError)) throw e;
        refusals.set(e.code, (refusals.get(e.code) ?? 0) + 1);
        continue;
      }
      if (m.unsupported.length > 0) continue;
      // Two runs of a random operator agree in nothing but their types.
      const random = [...m.graph.nodes()].some((n) => n.op.startsWith('Random'));
      expect(verify(m.graph, { infer: (g) => void inferTypes(g) }), name).toEqual([]);
      const at = (side: string, i: number) => join(folder, 'test_data_set_0', `${side}_${i}.pb`);
      const loaded = (side: string, i: number) => (existsSync(at(side, i)) ? load(at(side, i)) : null);
      const inputs = m.inputs.map((_, i) => loaded('input', i));
      expectTypes(
        m,
        m.outputs.map((_, i) => loaded('output', i)),
        name,
      );
      if (inputs.some((t) => t === null)) continue;
      const feeds = Object.fromEntries(m.inputs.map((v, i) => [v.name, inputs[i]!]));
      let want: Record<string, ort.Tensor>;
      try {
        want = await run(file, feeds);
      } catch {
        // ONNX Runtime does not implement this one itself.
        continue;
      }
      const written = join(dir, 'written.onnx');
      await writeOnnx(m.graph, written, { evaluateWeight: () => Promise.reject(new Error('nothing to evaluate')) });
      const got = await run(written, feeds);
      if (!random) for (const o of m.outputs) expectClose(got[o.name]!, want[o.name]!, name);
      judged++;
    }
    // Refused: operator sets below 7 (stated), training forms, and Scan's form of opset 8.
    expect([...refusals.keys()].filter((c) => c !== 'unsupported-version' && c !== 'invalid-operator')).toEqual([]);
    expect(refusals.get('invalid-operator') ?? 0).toBeLessThanOrEqual(3);
    expect(judged).toBeGreaterThan(kind === 'node' ? 500 : 5);
  });
});
