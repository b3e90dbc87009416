import { byteLength, type DataType } from '../../ir/dtype.ts';
import { dtypeFromNumber } from '../encode.ts';
import { layerFlops, product } from '../layerFlops.ts';
import type { DimExprMessage, EngineMessage, LayerMessage, ValueMessage } from '../messages.ts';
import type { ProfileLayer } from './document.ts';
import { rootOf } from './memory.ts';

/** What an engine's header says of a layer at concrete shapes. */
export type LayerDescription = Pick<ProfileLayer, 'inputs' | 'dtype' | 'output' | 'flops' | 'bytes' | 'conversion'>;

/** Sizes of the engine's symbolic dimensions, by index. */
export type SymbolSizes = readonly number[];

export function evaluateDim(d: DimExprMessage, sizes: SymbolSizes): number {
  if (d.kind === 0) return d.value ?? 0;
  if (d.kind === 1) return sizes[d.value ?? 0] ?? 1;
  const args = (d.args ?? []).map((a) => evaluateDim(a, sizes));
  const [a = 0, b = 1] = args;
  switch (d.kind) {
    case 2:
      return args.reduce((x, y) => x + y, 0);
    case 3:
      return product(args);
    case 4:
      return Math.floor(a / b);
    case 5:
      return Math.ceil(a / b);
    case 6:
      return Math.min(...args);
    default:
      return Math.max(...args);
  }
}

export const shapeOf = (v: ValueMessage, sizes: SymbolSizes): number[] => v.shape.map((d) => evaluateDim(d, sizes));
export const shapeWords = (dims: readonly number[]): string => (dims.length === 0 ? 'scalar' : dims.join('×'));

/** Sizes of the symbols that these input shapes give; those that no input names alone take the tuned size. */
export function symbolSizes(
  header: EngineMessage,
  shapes: Readonly<Record<string, readonly number[]>>,
  profile = 0,
): SymbolSizes {
  const sizes = header.symbols.map((_, i) => header.profiles[profile]?.ranges[i]?.opt ?? 1);
  for (const { name, value } of header.inputs) {
    header.values[value]!.shape.forEach((d, i) => {
      const given = shapes[name]?.[i];
      if (d.kind === 1 && given !== undefined) sizes[d.value ?? 0] = given;
    });
  }
  return sizes;
}

const storage = (v: ValueMessage): string =>
  `${dtypeFromNumber(v.dtype)}${v.layout === '' || v.layout === 'linear' ? '' : ` ${v.layout}`}`;

/** A copy that gives a value another element type or layout, and nothing else. */
function conversionOf(l: LayerMessage, values: EngineMessage['values']): LayerDescription['conversion'] {
  const [from, to] = [values[l.inputs[0] ?? -1], values[l.outputs[0] ?? -1]];
  if (l.op !== 'Copy' || !from || !to) return null;
  return storage(from) === storage(to) ? null : { from: storage(from), to: storage(to) };
}

/** The layer that writes an engine's output last; -1 where it is an input passed through. */
export function lastWriter(header: EngineMessage, output: number): number {
  const { layers, values } = header;
  return layers.findLastIndex((l) =>
    l.outputs.some((v) => v === output || rootOf(values, v) === rootOf(values, output)),
  );
}

/** The element types that kernel names begin with. */
const KERNEL_TYPES: Readonly<Record<string, DataType>> = {
  f64: 'float64',
  f32: 'float32',
  f16: 'float16',
  bf16: 'bfloat16',
  s8: 'int8',
  u8: 'uint8',
};

/**
 * What a layer computes with: what its kernel's name says (one may read float32 and multiply in float16), else what it
 * reads.
 */
function computesIn(tactic: string, reads: DataType | ''): DataType | '' {
  const type = tactic.replace(/^cpu:/, '').split('_', 1)[0] ?? '';
  return KERNEL_TYPES[type] ?? reads;
}

/** Describes every layer of an engine: who feeds it, what it computes with, its operations and bytes. */
export function describeLayers(header: EngineMessage, sizes: SymbolSizes): LayerDescription[] {
  const { values, weights } = header;
  const dims = (v: number): number[] => (v < 0 ? [] : shapeOf(values[v]!, sizes));
  // Constants count as they are stored for the kernel: that is what is read.
  const bytesOf = (v: number): number => {
    if (v < 0) return 0;
    const value = values[v]!;
    if (value.weight !== undefined) return weights[value.weight]?.length ?? 0;
    return byteLength(dtypeFromNumber(value.dtype), product(dims(v)));
  };
  /** Layers that wrote into a storage so far, by its root. */
  const writers = new Map(header.inputs.map(({ value }, k) => [value, new Set([-1 - k])]));
  return header.layers.map((l, i) => {
    const fed = new Set<number>();
    for (const v of l.inputs) {
      if (v < 0 || values[v]!.weight !== undefined) continue;
      const direct = writers.get(v) ?? writers.get(rootOf(values, v));
      for (const w of direct ?? []) fed.add(w);
    }
    for (const v of l.outputs) {
      writers.set(v, new Set([i]));
      const root = rootOf(values, v);
      if (root !== v) writers.set(root, new Set([...(writers.get(root) ?? []), i]));
    }
    const attrs = new Map(l.attrs.map((a) => [a.name, a.ints?.v ?? a.i]));
    const first = values[l.inputs.find((v) => v >= 0 && values[v]!.weight === undefined) ?? l.inputs[0] ?? -1];
    const out = values[l.outputs[0] ?? -1];
    return {
      inputs: [...fed].sort((a, b) => a - b),
      dtype: computesIn(l.tactic, first ? dtypeFromNumber(first.dtype) : ''),
      output: out
        ? { dtype: dtypeFromNumber(out.dtype), shape: shapeWords(shapeOf(out, sizes)), layout: out.layout || 'linear' }
        : { dtype: '', shape: '', layout: '' },
      flops: layerFlops({
        op: l.op,
        attr: (name) => attrs.get(name),
        inputs: l.inputs.map(dims),
        outputs: l.outputs.map(dims),
        programLength: l.program?.code.length ?? 0,
      }),
      bytes: [...new Set([...l.inputs, ...l.outputs])].reduce((s, v) => s + bytesOf(v), 0),
      conversion: conversionOf(l, values),
    };
  });
}
