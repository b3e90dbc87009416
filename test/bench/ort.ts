import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DataType } from '../../optimizer/ir/dtype.ts';
import type { Tensor } from '../../optimizer/runtime.ts';

/* ONNX Runtime as the other side: of the numbers (within a tolerance) and of the clock. */

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

type Supported = keyof typeof ARRAYS;

export async function loadOrt(): Promise<typeof import('onnxruntime-node')> {
  return import('onnxruntime-node');
}

export async function ortSession(path: string, threads: number): Promise<InferenceSession> {
  const ort = await loadOrt();
  return ort.InferenceSession.create(path, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}

export async function toOrt(t: Tensor): Promise<OrtTensor> {
  const ort = await loadOrt();
  const Type = ARRAYS[t.dtype as Supported];
  if (!Type) throw new TypeError(`${t.dtype} inputs are not supported by this harness`);
  const copy = t.bytes.slice();
  const data = new Type(copy.buffer, 0, copy.byteLength / Type.BYTES_PER_ELEMENT);
  return new ort.Tensor(t.dtype as 'float32', data as Float32Array, t.shape as number[]);
}

export function fromOrt(t: OrtTensor): Tensor {
  const data = t.data as Float32Array;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return { dtype: t.type as DataType, shape: t.dims, bytes };
}

/** One run; outputs by name. */
export async function runOrt(
  session: InferenceSession,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const feeds: Record<string, OrtTensor> = {};
  for (const [name, t] of Object.entries(inputs)) feeds[name] = await toOrt(t);
  const results = await session.run(feeds);
  return Object.fromEntries(Object.entries(results).map(([name, t]) => [name, fromOrt(t as OrtTensor)]));
}
