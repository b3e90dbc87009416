import { type AttrValue, Graph, type Node } from '../../ir/graph.ts';
import { attrInt, weightOf } from '../match.ts';
import type { Rule } from '../pass.ts';

/** Constants that a subgraph captures become constants of its own, so that its passes see them. */
export const capturedConstants: Rule = {
  name: 'captured-constant',
  title: 'Captured constant → constant of the region',
  anchors: ['If', 'Loop', 'Scan'],
  rewrite(node, ctx) {
    const captures = attrInt(node, 'captures', 0);
    const own = node.inputs.length - captures;
    const weights = node.inputs.map((v, i) => (v !== null && i >= own ? weightOf(ctx.graph, v) : undefined));
    const moved = weights.filter((w) => w).length;
    if (moved === 0) return null;
    const first = node.op === 'If' ? 1 : 0;
    const attrs: Record<string, AttrValue> = { ...node.attrs, captures: captures - moved };
    for (const [name, body] of Object.entries(node.attrs)) {
      if (!(body instanceof Graph)) continue;
      const copy = body.clone();
      copy.inputs.forEach((v, i) => {
        const weight = weights[i + first];
        if (weight) copy.updateValue(v, { weight });
      });
      copy.setInputs(copy.inputs.filter((_, i) => !weights[i + first]));
      attrs[name] = copy;
    }
    const { id: _, ...rest }: Node = node;
    const inputs = node.inputs.filter((_, i) => !weights[i]);
    return {
      remove: [node.id],
      add: [{ ...rest, attrs, inputs }],
      note: `${moved} captured constants of ${node.op}`,
    };
  },
};
