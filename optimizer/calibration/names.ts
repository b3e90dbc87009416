import type { Graph, ValueId } from '../ir/graph.ts';

/**
 * The name that each non-constant value of a graph has in range tables. It is the value's own name; values without one,
 * and all but the first (by id) of those that share one, are called "SOURCE#k": the first source operator of their
 * producer and the output's index, which is the same in every run over the same model and passes.
 */
export function tensorNames(graph: Graph): ReadonlyMap<ValueId, string> {
  const out = new Map<ValueId, string>();
  const taken = new Set<string>();
  const values = [...graph.values()].filter((v) => !v.weight).sort((a, b) => a.id - b.id);
  for (const v of values) {
    if (v.name === '' || taken.has(v.name)) continue;
    taken.add(v.name);
    out.set(v.id, v.name);
  }
  for (const v of values) {
    const node = out.has(v.id) ? undefined : graph.producer(v.id);
    if (!node) continue;
    const base = `${node.source[0] ?? node.id}#${node.outputs.indexOf(v.id)}`;
    let name = base;
    for (let k = 2; taken.has(name); k++) name = `${base}.${k}`;
    taken.add(name);
    out.set(v.id, name);
  }
  return out;
}
