import { dimMul, isStatic, type Shape, shapeText } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { count, dtypeOf, equalDim, shapeOfMinRank, shapeOfRank } from './common/shapes.ts';
import { inputType, withoutAttrs } from './common/upgrades.ts';
import { transposedOutput, windowAttrs, windowOf } from './common/window.ts';
import { defineOp } from './op.ts';

/** output_shape fixes the padding instead of `pads`. */
function padsForOutput(
  spatial: Shape,
  kernel: readonly number[],
  w: { strides: readonly number[]; dilations: readonly number[]; autoPad: string },
  outputPadding: readonly number[],
  target: readonly number[],
): { pads: number[]; outputPadding: number[] } | null {
  const totals: number[] = [];
  const extra: number[] = [];
  for (let i = 0; i < spatial.length; i++) {
    const d = spatial[i]!;
    if (typeof d !== 'number') return null;
    const over = w.strides[i]! * (d - 1) + outputPadding[i]! + (kernel[i]! - 1) * w.dilations[i]! + 1 - target[i]!;
    totals.push(Math.max(0, over));
    // A wanted size beyond the natural one is filled up at the end.
    extra.push(outputPadding[i]! + Math.max(0, -over));
  }
  // The specification: SAME_UPPER puts the smaller half first; everything else the larger.
  const small = totals.map((t) => Math.floor(t / 2));
  const large = totals.map((t, i) => t - small[i]!);
  return { pads: w.autoPad === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small], outputPadding: extra };
}

/** Everything explicit, as for Conv: output_shape and SAME padding become pads (and output_padding). */
function explicit(graph: Graph, node: Node): void {
  const x = inputType(graph, node, 0)?.shape;
  const wt = inputType(graph, node, 1)?.shape;
  if (!x || !wt || x.length < 3 || !isStatic(wt)) return;
  const spatial = x.slice(2);
  const n = spatial.length;
  const w = windowOf({ ...withoutAttrs(node.attrs, 'auto_pad') }, spatial, wt.slice(2));
  const autoPad = (node.attrs.auto_pad as string | undefined) ?? 'NOTSET';
  const op = (node.attrs.output_padding as readonly number[] | undefined) ?? new Array<number>(n).fill(0);
  const declared = node.attrs.output_shape as readonly number[] | undefined;
  const same = autoPad.startsWith('SAME');
  let fixed: { pads: readonly number[]; outputPadding: readonly number[] } | null = {
    pads: w.pads!,
    outputPadding: op,
  };
  const goal = { ...w, autoPad };
  if (declared && declared.length > 0) fixed = padsForOutput(spatial, w.kernel, goal, op, declared.slice(-n));
  else if (same) {
    if (!isStatic(spatial)) return;
    const target = (spatial as readonly number[]).map((d, i) => d * w.strides[i]!);
    fixed = padsForOutput(spatial, w.kernel, goal, op, target);
  } else if (autoPad === 'VALID') fixed = { pads: new Array<number>(2 * n).fill(0), outputPadding: op };
  if (!fixed) return;
  graph.updateNode(node.id, {
    attrs: {
      ...withoutAttrs(node.attrs, 'auto_pad', 'output_shape'),
      kernel_shape: w.kernel,
      strides: w.strides,
      dilations: w.dilations,
      pads: fixed.pads,
      output_padding: fixed.outputPadding,
    },
  });
}

export default defineOp({
  op: 'ConvTranspose',
  category: 'convolution',
  since: [1, 11, 22],
  attrs: {
    ...windowAttrs,
    group: { type: 'int', default: 1 },
    output_padding: { type: 'ints' },
    output_shape: { type: 'ints' },
  },
  inputs: [2, 3],
  outputs: [1, 1],
  upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: explicit }],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 3);
    const w = shapeOfRank(ctx, 1, x.length);
    equalDim(x[1]!, w[0]!, `${shapeText(x)} has other channels than weights ${shapeText(w)}`);
    const spatial = x.slice(2);
    const declared = ctx.node.attrs.output_shape as readonly number[] | undefined;
    const pad = (ctx.node.attrs.output_padding as readonly number[] | undefined) ?? spatial.map(() => 0);
    const window = windowOf(ctx.node.attrs, spatial, w.slice(2));
    const same = window.autoPad.startsWith('SAME');
    const out = declared?.length
      ? declared.slice(-spatial.length)
      : transposedOutput(spatial, same ? { ...window, pads: null } : window, pad);
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [x[0]!, dimMul(w[1]!, ctx.attr<number>('group')), ...out] }] };
  },
  flops: (node, inputs, outputs) =>
    2 * count(inputs[0]!) * count(inputs[1]!.slice(1)) + (node.inputs[2] == null ? 0 : count(outputs[0]!)),
});
