import {
  type DimExpr,
  dimAdd,
  dimCeilDiv,
  dimFloorDiv,
  dimMin,
  dimMul,
  dimSub,
  isStatic,
  type Shape,
} from '../../ir/dim.ts';
import type { Attrs, Graph, Node } from '../../ir/graph.ts';
import { type AttrSpec, OpError, type Upgrade } from '../op.ts';
import { inputType, withoutAttrs } from './upgrades.ts';

/* Sliding windows: convolution and pooling geometry over the spatial dimensions (all after N and C). */

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All begins, then all ends; null while `auto_pad` cannot be resolved (symbolic dimensions). */
  readonly pads: readonly number[] | null;
  readonly autoPad: string;
}

export const windowAttrs: Readonly<Record<string, AttrSpec>> = {
  auto_pad: { type: 'string', default: 'NOTSET' },
  kernel_shape: { type: 'ints' },
  strides: { type: 'ints' },
  dilations: { type: 'ints' },
  pads: { type: 'ints' },
};

function intsAttr(attrs: Attrs, name: string, length: number, fill: number): readonly number[] {
  const v = attrs[name] as readonly number[] | undefined;
  if (v === undefined || v.length === 0) return new Array<number>(length).fill(fill);
  if (v.length !== length) throw new OpError(`${name} has ${v.length} numbers where ${length} are needed`);
  return v;
}

/** Reads and completes the window attributes; `kernel` is the weight's spatial shape where there is one. */
export function windowOf(attrs: Attrs, spatial: Shape, kernel?: Shape): Window {
  const n = spatial.length;
  const declared = attrs.kernel_shape as readonly number[] | undefined;
  const k = declared && declared.length > 0 ? declared : kernel;
  if (!k || !isStatic(k)) throw new OpError('has no kernel_shape');
  if (k.length !== n) throw new OpError(`kernel_shape has ${k.length} dimensions where the input has ${n}`);
  if (kernel && isStatic(kernel) && kernel.some((d, i) => d !== k[i])) {
    throw new OpError(`kernel_shape ${k.join('×')} contradicts weights of ${kernel.join('×')}`);
  }
  const strides = intsAttr(attrs, 'strides', n, 1);
  const dilations = intsAttr(attrs, 'dilations', n, 1);
  if (k.some((d) => d < 1) || strides.some((d) => d < 1) || dilations.some((d) => d < 1)) {
    throw new OpError('kernel_shape, strides and dilations must be positive');
  }
  const autoPad = (attrs.auto_pad as string | undefined) || 'NOTSET';
  const pads =
    autoPad === 'NOTSET'
      ? intsAttr(attrs, 'pads', 2 * n, 0)
      : autoPad === 'VALID'
        ? new Array<number>(2 * n).fill(0)
        : samePads(autoPad, spatial, k, strides, dilations);
  return { kernel: k, strides, dilations, pads, autoPad };
}

/** SAME padding: output = ceil(input / stride); the odd element goes to the end (UPPER) or the beginning (LOWER). */
function samePads(
  autoPad: string,
  spatial: Shape,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): number[] | null {
  if (autoPad !== 'SAME_UPPER' && autoPad !== 'SAME_LOWER') throw new OpError(`auto_pad ${autoPad} is not known`);
  const totals: number[] = [];
  for (let i = 0; i < spatial.length; i++) {
    const extent = (kernel[i]! - 1) * dilations[i]! + 1;
    const d = spatial[i]!;
    if (strides[i] === 1) totals.push(extent - 1);
    else if (typeof d === 'number')
      totals.push(Math.max(0, (Math.ceil(d / strides[i]!) - 1) * strides[i]! + extent - d));
    else return null;
  }
  const small = totals.map((t) => Math.floor(t / 2));
  const large = totals.map((t, i) => t - small[i]!);
  return autoPad === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small];
}

/** Output length along each spatial dimension. With `ceil`, a window that would start in the end padding is dropped. */
export function windowOutput(spatial: Shape, w: Window, ceil = false): DimExpr[] {
  return spatial.map((d, i) => {
    const s = w.strides[i]!;
    if (w.pads === null) return dimCeilDiv(d, s);
    const begin = w.pads[i]!;
    const padded = dimAdd(d, begin + w.pads[i + spatial.length]!);
    const room = dimSub(padded, (w.kernel[i]! - 1) * w.dilations[i]! + 1);
    if (typeof room === 'number' && room < 0 && !ceil) {
      throw new OpError(
        `a window of ${w.kernel.join('×')} does not fit into an input of ${spatial.join('×')} with its padding`,
      );
    }
    if (!ceil) return dimAdd(dimFloorDiv(room, s), 1);
    const out = dimAdd(dimCeilDiv(room, s), 1);
    if (typeof out === 'number') return typeof d === 'number' && (out - 1) * s >= d + begin ? out - 1 : out;
    // (out − 1)·s ≥ d + begin drops one window: out = min(ceil(room/s), ceil((d + begin)/s) − 1) + 1.
    const last = dimSub(dimCeilDiv(dimAdd(d, begin), s), 1);
    const lower = dimCeilDiv(room, s);
    return s === 1 ? out : dimAdd(dimMin(lower, last), 1);
  });
}

/** Output length of a transposed convolution along each spatial dimension. */
export function transposedOutput(spatial: Shape, w: Window, outputPadding: readonly number[]): DimExpr[] {
  return spatial.map((d, i) => {
    if (w.pads === null) return dimMul(d, w.strides[i]!);
    const extent = (w.kernel[i]! - 1) * w.dilations[i]! + 1;
    const grown = dimAdd(dimMul(dimSub(d, 1), w.strides[i]!), extent + outputPadding[i]!);
    const out = dimSub(grown, w.pads[i]! + w.pads[i + spatial.length]!);
    return typeof out === 'number' ? Math.max(0, out) : out;
  });
}

/**
 * Makes the window of a node explicit: kernel_shape, strides, dilations and pads present, `auto_pad` gone.
 * Left as it is while the input's spatial dimensions, or the weight's, are unknown.
 */
export const explicitWindow =
  (weight: boolean): Upgrade =>
  (graph: Graph, node: Node): void => {
    const x = inputType(graph, node, 0)?.shape;
    const w = weight ? inputType(graph, node, 1)?.shape : undefined;
    if (!x || x.length < 3 || (weight && !w)) return;
    const window = windowOf(node.attrs, x.slice(2), w?.slice(2));
    if (window.pads === null) return;
    graph.updateNode(node.id, {
      attrs: {
        ...withoutAttrs(node.attrs, 'auto_pad'),
        kernel_shape: window.kernel,
        strides: window.strides,
        dilations: window.dilations,
        pads: window.pads,
      },
    });
  };
