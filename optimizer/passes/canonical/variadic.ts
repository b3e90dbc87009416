import { sameShape } from '../../ir/dim.ts';
import type { Node, NodeSpec, ValueId } from '../../ir/graph.ts';
import { dtypeOf, shapeOf } from '../match.ts';
import type { PassContext, Replacement, Rule } from '../pass.ts';
import { constantOf } from '../wide.ts';

/* Sum, Mean, Max and Min of any number of operands as chains of two each. */

function chain(node: Node, ctx: PassContext, op: string): Replacement | null {
  const { graph } = ctx;
  const out = graph.value(node.outputs[0]!);
  const shape = out.type.shape;
  // A partial result must already have the full shape: its type is then the result's.
  const full = node.inputs.findIndex((v) => {
    const s = shapeOf(graph, v);
    return s !== null && shape !== null && sameShape(s, shape);
  });
  if (node.inputs.length > 2 && full < 0) return null;
  const order = full <= 0 ? [...node.inputs] : [node.inputs[full]!, ...node.inputs.filter((_, i) => i !== full)];
  const add: NodeSpec[] = [];
  let at = order[0] as ValueId;
  const mean = node.op === 'Mean';
  const common = { domain: '', attrs: {}, source: node.source, name: node.name };
  order.slice(1).forEach((v, i) => {
    const last = i === order.length - 2 && !mean;
    const to = last ? out.id : ctx.value({ name: '', type: out.type }).id;
    add.push({ ...common, op, inputs: [at, v], outputs: [to] });
    at = to;
  });
  if (mean) {
    const share = ctx.constant(constantOf(dtypeOf(graph, out.id), [], [1 / order.length]));
    add.push({ ...common, op: 'Mul', inputs: [at, share.id], outputs: [out.id] });
  }
  return { remove: [node.id], add, note: `${node.op} of ${order.length} operands` };
}

const sum: Rule = {
  name: 'sum-to-add',
  title: 'Sum or Mean of several operands → additions',
  anchors: ['Sum', 'Mean'],
  rewrite(node, ctx) {
    if (node.inputs.length < 2 || (node.op === 'Mean' && !dtypeOf(ctx.graph, node.outputs[0]!).startsWith('float')))
      return null;
    return chain(node, ctx, 'Add');
  },
};

const extreme: Rule = {
  name: 'extreme-of-two',
  title: 'Max or Min of several operands → pairs',
  anchors: ['Max', 'Min'],
  rewrite: (node, ctx) => (node.inputs.length < 3 ? null : chain(node, ctx, node.op)),
};

export const variadic: readonly Rule[] = [sum, extreme];
