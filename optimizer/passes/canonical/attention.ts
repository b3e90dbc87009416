import type { Shape } from '../../ir/dim.ts';
import { sameDim } from '../../ir/dim.ts';
import { FUSED_DOMAIN } from '../../ir/fused.ts';
import { type AttrValue, Graph, type Node, type ValueId } from '../../ir/graph.ts';
import {
  attrInt,
  attrInts,
  axisOf,
  onlyUser,
  producerOf,
  rankOf,
  scalarOf,
  shapeOf,
  sourcesOf,
  usedOnce,
} from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';
import { constantOf } from '../wide.ts';

/** An operand of a product, behind the transposes and scalar factors in front of it. */
interface Operand {
  readonly value: ValueId;
  readonly perm: readonly number[] | null;
  readonly factor: number;
  readonly nodes: readonly Node[];
}

/**
 * softmax(Q · Kᵀ · scale + mask) · V, with the transposes that put the heads in front, as one node. The body keeps them as
 * standard operators; scalar factors of Q, K and the scores become one.
 */
export const attention: Rule = {
  name: 'attention',
  title: 'MatMul + scale + mask + Softmax + MatMul → attention',
  anchors: ['Softmax'],
  rewrite(softmax, ctx) {
    const { graph } = ctx;
    const second = onlyUser(graph, softmax.outputs[0]!);
    if (second?.op !== 'MatMul' || second.domain !== '' || second.inputs[0] !== softmax.outputs[0]) return null;
    if (second.inputs[1] === softmax.outputs[0]) return null;
    const rank = rankOf(graph, softmax.inputs[0]);
    if (rank === null) return null;
    const scores = scoresOf(ctx, softmax.inputs[0]!);
    if ('op' in scores) return scores.op === '' ? null : { refused: 'attention-form', args: { op: scores.op } };
    const axis = axisOf(attrInt(softmax, 'axis', -1), rank);
    if (axis !== rank - 1) return { refused: 'axis-not-last', args: { axis } };
    if (rank < 3 || rank > 4) return { refused: 'attention-rank', args: { rank } };
    for (const v of [softmax.inputs[0]!, ...scores.nodes.map((n) => n.outputs[0]!), scores.product.outputs[0]!]) {
      if (!usedOnce(graph, v)) return { refused: 'intermediate-read', args: { value: graph.value(v).name } };
    }
    const q = operandOf(ctx, scores.product.inputs[0]!, true);
    const k = operandOf(ctx, scores.product.inputs[1]!, true);
    const v = operandOf(ctx, second.inputs[1]!, false);
    if (![q, k, v].every((o) => rankOf(graph, o.value) === rank)) {
      return { refused: 'attention-rank', args: { rank: rankOf(graph, v.value) ?? '?' } };
    }
    const after = transposeAfter(graph, second);
    const nodes = [
      ...new Set([...q.nodes, ...k.nodes, ...v.nodes, scores.product, ...scores.nodes, softmax, second]),
      ...(after ? [after] : []),
    ];
    const end = (after ?? second).outputs[0]!;
    const scale = scores.factor * q.factor * k.factor;
    const inputs = [q.value, k.value, v.value, ...(scores.mask === null ? [] : [scores.mask])];
    const distinct = [...new Set(inputs)];
    return {
      remove: nodes.map((n) => n.id),
      add: [
        {
          op: 'Attention',
          domain: FUSED_DOMAIN,
          name: softmax.name,
          attrs: {},
          inputs: distinct,
          outputs: [end],
          source: sourcesOf(...nodes),
          body: bodyOf(
            ctx,
            {
              q,
              k,
              v,
              mask: scores.mask,
              scale,
              product: scores.product,
              scores: scores.nodes,
              softmax,
              second,
              after,
            },
            distinct,
          ),
        },
      ],
      note: `attention over ${heads(shapeOf(graph, softmax.inputs[0]))}${scores.mask === null ? '' : ', masked'}`,
    };
  },
};

const heads = (s: Shape | null): string =>
  s?.length === 4 && typeof s[1] === 'number' ? `${s[1]} heads` : 'one product';

interface Scores {
  readonly product: Node;
  readonly factor: number;
  readonly mask: ValueId | null;
  /** Scale and mask, in order of execution. */
  readonly nodes: readonly Node[];
}

/** Reads back from the softmax: [Add mask] ← [Mul | Div by a number]… ← MatMul. `op` names what stands in the way. */
function scoresOf(ctx: PassContext, at: ValueId): Scores | { readonly op: string } {
  const { graph } = ctx;
  const top = graph.producer(at);
  if (top?.domain !== '') return { op: '' };
  const plain = productOf(ctx, at);
  if (plain) return { ...plain, mask: null };
  if (top.op === 'Add') {
    for (const i of [0, 1]) {
      const mask = top.inputs[1 - i]!;
      const inner = productOf(ctx, top.inputs[i]!);
      if (inner && fits(shapeOf(graph, mask), shapeOf(graph, at)))
        return { ...inner, mask, nodes: [...inner.nodes, top] };
    }
  }
  const behind = top.inputs.some((v) => v !== null && productOf(ctx, v) !== null);
  return { op: behind ? top.op : '' };
}

