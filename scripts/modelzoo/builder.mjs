import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { hash, randomFill } from './random.mjs';
import { attribute, bytes, head, int, join, string, tensorHead, valueInfo } from './wire.mjs';

/** Elements made and written at a time: memory stays bounded whatever the model's size. */
const CHUNK = 1 << 20;

/** What all models made from now on share. */
export const settings = { batch: 1 };

/**
 * Builds an ONNX model with seeded random weights and streams it to a file. Values are named by strings; `node` returns
 * the name of its (first) output.
 */
export class ModelBuilder {
  constructor(name, { opset = 9, ir = 7 } = {}) {
    this.name = name;
    this.opset = opset;
    this.ir = ir;
    this.nodes = [];
    this.tensors = [];
    this.inputs = [];
    this.outputs = [];
    this.count = new Map();
    this.batch = settings.batch;
  }

  /** The networks are written for one sample: a leading 1 of inputs, outputs and `shape` stands for the batch. */
  input(name, dims, dtype = 'float32') {
    this.inputs.push(valueInfo(name, dtype, this.batched(dims)));
    return name;
  }
  output(name, dims, dtype = 'float32') {
    this.outputs.push(valueInfo(name, dtype, this.batched(dims)));
  }
  /** A shape for Reshape. */
  shape(name, dims) {
    return this.ints(name, this.batched(dims));
  }
  batched(dims) {
    return dims[0] === 1 ? [this.batch, ...dims.slice(1)] : dims;
  }

  /** Uniform random weights in [low, high). */
  uniform(name, dims, low, high) {
    this.tensors.push({ name, dtype: 'float32', dims, low, high });
    return name;
  }
  /** Weights of a layer before a ReLU (gain 2) or of a linear one (gain 1): the variance of activations stays. */
  weight(name, dims, fanIn, gain = 2) {
    const limit = Math.sqrt((3 * gain) / fanIn);
    return this.uniform(name, dims, -limit, limit);
  }
  constant(name, dtype, dims, values) {
    const array = dtype === 'int64' ? BigInt64Array.from(values.map(BigInt)) : Float32Array.from(values);
    this.tensors.push({ name, dtype, dims, data: new Uint8Array(array.buffer) });
    return name;
  }
  ints(name, values, dims = [values.length]) {
    return this.constant(name, 'int64', dims, values);
  }
  scalar(name, value) {
    return this.constant(name, 'float32', [], [value]);
  }

  /** options: name; outputs: names of the results, or their number. */
  node(op, inputs, attrs = {}, options = {}) {
    const k = this.count.get(op) ?? 0;
    this.count.set(op, k + 1);
    const name = options.name ?? `${op}_${k}`;
    const wanted = options.outputs ?? 1;
    const outputs =
      typeof wanted === 'number'
        ? Array.from({ length: wanted }, (_, i) => `${name}_${i ? `extra${i}` : 'out'}`)
        : wanted;
    this.nodes.push(
      join([
        ...inputs.map((i) => string(1, i)),
        ...outputs.map((o) => string(2, o)),
        string(3, name),
        string(4, op),
        ...Object.entries(attrs).map(([key, value]) => bytes(5, attribute(key, value))),
      ]),
    );
    return outputs[0];
  }

  /** Writes next to `path` and renames: no partial file is left. Returns the number of bytes. */
  write(path) {
    const partial = `${path}.tmp`;
    const fd = openSync(partial, 'w');
    try {
      const size = this.writeTo((b) => writeSync(fd, b));
      closeSync(fd);
      renameSync(partial, path);
      return size;
    } catch (e) {
      closeSync(fd);
      rmSync(partial, { force: true });
      throw e;
    }
  }

  writeTo(write) {
    const heads = this.tensors.map((t) => {
      const length = t.data ? t.data.length : t.dims.reduce((a, b) => a * b, 1) * 4;
      const inner = tensorHead(t.name, t.dtype, t.dims, length);
      return { outer: join([head(5, inner.length + length), inner]), length };
    });
    const before = join([...this.nodes.map((n) => bytes(1, n)), string(2, this.name)]);
    const after = join([...this.inputs.map((v) => bytes(11, v)), ...this.outputs.map((v) => bytes(12, v))]);
    const graph = before.length + after.length + heads.reduce((n, h) => n + h.outer.length + h.length, 0);
    let size = 0;
    const put = (b) => {
      for (let at = 0; at < b.length; ) at += write(at === 0 ? b : b.subarray(at));
      size += b.length;
    };
    put(join([int(1, this.ir), string(2, 'sinter-studio models'), head(7, graph), before]));
    const chunk = new Float32Array(CHUNK);
    this.tensors.forEach((t, i) => {
      put(heads[i].outer);
      if (t.data) {
        put(t.data);
        return;
      }
      const fill = randomFill(hash(`${this.name}/${t.name}`));
      for (let left = heads[i].length / 4; left > 0; left -= CHUNK) {
        const part = left < CHUNK ? chunk.subarray(0, left) : chunk;
        fill(part, t.low, t.high);
        put(new Uint8Array(part.buffer, 0, part.length * 4));
      }
    });
    put(join([after, bytes(8, join([string(1, ''), int(2, this.opset)]))]));
    return size;
  }
}
