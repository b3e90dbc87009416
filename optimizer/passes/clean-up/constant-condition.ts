import { Graph, type NodeSpec, type ValueId } from '../../ir/graph.ts';
import { numbersOf } from '../match.ts';
import type { Rule } from '../pass.ts';

/** An If whose condition is known is the branch that it takes. */
export const constantCondition: Rule = {
  name: 'constant-condition',
  title: 'If with a known condition → its branch',
  anchors: ['If'],
  rewrite(node, ctx) {
    const condition = numbersOf(ctx, node.inputs[0])?.[0] ?? ctx.dimensions(node.inputs[0]!)?.[0];
    if (typeof condition !== 'number') return null;
    const which = condition === 0 ? 'else_branch' : 'then_branch';
    const branch = node.attrs[which];
    if (!(branch instanceof Graph) || branch.outputs.length !== node.outputs.length) return null;
    const captured = node.inputs.slice(1);
    if (captured.length !== branch.inputs.length || captured.includes(null)) return null;
    const map = new Map<ValueId, ValueId>(branch.inputs.map((v, i) => [v, captured[i]!]));
    const copy = (v: ValueId): ValueId => {
      let to = map.get(v);
      if (to === undefined) {
        const { id: _, ...rest } = branch.value(v);
        map.set(v, (to = ctx.value(rest).id));
      }
      return to;
    };
    const add: NodeSpec[] = branch.topological().map(({ id: _, ...n }) => ({
      ...n,
      inputs: n.inputs.map((v) => (v === null ? null : copy(v))),
      outputs: n.outputs.map(copy),
    }));
    return {
      remove: [node.id],
      add,
      replace: new Map(node.outputs.map((v, i) => [v, copy(branch.outputs[i]!)])),
      note: `If always takes its ${which === 'then_branch' ? 'then' : 'else'} branch of ${add.length} operators`,
    };
  },
};
