import type { AttrValue, Graph, Node, ValueId } from '../../ir/graph.ts';
import { attrInt, sourcesOf, weightOf } from '../match.ts';
import type { Rule } from '../pass.ts';
import { isRandom } from './fold-constant.ts';

/** Readers of one value that are compared with each other. */
const CROWD = 64;

/** The same computation on the same operands happens once; the earlier node stays. */
export const commonSubexpression: Rule = {
  name: 'common-subexpression',
  title: 'Equal operators computed once',
  anchors: null,
  rewrite(node, { graph }) {
    if (isRandom(node) || hasGraph(node)) return null;
    const twin = twinsOf(graph, node).find((t) => t.id < node.id && equal(graph, t, node));
    if (!twin) return null;
    const merged = { ...twin, source: sourcesOf(twin, node) };
    return {
      remove: [twin.id, node.id],
      add: [merged],
      replace: new Map(node.outputs.map((v, i) => [v, twin.outputs[i]!])),
      note: `${node.op} is computed twice on the same operands`,
    };
  },
};

/** Other readers of the operand that has the fewest. */
function twinsOf(graph: Graph, node: Node): Node[] {
  let best: ValueId | null = null;
  for (const v of node.inputs) {
    if (v === null || weightOf(graph, v)) continue;
    if (best === null || graph.useCount(v) < graph.useCount(best)) best = v;
  }
  if (best === null || graph.useCount(best) < 2 || graph.useCount(best) > CROWD) return [];
  return graph.users(best).map((u) => u.node);
}

function equal(graph: Graph, a: Node, b: Node): boolean {
  if (a.op !== b.op || a.domain !== b.domain || a.inputs.length !== b.inputs.length) return false;
  if (a.outputs.length !== b.outputs.length) return false;
  if (attrInt(a, 'view', 0) !== attrInt(b, 'view', 0) || a.body || b.body) return false;
  if (!a.inputs.every((v, i) => sameValue(graph, v, b.inputs[i] ?? null))) return false;
  const names = Object.keys(a.attrs);
  return names.length === Object.keys(b.attrs).length && names.every((k) => sameAttr(a.attrs[k], b.attrs[k]));
}

function sameValue(graph: Graph, a: ValueId | null, b: ValueId | null): boolean {
  if (a === b) return true;
  const x = weightOf(graph, a);
  const y = weightOf(graph, b);
  return x !== undefined && y !== undefined && x.hash === y.hash;
}

function sameAttr(a: AttrValue | undefined, b: AttrValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => x === b[i]);
  if ('bytes' in a && 'bytes' in b) {
    return a.dtype === b.dtype && sameAttr([...a.shape], [...b.shape]) && Buffer.compare(a.bytes, b.bytes) === 0;
  }
  return false;
}

const hasGraph = (n: Node): boolean =>
  Object.values(n.attrs).some(
    (a) => typeof a === 'object' && !('bytes' in a) && (!Array.isArray(a) || typeof a[0] === 'object'),
  );
