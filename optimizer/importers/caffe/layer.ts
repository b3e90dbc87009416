import type { Shape } from '../../ir/dim.ts';
import type { ValueId } from '../../ir/graph.ts';
import type { TensorLiteral } from '../../ir/tensor.ts';
import { reshapeWeight } from '../../ir/weights.ts';
import { type Emitter, Unconvertible } from '../common/emitter.ts';
import { ImportError } from '../error.ts';
import type { Blobs } from './blobs.ts';
import type { LayerParameter, Settings } from './messages.ts';
import { caffeType } from './schema.ts';

/** One layer on its way into the graph: what a converter sees. */
export class LayerContext {
  readonly e: Emitter;
  readonly layer: LayerParameter;
  readonly bottoms: readonly ValueId[];
  private readonly blobs: Blobs;

  constructor(e: Emitter, layer: LayerParameter, bottoms: readonly ValueId[], blobs: Blobs) {
    this.e = e;
    this.layer = layer;
    this.bottoms = bottoms;
    this.blobs = blobs;
  }

  bottom(i = 0): ValueId {
    const v = this.bottoms[i];
    if (v === undefined)
      throw new ImportError('invalid-operator', `${this.label} has ${this.bottoms.length} bottoms and needs ${i + 1}.`);
    return v;
  }
  get label(): string {
    return `Layer "${this.layer.name}" (${this.layer.type})`;
  }
  /** Shape of a bottom. */
  shape(i = 0): Shape {
    return this.e.shape(this.bottom(i));
  }
  /** A length of a bottom that has to be known. */
  length(axis: number, i = 0): number {
    const d = this.shape(i)[axis];
    if (typeof d !== 'number') throw new Unconvertible(`needs dimension ${axis} of its input to be known`);
    return d;
  }
  /** An axis of the first bottom; negative ones count from the end. */
  axis(a: number, end = false): number {
    const rank = this.shape().length;
    const at = a < 0 ? a + rank : a;
    if (at < 0 || at > rank - (end ? 0 : 1))
      throw new ImportError('invalid-operator', `${this.label} names axis ${a} of an input of ${rank} dimensions.`);
    return at;
  }

  /** The layer's settings, with the defaults where the file says nothing. */
  settings(field: string): Settings {
    const given = this.layer[field] as Settings | null | undefined;
    return given ?? (caffeType(caffeType('LayerParameter').fields[field]!.type).create({}) as unknown as Settings);
  }

  get blobCount(): number {
    return this.blobs.count(this.layer);
  }
  blobDims(index: number): readonly number[] | null {
    return this.blobs.dims(this.layer, index);
  }
  /** A blob as a constant of the expected shape. */
  blob(index: number, expected: readonly number[], as: readonly number[] = expected): ValueId {
    const w = this.blobs.weight(this.layer, index, expected);
    const v = this.e.weight(w, `${this.layer.name}.${index}`);
    return as === expected ? v : this.e.weight(reshapeWeight(w, as), `${this.layer.name}.${index}`);
  }
  /** A constant that the layer computes from shapes alone. */
  constant(shape: readonly number[], floats: Uint8Array): ValueId {
    return this.e.weight(this.blobs.store.fromBytes('float32', shape, floats), this.layer.top[0] ?? '');
  }
  /** A small blob's numbers. */
  numbers(index: number, expected: readonly number[]): TensorLiteral {
    const w = this.blobs.weight(this.layer, index, expected);
    if (w.kind !== 'literal') throw new Unconvertible(`has more than 4,096 numbers in blob ${index}`);
    return w.value;
  }
}

/** Turns one layer into nodes; one value per top. */
export type ConvertLayer = (c: LayerContext) => readonly ValueId[];
export type LayerTable = Readonly<Record<string, ConvertLayer>>;

/** Settings that come once for all dimensions or once per dimension. */
export function perDimension(c: LayerContext, given: readonly number[], n: number, fallback: number): number[] {
  if (given.length === 0) return new Array<number>(n).fill(fallback);
  if (given.length === 1) return new Array<number>(n).fill(given[0]!);
  if (given.length === n) return [...given];
  throw new ImportError('invalid-operator', `${c.label} gives ${given.length} numbers for ${n} dimensions.`);
}
