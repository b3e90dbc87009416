import type { ValueId } from '../../ir/graph.ts';
import { OpError } from '../../ops/op.ts';
import { Emitter, Unconvertible } from '../common/emitter.ts';
import { checkShapeNames } from '../common/finish.ts';
import { ImportError } from '../error.ts';
import type { ImportOptions } from '../model.ts';
import type { Blobs } from './blobs.ts';
import { dataShape, declaredInputs, isDataLayer, isDropped } from './inputs.ts';
import { LayerContext } from './layer.ts';
import { LAYERS } from './layers/index.ts';
import type { LayerParameter, NetParameter } from './messages.ts';
import { pluginLayer } from './plugin.ts';

/** Builds the graph of a network's inference layers, in the order of the file, which is the order of execution. */
export class NetBuilder {
  readonly e = new Emitter('caffe');
  readonly warnings: string[] = [];
  private readonly blobs: Blobs;
  private readonly options: ImportOptions;
  /** The newest value of each name: layers that work in place give a name another value. */
  private readonly values = new Map<string, ValueId>();
  /** Names that nobody has read since they were written; at the end these are the network's outputs. */
  private readonly unread = new Set<string>();

  constructor(blobs: Blobs, options: ImportOptions) {
    this.blobs = blobs;
    this.options = options;
  }

  build(net: NetParameter, layers: readonly LayerParameter[]): void {
    for (const { name, shape } of declaredInputs(net)) this.input(name, shape);
    const read = new Set(layers.filter((l) => !isDropped(l)).flatMap((l) => usedBottoms(l)));
    layers.forEach((l, i) => {
      if (i % 64 === 0) {
        this.options.stop?.throwIfAborted();
        this.options.onProgress?.('infer', i, layers.length);
      }
      if (isDataLayer(l)) {
        l.top.forEach((name, t) => {
          // Labels that only a loss reads have no place here.
          if (read.has(name)) this.input(name, dataShape(l, t, layers, this.blobs));
        });
      } else if (isDropped(l)) this.drop(l);
      else this.layer(l, `${i}`);
    });
    this.finish(layers);
  }

  private input(name: string, declared: readonly (number | string | object)[]): void {
    const given = this.options.shapes?.[name];
    if (given && given.length !== declared.length)
      throw new OpError(`Input "${name}" has ${declared.length} dimensions; ${given.join('×')} has ${given.length}.`);
    // As in Caffe itself, a network may be reshaped: what the file says is only where to begin.
    const shape = (given ?? declared) as readonly number[];
    this.values.set(name, this.e.input(name, { dtype: 'float32', shape }));
  }

  private drop(l: LayerParameter): void {
    if (l.type === 'Silence') for (const b of l.bottom) this.unread.delete(b);
    else this.warnings.push(`Layer "${l.name}" (${l.type}) only serves training and is left out.`);
  }

  private layer(l: LayerParameter, id: string): void {
    const bottoms = usedBottoms(l).map((name) => {
      const v = this.values.get(name);
      if (v === undefined)
        throw new ImportError(
          'undefined-value',
          `Layer "${l.name}" (${l.type}) reads "${name}", which nothing computes.`,
        );
      this.unread.delete(name);
      return v;
    });
    const source = { id, op: l.type, name: l.name };
    const tops = this.e.operator(source, bottoms, l.top, () => {
      const convert = Object.hasOwn(LAYERS, l.type) ? LAYERS[l.type] : pluginLayer(l.type);
      if (!convert) throw new Unconvertible('is not a layer that is known here');
      try {
        return convert(new LayerContext(this.e, l, bottoms, this.blobs));
      } catch (error) {
        if (error instanceof OpError)
          throw new ImportError('bad-shape', `Layer "${l.name}" (${l.type}): ${error.message}.`.replace(/\.\.$/, '.'));
        throw error;
      }
    });
    l.top.forEach((name, i) => {
      const v = tops[i];
      if (v === undefined)
        throw new ImportError(
          'invalid-operator',
          `Layer "${l.name}" (${l.type}) has ${l.top.length} tops and makes ${tops.length}.`,
        );
      this.values.set(name, v);
      this.unread.add(name);
    });
  }

  private finish(layers: readonly LayerParameter[]): void {
    checkShapeNames(this.e.graph, this.options);
    const outputs = [...this.unread].map((name) => {
      const v = this.values.get(name)!;
      if (this.e.graph.value(v).name !== name) this.e.graph.updateValue(v, { name });
      return v;
    });
    if (outputs.length === 0)
      throw new ImportError('not-a-model', 'The network computes nothing: no layer has a result.');
    this.e.graph.setOutputs(outputs);
    this.options.onProgress?.('infer', layers.length, layers.length);
  }
}

/** A loss without labels keeps its first bottom alone. */
const usedBottoms = (l: LayerParameter): readonly string[] =>
  l.type === 'SoftmaxWithLoss' || l.type === 'SigmoidCrossEntropyLoss' ? l.bottom.slice(0, 1) : l.bottom;
