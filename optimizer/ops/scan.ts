import type { DimExpr } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { captureCount } from './common/body.ts';
import { dtypeOf, normalAxis, shapeOf } from './common/shapes.ts';
import { addHelper, addInts, inputType } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/**
 * Opset 8 scanned every sample of a batch by itself, up to a length of its own (input 0). A batch of one without lengths is what
 * later versions do, without that axis.
 */
function withoutBatch(graph: Graph, node: Node): void {
  const captures = (node.attrs.captures as number | undefined) ?? 0;
  const own = node.inputs.slice(1, node.inputs.length - captures);
  const single = own.every((v, i) => v !== null && inputType(graph, node, 1 + i)?.shape?.[0] === 1);
  if (node.inputs[0] !== null || !single)
    throw new OpError(
      'is the batched form of opset 8, for more than one sample; re-export the model at opset 9 or later',
    );
  const axis = addInts(graph, [0]);
  const inputs = own.map((v) => addHelper(graph, node, 'Squeeze', [v!, axis]));
  const { directions, ...attrs } = node.attrs;
  const outputs = node.outputs.map((v) => {
    const { dtype } = graph.value(v).type;
    const inner = graph.addValue({ name: '', type: { dtype, shape: null } }).id;
    return [inner, v] as const;
  });
  graph.updateNode(node.id, {
    inputs: [...inputs, ...node.inputs.slice(node.inputs.length - captures)],
    outputs: outputs.map(([inner]) => inner),
    attrs: { ...attrs, ...(directions === undefined ? {} : { scan_input_directions: directions }) },
  });
  for (const [inner, v] of outputs) addHelper(graph, node, 'Unsqueeze', [inner, axis], {}, v);
}

/** Inputs: the state, the sequences (one element a turn), then what the body captures. */
export default defineOp({
  op: 'Scan',
  category: 'other',
  since: [8, 9, 11, 16, 19, 21, 23, 24, 25],
  attrs: {
    body: { type: 'graph', required: true },
    num_scan_inputs: { type: 'int', required: true },
    scan_input_axes: { type: 'ints' },
    scan_input_directions: { type: 'ints' },
    scan_output_axes: { type: 'ints' },
    scan_output_directions: { type: 'ints' },
    captures: { type: 'int', default: 0 },
  },
  inputs: [1, Number.MAX_SAFE_INTEGER],
  outputs: [1, Number.MAX_SAFE_INTEGER],
  upgrades: [{ below: 9, apply: withoutBatch }],
  infer(ctx) {
    const scans = ctx.attr<number>('num_scan_inputs');
    const own = ctx.inputs.length - captureCount(ctx);
    const states = own - scans;
    if (!(scans >= 1 && states >= 0 && states <= ctx.node.outputs.length))
      throw new OpError(`scans ${scans} of its ${own} inputs and makes ${ctx.node.outputs.length} outputs`);
    for (const [name, n] of [
      ['scan_input_axes', scans],
      ['scan_input_directions', scans],
      ['scan_output_axes', ctx.node.outputs.length - states],
      ['scan_output_directions', ctx.node.outputs.length - states],
    ] as const) {
      const given = ctx.node.attrs[name];
      if (Array.isArray(given) && given.length !== n) throw new OpError(`has ${given.length} ${name} for ${n}`);
    }
    const axes = ctx.node.attrs.scan_input_axes as readonly number[] | undefined;
    let length: DimExpr = ctx.fresh('turns');
    const elements = ctx.inputs.slice(states, own).map((_, i) => {
      const s = shapeOf(ctx, states + i);
      const axis = normalAxis(axes?.[i] ?? 0, s.length);
      length = s[axis]!;
      return { dtype: dtypeOf(ctx, states + i), shape: s.filter((_d, k) => k !== axis) };
    });
    const out = ctx.inferBody('body', [...ctx.inputs.slice(0, states), ...elements, ...ctx.inputs.slice(own)]);
    const outAxes = ctx.node.attrs.scan_output_axes as readonly number[] | undefined;
    const results = out.slice(states).map((t, i) => {
      if (!t.shape) return t;
      const axis = normalAxis(outAxes?.[i] ?? 0, t.shape.length + 1);
      return { dtype: t.dtype, shape: [...t.shape.slice(0, axis), length, ...t.shape.slice(axis)] };
    });
    return { types: [...out.slice(0, states), ...results] };
  },
});
