import type { Shape } from '../../ir/dim.ts';
import type { AttrValue, Node, NodeSpec, Value, ValueId } from '../../ir/graph.ts';
import { countOf } from '../../ir/tensor.ts';
import { reshapeWeight } from '../../ir/weights.ts';
import { attrInts, onlyUser, shapeOf, sourcesOf, weightOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';
import { isArithmetic } from '../pointwise-ops.ts';
import { shapeConstant } from './reshape.ts';

const PAIRS = ['kernel_shape', 'strides', 'dilations'] as const;
const UNIT: Readonly<Record<(typeof PAIRS)[number], number>> = { kernel_shape: 1, strides: 1, dilations: 1 };

/** Window attributes of a line as those of an image one row high; null where a window is not explicit. */
function imageAttrs(node: Node): Record<string, AttrValue> | null {
  const attrs: Record<string, AttrValue> = { ...node.attrs };
  for (const name of PAIRS) {
    const v = attrInts(node, name);
    if (v && v.length === 1) attrs[name] = [UNIT[name], v[0]!];
    else if (name === 'kernel_shape') return null;
  }
  const pads = attrInts(node, 'pads');
  if ('auto_pad' in attrs || (pads && pads.length !== 2)) return null;
  if (pads) attrs.pads = [0, pads[0]!, 0, pads[1]!];
  return attrs;
}

const raised = (s: Shape): Shape => [s[0]!, s[1]!, 1, s[2]!];

/** Elementwise operators that follow one after the other and read nothing else but single constant numbers. */
function tailOf(ctx: PassContext, node: Node): Node[] {
  const { graph } = ctx;
  const tail: Node[] = [];
  for (let at = node; ; ) {
    const next = onlyUser(graph, at.outputs[0]!);
    if (!next || !isArithmetic(next)) return tail;
    const alone = next.inputs.every((v) => {
      if (v === null || v === at.outputs[0]) return true;
      const w = weightOf(graph, v);
      return w !== undefined && countOf(w.shape) === 1 && w.shape.length <= 1;
    });
    if (!alone) return tail;
    tail.push(next);
    at = next;
  }
}

/**
 * A convolution or pooling over lines is one over images of one row: kernels, layouts and precisions are those of images.
 * The elementwise operators behind it move along, so that from one convolution to the next the rows stay images.
 */
export const oneDimensional: Rule = {
  name: 'line-to-image',
  title: 'Convolution over a line → over an image of one row',
  anchors: ['Conv', 'MaxPool', 'AveragePool'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const shape = shapeOf(graph, node.inputs[0]);
    if (shape?.length !== 3 || node.outputs.length !== 1) return null;
    const attrs = imageAttrs(node);
    if (!attrs) return { refused: 'window-not-explicit', args: {} };
    const inputs = [...node.inputs];
    if (node.op === 'Conv') {
      const w = weightOf(graph, node.inputs[1]);
      if (!w) return { refused: 'weights-not-constant', args: {} };
      const [m, c, k] = w.shape;
      inputs[1] = ctx.constant(reshapeWeight(w, [m!, c!, 1, k!]), graph.value(node.inputs[1]!).name).id;
    }
    const tail = tailOf(ctx, node);
    const last = tail[tail.length - 1] ?? node;
    if (graph.isOutput(node.outputs[0]!) && tail.length > 0) return null;
    const end = graph.value(last.outputs[0]!);
    const image = (v: Value): ValueId => {
      const s = v.type.shape!;
      return ctx.value({ name: v.name, type: { ...v.type, shape: raised(s) } }).id;
    };
    if ([node, ...tail].some((n) => shapeOf(graph, n.outputs[0])?.length !== 3)) return null;
    const own = { domain: '', name: node.name, source: node.source, attrs: {} };
    const x = graph.value(node.inputs[0]!);
    const up = image(x);
    const add: NodeSpec[] = [{ ...own, op: 'Unsqueeze', inputs: [x.id, shapeConstant(ctx, [2])], outputs: [up] }];
    inputs[0] = up;
    let at = image(graph.value(node.outputs[0]!));
    add.push({ ...own, op: node.op, attrs, inputs, outputs: [at] });
    let before = node.outputs[0]!;
    for (const { id: _, ...n } of tail) {
      const y = image(graph.value(n.outputs[0]!));
      const from = at;
      const replaced = before;
      add.push({ ...n, inputs: n.inputs.map((v) => (v === replaced ? from : v)), outputs: [y] });
      before = n.outputs[0]!;
      at = y;
    }
    const source = sourcesOf(node, ...tail);
    add.push({ ...own, source, op: 'Squeeze', inputs: [at, shapeConstant(ctx, [2])], outputs: [end.id] });
    return { remove: [node.id, ...tail.map((n) => n.id)], add, note: `${node.op} over lines of ${String(shape[2])}` };
  },
};
