import type { Graph, Node, SourceId } from './graph.ts';

/** No group shows more children than this. */
export const MAX_CHILDREN = 120;
const CHAIN_TARGET = 24;

export interface Group {
  readonly id: string;
  readonly name: string;
  /** '' for a group at the top. */
  readonly parent: string;
  readonly kind: 'scope' | 'chain' | 'part';
}

/** A tree of groups over the model's own operators; fused nodes belong where their first source does. */
export interface Grouping {
  readonly groups: readonly Group[];
  /** Source id → innermost group; absent = at the top. */
  readonly of: ReadonlyMap<SourceId, string>;
}

interface Tree {
  readonly name: string;
  readonly kind: Group['kind'];
  readonly children: Map<string, Tree>;
  nodes: Node[];
}

const tree = (name: string, kind: Group['kind']): Tree => ({ name, kind, children: new Map(), nodes: [] });
const sizeOf = (t: Tree): number => t.nodes.length + [...t.children.values()].reduce((n, c) => n + sizeOf(c), 0);

/** Path of a node's name without its last part: "layer1/0/conv" → layer1, 0. */
function scopeOf(node: Node): string[] {
  const parts = node.name.split(/[/]|\.(?=[A-Za-z_])|(?<=[A-Za-z_0-9])\.(?=\d)/).filter((p) => p !== '');
  return parts.slice(0, -1);
}

/** By the names that exporters leave: worth it when most operators share a scope with another one. */
function byScope(nodes: readonly Node[]): Tree | null {
  const root = tree('', 'scope');
  let scoped = 0;
  for (const node of nodes) {
    let at = root;
    const path = scopeOf(node);
    if (path.length > 0) scoped++;
    for (const part of path) {
      let next = at.children.get(part);
      if (!next) at.children.set(part, (next = tree(part, 'scope')));
      at = next;
    }
    at.nodes.push(node);
  }
  if (scoped < nodes.length * 0.6) return null;
  const tidy = compress(root);
  return tidy.children.size >= 2 || sizeOf(tidy) <= MAX_CHILDREN ? tidy : null;
}

/** Joins single-child scopes ("model/encoder" → one group) and dissolves scopes of one operator. */
function compress(t: Tree): Tree {
  const out = tree(t.name, t.kind);
  out.nodes = t.nodes;
  for (const [key, child] of t.children) {
    let c = compress(child);
    while (c.nodes.length === 0 && c.children.size === 1) {
      const only = [...c.children.values()][0]!;
      const joined = tree(`${c.name}/${only.name}`, 'scope');
      joined.nodes = only.nodes;
      for (const [k, v] of only.children) joined.children.set(k, v);
      c = joined;
    }
    if (sizeOf(c) <= 1) out.nodes.push(...c.nodes);
    else out.children.set(key, c);
  }
  return out;
}

/**
 * By dominators: a value that alone crosses a place in execution order separates what is before from what is after.
 * Runs between such places become groups of about CHAIN_TARGET operators.
 */
function byChain(graph: Graph, order: readonly Node[]): Tree {
  const position = new Map(order.map((n, i) => [n.id, i]));
  const reach = new Map<number, number>();
  for (const [i, n] of order.entries()) {
    for (const v of n.inputs) {
      const p = v === null ? undefined : graph.producer(v);
      if (p) reach.set(position.get(p.id)!, i);
    }
  }
  const root = tree('', 'chain');
  let current: Node[] = [];
  let furthest = -1;
  const flush = (): void => {
    if (current.length === 0) return;
    const first = current[0]!;
    const t = tree(`${first.name || first.op} …`, 'chain');
    t.nodes = current;
    root.children.set(String(root.children.size), t);
    current = [];
  };
  for (const [i, n] of order.entries()) {
    current.push(n);
    furthest = Math.max(furthest, reach.get(i) ?? i);
    const isCut = furthest <= i + 1 && (reach.get(i) ?? i) <= i + 1;
    if ((isCut && current.length >= CHAIN_TARGET) || current.length >= MAX_CHILDREN) flush();
    if (isCut) furthest = i;
  }
  flush();
  return root;
}

/** Splits what still has too many children into consecutive parts. */
function limit(t: Tree): Tree {
  const out = tree(t.name, t.kind);
  const kids: (Tree | Node)[] = [...[...t.children.values()].map(limit), ...t.nodes];
  const put = (into: Tree, k: Tree | Node): void => {
    if ('children' in k) into.children.set(`${into.children.size}`, k);
    else into.nodes.push(k);
  };
  if (kids.length <= MAX_CHILDREN) {
    for (const k of kids) put(out, k);
    return out;
  }
  const parts = Math.ceil(kids.length / MAX_CHILDREN);
  const per = Math.ceil(kids.length / parts);
  for (let i = 0; i < parts; i++) {
    const part = tree(`part ${i + 1} of ${parts}`, 'part');
    for (const k of kids.slice(i * per, (i + 1) * per)) put(part, k);
    out.children.set(`part${i}`, part);
  }
  return parts > MAX_CHILDREN ? limit(out) : out;
}

/** Groups a freshly imported graph: by name scopes, else by chains between dominators; at most 120 children each. */
export function groupGraph(graph: Graph): Grouping {
  const order = graph.topological();
  const scoped = byScope(order);
  const chosen = scoped ?? (order.length > MAX_CHILDREN ? byChain(graph, order) : null);
  const root = limit(chosen ?? Object.assign(tree('', 'scope'), { nodes: [...order] }));
  const groups: Group[] = [];
  const of = new Map<SourceId, string>();
  const visit = (t: Tree, id: string): void => {
    for (const n of t.nodes) if (id !== '') for (const s of n.source) of.set(s, id);
    for (const [key, child] of t.children) {
      const childId = id === '' ? `g${key}` : `${id}/${key}`;
      groups.push({ id: childId, name: child.name, parent: id, kind: child.kind });
      visit(child, childId);
    }
  };
  visit(root, '');
  return { groups, of };
}
