import { closeSync, openSync, readSync } from 'node:fs';
import { dtypeNumber } from '../engine/encode.ts';
import { isStatic } from '../ir/dim.ts';
import type { Attrs, Node, WeightFile } from '../ir/graph.ts';
import { Graph } from '../ir/graph.ts';
import { countOf, LITERAL_LIMIT, type TensorLiteral } from '../ir/tensor.ts';
import type { WeightExpr } from '../ir/weight.ts';
import { literalWeight } from '../ir/weights.ts';
import { inferTypes } from '../ops/infer.ts';
import { OpError } from '../ops/op.ts';
import type { Evaluator } from '../passes/pass.ts';
import { type NativeRuntime, RuntimeFailure } from '../runtime.ts';
import { layerDescBytes } from './encode.ts';
import type { LiteralOf } from './lower/context.ts';
import { lowerGraph } from './lower/index.ts';
import { RESHAPES } from './lower/shape.ts';
import { BuildError } from './plan.ts';

/** The passes' window on the native reference kernels. */
export function createEvaluator(runtime: NativeRuntime, files: readonly WeightFile[]): Evaluator {
  const literal = literalReader(runtime, files);
  return { peek: (node, inputs) => peek(runtime, node, inputs), literal };
}

/** Reads or computes weight expressions of at most LITERAL_LIMIT elements; results are remembered by hash. */
export function literalReader(runtime: NativeRuntime, files: readonly WeightFile[]): LiteralOf {
  const known = new Map<string, TensorLiteral | null>();
  const read = (w: WeightExpr | null): TensorLiteral | null => {
    if (!w) return null;
    if (w.kind === 'literal') return w.value;
    if (countOf(w.shape) > LITERAL_LIMIT) return null;
    const seen = known.get(w.hash);
    if (seen !== undefined) return seen;
    const value = compute(w);
    known.set(w.hash, value);
    return value;
  };
  const one = (op: string, attrs: Attrs, inputs: readonly (WeightExpr | null)[], output = 0): TensorLiteral | null => {
    const values = inputs.map(read);
    if (inputs.some((w, i) => w && !values[i])) return null;
    return peek(runtime, { op, domain: '', attrs }, values)?.[output] ?? null;
  };
  const compute = (w: Exclude<WeightExpr, { kind: 'literal' }>): TensorLiteral | null => {
    switch (w.kind) {
      case 'file':
        return { dtype: w.dtype, shape: w.shape, bytes: readFile(files[w.file], w.offset, w.length) };
      case 'reshape': {
        const inner = read(w.input);
        return inner && { ...inner, shape: w.shape };
      }
      case 'cast': {
        const inner = read(w.input);
        return inner && castLiteral(runtime, inner, w.dtype);
      }
      case 'transpose':
        return one('Transpose', { perm: w.perm }, [w.input]);
      case 'concat':
        return one('Concat', { axis: w.axis }, w.inputs);
      case 'slice': {
        const bound = (n: number): WeightExpr =>
          literalWeight({ dtype: 'int64', shape: [1], bytes: new Uint8Array(BigInt64Array.of(BigInt(n)).buffer) });
        return one('Slice', {}, [w.input, bound(w.start), bound(w.start + w.shape[w.axis]!), bound(w.axis)]);
      }
      case 'scale':
        return scaleLiteral(runtime, read, w);
      case 'evaluate':
        return one(w.op, w.attrs, w.inputs, w.output);
    }
  };
  return read;
}

function readFile(file: WeightFile | undefined, offset: number, length: number): Uint8Array {
  if (!file) throw new RangeError('a weight names a file that the model does not have');
  const bytes = new Uint8Array(length);
  const fd = openSync(file.path, 'r');
  try {
    let at = 0;
    while (at < length) {
      const n = readSync(fd, bytes, at, length - at, offset + at);
      if (n === 0) throw new RangeError(`${file.path} ends inside a weight`);
      at += n;
    }
  } finally {
    closeSync(fd);
  }
  return bytes;
}

