import { countOf, fromNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight, reshapeWeight } from '../../ir/weights.ts';
import type { FileWeights } from '../common/fileWeights.ts';
import { ImportError } from '../error.ts';
import { int } from '../onnx/messages.ts';
import type { BlobProto, LayerParameter } from './messages.ts';

/** The shape that a blob declares; before 2014 blobs had exactly four dimensions. */
export function blobShape(b: BlobProto): { dims: number[]; legacy: boolean } {
  if (b.shape) return { dims: b.shape.dim.map(int), legacy: false };
  const dims = [b.num, b.channels, b.height, b.width];
  return { dims: dims.map((d) => d || 1), legacy: true };
}

const text = (dims: readonly number[]): string => dims.join('×') || 'scalar';
const withoutOnes = (dims: readonly number[]): string => dims.filter((d) => d !== 1).join();

/** The trained numbers of all layers, by layer name. */
export class Blobs {
  readonly store: FileWeights;
  private readonly byLayer = new Map<string, readonly BlobProto[]>();
  /** Weights that layers share through a parameter's name. */
  private readonly shared = new Map<string, WeightExpr>();

  constructor(store: FileWeights, layers: readonly LayerParameter[]) {
    this.store = store;
    for (const l of layers) if (l.blobs.length > 0) this.byLayer.set(l.name, l.blobs);
  }

  count(layer: LayerParameter): number {
    const own = this.byLayer.get(layer.name)?.length ?? 0;
    return own > 0 ? own : layer.param.filter((p) => p.name && this.shared.has(p.name)).length;
  }

  /** Dimensions that a layer's blob declares; null when there is no such blob. */
  dims(layer: LayerParameter, index: number): readonly number[] | null {
    const b = this.byLayer.get(layer.name)?.[index];
    return b ? blobShape(b).dims : null;
  }

  /** Blob `index` of a layer, which must have the expected shape (old files pad shapes with ones). */
  weight(layer: LayerParameter, index: number, expected: readonly number[]): WeightExpr {
    const name = layer.param[index]?.name ?? '';
    const b = this.byLayer.get(layer.name)?.[index];
    if (!b) {
      const other = name ? this.shared.get(name) : undefined;
      if (other && countOf(other.shape) === countOf(expected)) return reshapeWeight(other, expected);
      throw new ImportError(
        'bad-tensor',
        `Layer "${layer.name}" (${layer.type}) needs blob ${index} of shape ${text(expected)}, which the weights file does not have.`,
      );
    }
    const { dims, legacy } = blobShape(b);
    const fits = legacy ? withoutOnes(dims) === withoutOnes(expected) : text(dims) === text(expected);
    if (!fits) {
      throw new ImportError(
        'bad-shape',
        `Layer "${layer.name}" (${layer.type}): blob ${index} is ${text(dims)} in the weights file, but the network needs ${text(expected)}.`,
      );
    }
    const weight = this.read(b, expected, `Blob ${index} of layer "${layer.name}"`);
    if (name) this.shared.set(name, weight);
    return weight;
  }

  private read(b: BlobProto, shape: readonly number[], label: string): WeightExpr {
    const floats = this.store.places(label, b.payload, 5);
    const doubles = this.store.places(label, b.payload, 8);
    const held = (n: number): void => {
      if (n === countOf(shape)) return;
      throw new ImportError('bad-tensor', `${label} declares ${text(shape)} but holds ${n} numbers.`);
    };
    if (floats.length > 0) {
      held(floats.reduce((n, [, length]) => n + length / 4, 0));
      return this.store.fromRanges(label, 'float32', shape, floats);
    }
    if (doubles.length > 0) {
      held(doubles.reduce((n, [, length]) => n + length / 8, 0));
      return castWeight(this.store.fromRanges(label, 'float64', shape, doubles), 'float32');
    }
    const list = b.data.length > 0 ? b.data : b.double_data;
    held(list.length);
    return this.store.fromBytes('float32', shape, fromNumbers('float32', shape, list).bytes);
  }
}
