import { FUSED_DOMAIN } from '../../ir/fused.ts';
import { Graph, type Node, type NodeSpec, type Value, type ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import { concatWeights, literalWeight } from '../../ir/weights.ts';
import { isConstant, labelOf, sourcesOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';
import { isCandidate, type Layer, layerOf } from './signature.ts';

/** Sibling convolutions, or products, of one input: one layer with their weights side by side, and a Split. */
export const siblings: Rule = {
  name: 'merge-siblings',
  title: 'Sibling layers on one input → one wider layer',
  anchors: ['Conv', 'MatMul', 'Gemm', `${FUSED_DOMAIN}.Conv`, `${FUSED_DOMAIN}.MatMul`],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const x = node.inputs[0]!;
    if (!isCandidate(node) || isConstant(graph, x)) return null;
    const others = [...new Set(graph.users(x).map((u) => u.node))].filter(
      (n) => n.id !== node.id && n.inputs[0] === x && isCandidate(n),
    );
    if (others.length === 0) return null;
    const self = layerOf(graph, node);
    if (typeof self === 'string') {
      return { refused: 'not-mergeable', args: { other: labelOf(graph, others[0]!), why: self } };
    }
    const group: Layer[] = [self];
    for (const n of others) {
      const layer = layerOf(graph, n);
      if (typeof layer === 'string') continue;
      if (layer.geometry === self.geometry && layer.epilogue === self.epilogue) group.push(layer);
    }
    if (group.length === 1) {
      const name = labelOf(graph, others[0]!);
      const other = layerOf(graph, others[0]!);
      if (typeof other === 'string') return { refused: 'sibling-not-mergeable', args: { other: name, why: other } };
      const what = other.geometry === self.geometry ? 'what follows it' : 'the geometry of the kernel';
      return { refused: 'different-sibling', args: { other: name, what } };
    }
    group.sort((a, b) => a.node.id - b.node.id);
    const parts = group.map((l) => l.channels);
    return {
      remove: group.map((l) => l.node.id),
      add: [merged(ctx, group, x)],
      note: `${group.length} layers on one input become one of ${parts.reduce((a, b) => a + b, 0)} channels (${parts.join(' + ')})`,
    };
  },
};

function merged(ctx: PassContext, group: readonly Layer[], x: ValueId): NodeSpec {
  const first = group[0]!;
  const total = group.reduce((n, l) => n + l.channels, 0);
  const body = new Graph();
  const inputs: ValueId[] = [x];
  const shared = body.addValue({ name: ctx.graph.value(x).name, type: ctx.graph.value(x).type });
  const bodyInputs: ValueId[] = [shared.id];
  const results: ValueId[] = [];
  const widened = (v: Value): Omit<Value, 'id'> => ({
    name: '',
    type: { ...v.type, shape: v.type.shape!.map((d, i) => (i === first.channelAxis ? total : d)) },
  });

  first.operators.forEach((o, k) => {
    const ins = o.operands.map((operand, i): ValueId | null => {
      switch (operand.kind) {
        case 'absent':
          return null;
        case 'shared':
          return shared.id;
        case 'result':
          return results[operand.of]!;
        case 'fixed':
          return body.addWeight(operand.weight).id;
        case 'joined': {
          const weights = group.map((l) => {
            const part = l.operators[k]!.operands[i]!;
            if (part.kind !== 'joined') throw new Error('siblings of different form');
            return part.weight;
          });
          const constant = ctx.constant(concatWeights(weights, operand.axis), operand.name);
          inputs.push(constant.id);
          const inner = body.addValue({ name: constant.name, type: constant.type });
          bodyInputs.push(inner.id);
          return inner.id;
        }
      }
    });
    const out = body.addValue(widened(first.graph.value(o.node.outputs[0]!)));
    results.push(out.id);
    const { id: _, ...spec } = o.node;
    const source = sourcesOf(...group.map((l) => l.operators[k]!.node));
    body.addNode({ ...spec, inputs: ins, outputs: [out.id], source });
  });

  const nodes: Node[] = group.map((l) => l.node);
  const parts = group.map((l) => l.channels);
  const split = body.addWeight(literalWeight(fromNumbers('int64', [parts.length], parts)));
  const outputs = nodes.map((n) => n.outputs[0]!);
  const outs = outputs.map((v) => {
    const { name, type } = ctx.graph.value(v);
    return body.addValue({ name, type }).id;
  });
  body.addNode({
    ...{ op: 'Split', domain: '', name: '', attrs: { axis: first.channelAxis } },
    ...{ inputs: [results.at(-1)!, split.id], outputs: outs, source: sourcesOf(...nodes) },
  });
  body.setInputs(bodyInputs);
  body.setOutputs(outs);
  const kind = first.operators[0]!.node.op === 'Conv' ? 'Conv' : 'MatMul';
  const name = nodes
    .map((n) => n.name)
    .filter((n) => n !== '')
    .join(' || ');
  return { op: kind, domain: FUSED_DOMAIN, name, attrs: {}, inputs, outputs, source: sourcesOf(...nodes), body };
}
