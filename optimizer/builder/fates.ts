import type { SourceId } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';
import type { Plan } from './plan.ts';

/** What became of every operator of the model: the layer that computes it, or the rule that removed it. */
export function fatesOf(optimized: Optimized, plan: Plan): Record<SourceId, string> {
  const fates: Record<SourceId, string> = {};
  const visit = (p: Plan, layer: (i: number) => number): void =>
    p.layers.forEach((l, i) => {
      for (const s of l.sources) fates[s] = fates[s] ? `${fates[s]}, ${layer(i)}` : `layer ${layer(i)}`;
      // What a region computes is part of the layer that owns it.
      for (const r of l.regions ?? []) visit(r, () => layer(i));
    });
  visit(plan, (i) => i);
  const rules = new Map<SourceId, string>();
  for (const pass of optimized.trace.passes)
    for (const a of pass.applications) for (const s of a.sources) rules.set(s, a.rule);
  const alive = new Set<SourceId>();
  for (const n of optimized.graph.nodes()) for (const s of n.source) alive.add(s);
  for (const id of optimized.initial.sources.keys()) {
    if (fates[id]) continue;
    const rule = rules.get(id);
    fates[id] = alive.has(id) ? 'a view: nothing to execute' : rule ? `removed by ${rule}` : 'folded';
  }
  return fates;
}
