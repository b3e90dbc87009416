import { type DimExpr, dimFloorDiv, dimMul } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { toNumbers } from '../ir/tensor.ts';
import { count, dtypeOf, hasInput, normalAxis, shapeOf, staticInts } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

/** Opset 10 had (X, scales), mapped positions asymmetrically and rounded down. */
function fromOpset10(graph: Graph, node: Node): void {
  graph.updateNode(node.id, {
    inputs: [node.inputs[0]!, null, node.inputs[1]!],
    attrs: { ...node.attrs, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  });
}

export default defineOp({
  op: 'Resize',
  category: 'other',
  since: [10, 11, 13, 18, 19],
  attrs: {
    antialias: { type: 'int', default: 0 },
    axes: { type: 'ints' },
    coordinate_transformation_mode: { type: 'string', default: 'half_pixel' },
    cubic_coeff_a: { type: 'float', default: -0.75 },
    exclude_outside: { type: 'int', default: 0 },
    extrapolation_value: { type: 'float', default: 0 },
    keep_aspect_ratio_policy: { type: 'string', default: 'stretch' },
    mode: { type: 'string', default: 'nearest' },
    nearest_mode: { type: 'string', default: 'round_prefer_floor' },
  },
  inputs: [1, 4],
  outputs: [1, 1],
  upgrades: [{ below: 11, apply: fromOpset10 }],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const dtype = dtypeOf(ctx, 0);
    const axes = ((ctx.node.attrs.axes as readonly number[] | undefined) ?? x.map((_, i) => i)).map((a) =>
      normalAxis(a, x.length),
    );
    const unknown = () => ({ types: [{ dtype, shape: x.map((d, i) => (axes.includes(i) ? ctx.fresh(`${i}`) : d)) }] });
    const place = (dims: readonly DimExpr[]) => ({
      types: [{ dtype, shape: x.map((d, i) => (axes.includes(i) ? dims[axes.indexOf(i)]! : d)) }],
    });
    const isGiven = (i: number): boolean => hasInput(ctx, i) && ctx.inputs[i]!.shape?.[0] !== 0;
    if (isGiven(3)) {
      const sizes = ctx.data(3);
      if (!sizes) return unknown();
      if (sizes.length !== axes.length) throw new OpError(`has ${sizes.length} sizes for ${axes.length} axes`);
      const policy = ctx.attr<string>('keep_aspect_ratio_policy');
      if (policy === 'stretch') return place(sizes);
      const ratios = axes.map((a, i) =>
        typeof x[a] === 'number' && typeof sizes[i] === 'number' ? sizes[i] / x[a] : null,
      );
      if (ratios.some((r) => r === null)) return unknown();
      const scale = (policy === 'not_larger' ? Math.min : Math.max)(...(ratios as number[]));
      // Round half up, as the specification says.
      return place(axes.map((a) => Math.floor((x[a] as number) * scale + 0.5)));
    }
    const literal = isGiven(2) ? ctx.literal(2) : null;
    const scales = literal ? toNumbers(literal) : isGiven(2) ? staticInts(ctx, 2) : null;
    if (!scales) return unknown();
    if (scales.length !== axes.length) throw new OpError(`has ${scales.length} scales for ${axes.length} axes`);
    const cropped = ctx.attr<string>('coordinate_transformation_mode') === 'tf_crop_and_resize';
    return place(
      axes.map((a, i) => {
        const [d, s] = [x[a]!, scales[i]!];
        if (cropped && s !== 1) return ctx.fresh(`${a}`);
        if (typeof d === 'number') return Math.floor(d * s);
        if (Number.isInteger(s)) return dimMul(d, s);
        const inverse = 1 / s;
        return Number.isInteger(inverse) ? dimFloorDiv(d, inverse) : ctx.fresh(`${a}`);
      }),
    );
  },
  flops: (node, _inputs, outputs) =>
    count(outputs[0]!) * (node.attrs.mode === 'cubic' ? 32 : node.attrs.mode === 'linear' ? 8 : 0),
});