function productOf(ctx: PassContext, at: ValueId): Omit<Scores, 'mask'> | null {
  const nodes: Node[] = [];
  let factor = 1;
  for (let v = at; nodes.length < 4; ) {
    const n = producerOf(ctx.graph, v, 'MatMul', 'Mul', 'Div');
    if (!n) return null;
    if (n.op === 'MatMul') return { product: n, factor, nodes: nodes.reverse() };
    const f = factorOf(ctx, n);
    if (!f) return null;
    factor *= f.factor;
    nodes.push(n);
    v = f.of;
  }
  return null;
}

/** x · c, c · x or x / c with one number c. */
function factorOf(ctx: PassContext, n: Node): { factor: number; of: ValueId } | null {
  const right = scalarOf(ctx, n.inputs[1]);
  if (right !== null && sameRank(ctx, n, 0)) return { factor: n.op === 'Div' ? 1 / right : right, of: n.inputs[0]! };
  const left = n.op === 'Mul' ? scalarOf(ctx, n.inputs[0]) : null;
  return left !== null && sameRank(ctx, n, 1) ? { factor: left, of: n.inputs[1]! } : null;
}
const sameRank = ({ graph }: PassContext, n: Node, i: number): boolean =>
  rankOf(graph, n.inputs[i]) === rankOf(graph, n.outputs[0]);

function operandOf(ctx: PassContext, at: ValueId, scales: boolean): Operand {
  const nodes: Node[] = [];
  let value = at;
  let perm: readonly number[] | null = null;
  let factor = 1;
  while (usedOnce(ctx.graph, value)) {
    const n = producerOf(ctx.graph, value, 'Transpose', 'Mul', 'Div');
    if (!n) break;
    if (n.op === 'Transpose') {
      const p = attrInts(n, 'perm');
      if (!p) break;
      perm = perm ? perm.map((i) => p[i]!) : p;
      value = n.inputs[0]!;
    } else {
      const f = scales ? factorOf(ctx, n) : null;
      if (!f) break;
      factor *= f.factor;
      value = f.of;
    }
    nodes.unshift(n);
  }
  return { value, perm, factor, nodes };
}

function transposeAfter(graph: Graph, second: Node): Node | null {
  const n = onlyUser(graph, second.outputs[0]!);
  return n?.op === 'Transpose' && n.domain === '' && attrInts(n, 'perm') ? n : null;
}

const fits = (mask: Shape | null, scores: Shape | null): boolean =>
  mask !== null &&
  scores !== null &&
  mask.length <= scores.length &&
  mask.every((d, i) => d === 1 || sameDim(d, scores[scores.length - mask.length + i]!));

interface Parts {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  readonly mask: ValueId | null;
  readonly scale: number;
  readonly product: Node;
  readonly scores: readonly Node[];
  readonly softmax: Node;
  readonly second: Node;
  readonly after: Node | null;
}

function bodyOf(ctx: PassContext, p: Parts, inputs: readonly ValueId[]): Graph {
  const { graph } = ctx;
  const body = new Graph();
  const copies = new Map<ValueId, ValueId>();
  for (const id of inputs) {
    const { name, type } = graph.value(id);
    copies.set(id, body.addValue({ name, type }).id);
  }
  body.setInputs([...copies.values()]);
  const emit = (
    op: string,
    ins: readonly ValueId[],
    shape: Shape | null,
    from: readonly Node[],
    attrs = {},
  ): ValueId => {
    const dtype = graph.value(p.product.outputs[0]!).type.dtype;
    const last = from.at(-1)!;
    const out = body.addValue({ name: graph.value(last.outputs[0]!).name, type: { dtype, shape } });
    const named: Readonly<Record<string, AttrValue>> = attrs;
    body.addNode({
      op,
      domain: '',
      name: last.name,
      attrs: named,
      inputs: ins,
      outputs: [out.id],
      source: sourcesOf(...from),
    });
    return out.id;
  };
  const operand = (o: Operand): ValueId => {
    const at = copies.get(o.value)!;
    const shape = shapeOf(graph, o.value)!;
    const transposes = o.nodes.filter((n) => n.op === 'Transpose');
    return o.perm
      ? emit(
          'Transpose',
          [at],
          o.perm.map((i) => shape[i]!),
          transposes,
          { perm: o.perm },
        )
      : at;
  };
  const full = shapeOf(graph, p.softmax.inputs[0]!);
  let at = emit('MatMul', [operand(p.q), operand(p.k)], full, [p.product]);
  const factors = [...p.q.nodes, ...p.k.nodes, ...p.scores].filter((n) => n.op === 'Mul' || n.op === 'Div');
  if (factors.length > 0) {
    const weight = constantOf(graph.value(p.product.outputs[0]!).type.dtype, [], [p.scale]);
    at = emit('Mul', [at, body.addWeight(weight).id], full, factors);
  }
  if (p.mask !== null) at = emit('Add', [at, copies.get(p.mask)!], full, [p.scores.at(-1)!]);
  at = emit('Softmax', [at], full, [p.softmax], { axis: -1 });
  at = emit('MatMul', [at, operand(p.v)], shapeOf(graph, p.second.outputs[0]), [p.second]);
  if (p.after)
    at = emit('Transpose', [at], shapeOf(graph, p.after.outputs[0]), [p.after], { perm: attrInts(p.after, 'perm')! });
  body.setOutputs([at]);
  return body;
}