function castLiteral(runtime: NativeRuntime, t: TensorLiteral, dtype: TensorLiteral['dtype']): TensorLiteral | null {
  return peek(runtime, { op: 'Cast', domain: '', attrs: { to: dtypeNumber(dtype) } }, [t])?.[0] ?? null;
}

/** input · factor + shift along an axis, in float64, rounded once. */
function scaleLiteral(
  runtime: NativeRuntime,
  read: (w: WeightExpr | null) => TensorLiteral | null,
  w: Extract<WeightExpr, { kind: 'scale' }>,
): TensorLiteral | null {
  const along = (v: TensorLiteral): TensorLiteral => ({ ...v, shape: w.shape.map((d, i) => (i === w.axis ? d : 1)) });
  const wide = (x: WeightExpr): TensorLiteral | null => {
    const v = read(x);
    return v && castLiteral(runtime, v, 'float64');
  };
  const x = wide(w.input);
  const factor = wide(w.factor);
  const shift = w.shift ? wide(w.shift) : null;
  if (!x || !factor || (w.shift && !shift)) return null;
  const apply = (op: string, a: TensorLiteral, b: TensorLiteral): TensorLiteral | null =>
    peek(runtime, { op, domain: '', attrs: {} }, [a, along(b)])?.[0] ?? null;
  const scaled = apply('Mul', x, factor);
  const moved = scaled && shift ? apply('Add', scaled, shift) : scaled;
  return moved && castLiteral(runtime, moved, w.dtype);
}

/** Runs one operator on literals; null when inference, lowering or the kernels cannot do it in one layer. */
function peek(
  runtime: NativeRuntime,
  node: Pick<Node, 'op' | 'domain' | 'attrs'>,
  inputs: readonly (TensorLiteral | null)[],
): readonly TensorLiteral[] | null {
  const g = new Graph();
  // Operands stay constants so that lowering can read attributes from them; the layer then names the ones it reads.
  const ids = inputs.map((t) => (t ? g.addWeight(literalWeight(t)).id : null));
  const outputs = Array.from(
    { length: outputCount(node) },
    () => g.addValue({ name: '', type: { dtype: 'float32', shape: null } }).id,
  );
  g.addNode({ ...node, name: node.op, inputs: ids, outputs, source: ['0'] });
  g.setOutputs(outputs);
  try {
    if (inferTypes(g).unsupported.length > 0) return null;
    const shape = g.value(outputs[0]!).type.shape;
    if (RESHAPES.has(node.op) && inputs[0] && shape && isStatic(shape)) {
      return [{ dtype: inputs[0].dtype, shape, bytes: inputs[0].bytes }];
    }
    const plan = lowerGraph(g, () => null);
    const layer = plan.layers[0];
    // Outputs that are constants or views get a Copy of their own: then the operator computed nothing.
    if (plan.layers.length !== 1 || !layer) return null;
    const operands = layer.inputs.map((v) => {
      const w = v < 0 ? undefined : plan.values[v]!.weight;
      if (w?.kind === 'literal') return w.value;
      return w?.kind === 'reshape' && w.input.kind === 'literal' ? { ...w.input.value, shape: w.shape } : null;
    });
    return runtime.evaluate(layerDescBytes(plan, layer, new Map()), operands);
  } catch (error) {
    // Folding is an optimization: what cannot be computed now is computed when the engine runs, with its own errors.
    if (error instanceof OpError || error instanceof BuildError || error instanceof RuntimeFailure) return null;
    throw error;
  }
}

const outputCount = (node: Pick<Node, 'op' | 'attrs'>): number =>
  node.op === 'Split' && typeof node.attrs.num_outputs === 'number'
    ? node.attrs.num_outputs
    : node.op === 'TopK'
      ? 2
      : 1;
