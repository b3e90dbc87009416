import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileReader } from '../../optimizer/importers/common/fileReader.ts';
import type { TensorProto } from '../../optimizer/importers/onnx/messages.ts';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';
import { TensorSource, tensorType } from '../../optimizer/importers/onnx/tensor.ts';
import type { WeightExpr } from '../../optimizer/ir/weight.ts';
import type { Tensor } from '../../optimizer/runtime.ts';

/** A tensor of a case, with the name that its file gives it. */
export interface NamedTensor extends Tensor {
  readonly name: string;
}

/** Reads one `input_N.pb` or `output_N.pb` that holds a TensorProto. Throws when it holds something else. */
export function readTensor(path: string): NamedTensor {
  const t = onnxType('TensorProto').decode(readFileSync(path)) as unknown as TensorProto;
  if (t.rawData.length > 0) {
    const { dtype, shape } = tensorType(t);
    return { name: t.name, dtype, shape, bytes: Uint8Array.from(t.rawData) };
  }
  const fd = openSync(path, 'r');
  try {
    const reader = new FileReader(fd);
    const source = new TensorSource({ path, size: reader.size }, reader, dirname(path));
    const w = source.weight(t);
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
