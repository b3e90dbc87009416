import { sameShape } from '../ir/dim.ts';
import { FUSED_DOMAIN } from '../ir/fused.ts';
import type { Node } from '../ir/graph.ts';
import { chainText } from './body.ts';
import { dtypeOf, shapeOf, usedOnce } from './match.ts';
import type { Pass, Rule } from './pass.ts';
import { isArithmetic } from './pointwise-ops.ts';
import { broadcastsTo, fusedNode } from './region.ts';

const FLOATS = new Set(['float32', 'float16', 'bfloat16']);

/** One arithmetic operator, or several that are one kernel already. */
const isChain = (n: Node): boolean =>
  n.outputs.length === 1 &&
  (isArithmetic(n) ||
    (n.domain === FUSED_DOMAIN && n.op === 'Pointwise' && [...(n.body?.nodes() ?? [])].every(isArithmetic)));

const lookup: Rule = {
  name: 'gather-elementwise',
  title: 'Gather + elementwise',
  anchors: ['Gather'],
  rewrite(gather, ctx) {
    const { graph } = ctx;
    const rows = gather.outputs[0]!;
    const shape = shapeOf(graph, rows);
    // Rows of a table: other gathers move single numbers, where reading them twice costs nothing.
    if (gather.domain !== '' || (gather.attrs.axis !== undefined && gather.attrs.axis !== 0)) return null;
    if (shape === null || shape.length < 2 || !FLOATS.has(dtypeOf(graph, rows) ?? '')) return null;
    const users = graph.users(rows).map((u) => u.node);
    const chain = users[0];
    if (!chain || !isChain(chain)) return null;
    if (!usedOnce(graph, rows)) return { refused: 'output-read', args: { n: graph.useCount(rows) } };
    const out = chain.outputs[0]!;
    if (!sameShape(shapeOf(graph, out) ?? [], shape) || dtypeOf(graph, out) !== dtypeOf(graph, rows)) return null;
    if (!chain.inputs.every((v) => v === null || broadcastsTo(shapeOf(graph, v), shape))) return null;
    return {
      remove: [gather.id, chain.id],
      add: [fusedNode(ctx, 'Gather', [gather, chain], [out])],
      note: chainText([gather, chain]),
    };
  },
};

export const gatherFusion: Pass = {
  name: 'gather-fusion',
  title: 'Gather fusion',
  doc:
    'Rows that are read from a table go straight into the elementwise operators behind them: an embedding is added to its ' +
    'position while it is read. A device without such a kernel runs the two as they were.',
  measure: 'number of nodes',
  rules: [lookup],
};
