import { type DimExpr, dimAdd, dimFloorDiv, dimSub } from '../../ir/dim.ts';
import type { Node } from '../../ir/graph.ts';
import { BuildError } from '../plan.ts';
import { intsAttr, stringAttr } from './context.ts';

export interface Window {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/** The explicit window of a convolution or pooling node: defaults filled in, auto_pad resolved. */
export function windowOf(node: Node, kernel: readonly number[], input: readonly DimExpr[]): Window {
  const n = kernel.length;
  const ones = kernel.map(() => 1);
  const strides = intsAttr(node, 'strides') ?? ones;
  const dilations = intsAttr(node, 'dilations') ?? ones;
  const auto = stringAttr(node, 'auto_pad', 'NOTSET');
  let pads = intsAttr(node, 'pads') ?? new Array<number>(2 * n).fill(0);
  if (auto === 'VALID') pads = new Array<number>(2 * n).fill(0);
  else if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const totals = kernel.map((k, i) => {
      const reach = (k - 1) * dilations[i]! + 1;
      const size = input[i]!;
      const stride = strides[i]!;
      if (stride === 1) return reach - 1;
      const out = dimFloorDiv(dimAdd(size, stride - 1), stride);
      const total = typeof size === 'number' && typeof out === 'number' ? (out - 1) * stride + reach - size : null;
      if (total === null)
        throw new BuildError(
          `${node.op} "${node.name}": auto_pad with stride ${stride} needs a fixed size`,
          node.source,
        );
      return Math.max(0, total);
    });
    const small = totals.map((t) => Math.floor(t / 2));
    const large = totals.map((t, i) => t - small[i]!);
    pads = auto === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small];
  }
  return { kernel_shape: kernel, strides, dilations, pads };
}

/** Transposed convolution: pads that give the wanted output size when `output_shape` or auto_pad asks for it. */
export function transposedPads(
  node: Node,
  w: Window,
  input: readonly DimExpr[],
  output: readonly DimExpr[],
): readonly number[] {
  const auto = stringAttr(node, 'auto_pad', 'NOTSET');
  if (intsAttr(node, 'output_shape') === null && auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') return w.pads;
  const extra = intsAttr(node, 'output_padding') ?? w.kernel_shape.map(() => 0);
  const totals = w.kernel_shape.map((k, i) => {
    const reach = (k - 1) * w.dilations[i]! + 1;
    const grown = typeof input[i] === 'number' ? (input[i] - 1) * w.strides[i]! : dimSub(input[i]!, 1);
    const total =
      typeof grown === 'number' && typeof output[i] === 'number' ? grown + extra[i]! + reach - output[i] : null;
    if (total === null)
      throw new BuildError(`ConvTranspose "${node.name}": output_shape needs fixed sizes`, node.source);
    return Math.max(0, total);
  });
  const half = totals.map((t) => Math.floor(t / 2));
  const rest = totals.map((t, i) => t - half[i]!);
  return auto === 'SAME_UPPER' ? [...half, ...rest] : [...rest, ...half];
}
