import { Unconvertible } from '../../common/emitter.ts';
import { ImportError } from '../../error.ts';
import type { ConvertLayer, LayerContext, LayerTable } from '../layer.ts';
import type { Settings } from '../messages.ts';

const MAX = 0;
const AVE = 1;
const FLOOR = 1;

function pair(p: Settings, name: string, h: string, w: string): [number, number] {
  if (Object.hasOwn(p, h) || Object.hasOwn(p, w)) return [p[h] as number, p[w] as number];
  return [p[name] as number, p[name] as number];
}

/**
 * Output sizes round up unless the file says otherwise, a window that would start in the end padding is dropped, and
 * averages count the padding: what ONNX calls ceil_mode and count_include_pad.
 */
const pooling: ConvertLayer = (c) => {
  const p = c.settings('pooling_param');
  const method = p.pool as number;
  if (method !== MAX && method !== AVE) throw new Unconvertible('pools stochastically, which only training does');
  const op = method === MAX ? 'MaxPool' : 'AveragePool';
  if (p.global_pooling === true) {
    if (c.layer.top.length === 1) return [c.e.node(`Global${op}`, [c.bottom()])];
    const [h, w] = [c.length(2), c.length(3)];
    return withMask(c, { kernel_shape: [h, w], strides: [1, 1], pads: [0, 0, 0, 0], ceil_mode: 0 });
  }
  const kernel = pair(p, 'kernel_size', 'kernel_h', 'kernel_w');
  const strides = pair(p, 'stride', 'stride_h', 'stride_w');
  const pad = pair(p, 'pad', 'pad_h', 'pad_w');
  if (kernel.some((k) => !(k > 0))) throw new ImportError('invalid-operator', `${c.label} has no kernel_size.`);
  const floor = p.round_mode === FLOOR || p.ceil_mode === false;
  const attrs = { kernel_shape: kernel, strides, pads: [...pad, ...pad], ceil_mode: floor ? 0 : 1 };
  if (method === MAX) return withMask(c, attrs);
  return [c.e.node(op, [c.bottom()], { ...attrs, count_include_pad: 1 })];
};

/** A second top holds the place of each maximum within its plane, as floats. */
function withMask(c: LayerContext, attrs: Readonly<Record<string, readonly number[] | number>>) {
  if (c.layer.top.length < 2) return [c.e.node('MaxPool', [c.bottom()], attrs)];
  const [y, indices] = c.e.nodes('MaxPool', [c.bottom()], attrs, 2);
  const plane = c.e.scalar(c.length(2) * c.length(3), 'int64');
  return [y!, c.e.node('Cast', [c.e.node('Mod', [indices!, plane])], { to: 1 })];
}

export const POOLING: LayerTable = { Pooling: pooling };
