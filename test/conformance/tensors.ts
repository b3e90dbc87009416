import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileReader } from '../../optimizer/importers/common/fileReader.ts';
import type { TensorProto } from '../../optimizer/importers/onnx/messages.ts';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';
import { TensorSource, tensorType } from '../../optimizer/importers/onnx/tensor.ts';
import type { TensorType } from '../../optimizer/ir/graph.ts';
import type { WeightExpr } from '../../optimizer/ir/weight.ts';
import type { Tensor } from '../../optimizer/runtime.ts';

/** A value of a case, with the name that its file gives it. */
export interface NamedTensor extends Tensor {
  readonly name: string;
}

interface SequenceProto {
  readonly name: string;
  readonly tensorValues: readonly TensorProto[];
}
interface OptionalProto {
  readonly name: string;
  readonly elemType: number;
  readonly tensorValue: TensorProto | null;
  readonly sequenceValue: SequenceProto | null;
}

/** Reads one `input_N.pb` or `output_N.pb`: a tensor, a sequence or an optional value, as the model declares it. */
export function readValue(path: string, type: TensorType | undefined): NamedTensor {
  const bytes = readFileSync(path);
  if (type?.optional) {
    const o = onnxType('OptionalProto').decode(bytes) as unknown as OptionalProto;
    if (o.sequenceValue && o.elemType === 3) return { ...sequence(o.sequenceValue, type, path), name: o.name };
    if (o.tensorValue && o.elemType === 1) return { ...tensor(o.tensorValue, path), name: o.name };
    return { name: o.name, dtype: type.dtype, shape: [], bytes: new Uint8Array(0), absent: true };
  }
  if (type?.sequence) return sequence(onnxType('SequenceProto').decode(bytes) as unknown as SequenceProto, type, path);
  return tensor(onnxType('TensorProto').decode(bytes) as unknown as TensorProto, path);
}

const sequence = (s: SequenceProto, type: TensorType, path: string): NamedTensor => ({
  name: s.name,
  dtype: type.dtype,
  shape: [],
  bytes: new Uint8Array(0),
  items: s.tensorValues.map((t) => tensor(t, path)),
});

function tensor(t: TensorProto, path: string): NamedTensor {
  if (t.rawData.length > 0) {
    const { dtype, shape } = tensorType(t);
    return { name: t.name, dtype, shape, bytes: Uint8Array.from(t.rawData) };
  }
  const fd = openSync(path, 'r');
  try {
    const reader = new FileReader(fd);
    const w = new TensorSource({ path, size: reader.size }, reader, dirname(path)).weight(t);
    return { name: t.name, dtype: w.dtype, shape: w.shape, bytes: bytesOf(w, fd) };
  } finally {
    closeSync(fd);
  }
}

/** Bytes of a tensor that the reader left in its file. */
function bytesOf(w: WeightExpr, fd: number): Uint8Array {
  switch (w.kind) {
    case 'literal':
      return w.value.bytes.slice();
    case 'file': {
      const bytes = new Uint8Array(w.length);
      readSync(fd, bytes, 0, w.length, w.offset);
      return bytes;
    }
    case 'reshape':
      return bytesOf(w.input, fd);
    case 'concat':
      return Buffer.concat(w.inputs.map((x) => bytesOf(x, fd)));
    default:
      throw new TypeError('a tensor file holds an expression');
  }
}
