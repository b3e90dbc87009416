import type { Graph, SourceId } from '../../../optimizer/ir/graph.ts';
import type { Optimized, TracedPass } from '../../../optimizer/passes/pass.ts';
import type { PassSummary, TraceSummary } from '../../ipc/schemas/trace.ts';
import type { StudioParts } from '../parts/parts.ts';
import { nodeKey } from './view.ts';

interface Titles {
  readonly doc: string;
  readonly measure: string;
  readonly rules: ReadonlyMap<string, string>;
}

function titlesOf(parts: StudioParts): Map<string, Titles> {
  return new Map(
    parts.passes.map((p) => [
      p.name,
      { doc: p.doc, measure: p.measure, rules: new Map(p.rules.map((r) => [r.name, r.title])) },
    ]),
  );
}

/** What became of each of the model's own operators. */
function fatesOf(optimized: Optimized, ruleTitle: (rule: string) => string): Record<SourceId, string> {
  const fates: Record<SourceId, string> = {};
  for (const pass of optimized.trace.passes) {
    for (const a of pass.applications) for (const s of a.sources) fates[s] = `gone: ${ruleTitle(a.rule)}`;
  }
  for (const id of optimized.initial.sources.keys()) fates[id] ??= 'removed';
  for (const n of optimized.graph.nodes()) {
    for (const s of n.source)
      fates[s] = n.source.length > 1 ? `in ${n.op} with ${n.source.length - 1} more` : 'runs as it is';
  }
  return fates;
}

/** The node a refusal names may be gone by now; its operator is read where it still was. */
const opOf = (graphs: readonly Graph[], id: number): string => {
  for (const g of graphs) {
    const n = g.findNode(id);
    if (n) return n.op;
  }
  return '';
};

/** The trace as the window shows it: no deltas, refusals as sentences. */
export function summarize(parts: StudioParts, optimized: Optimized, revision: number): TraceSummary {
  const titles = titlesOf(parts);
  const allRules = new Map([...titles.values()].flatMap((t) => [...t.rules]));
  const ruleTitle = (rule: string): string => allRules.get(rule) ?? rule;
  const graphs = [optimized.graph, optimized.initial];
  const pass = (p: TracedPass): PassSummary => ({
    pass: p.pass,
    title: p.title,
    doc: titles.get(p.pass)?.doc ?? '',
    measure: titles.get(p.pass)?.measure ?? '',
    run: p.run,
    disabled: p.disabled,
    applications: p.applications.map((a) => ({
      key: a.key,
      rule: a.rule,
      ruleTitle: ruleTitle(a.rule),
      note: a.note,
      place: optimized.initial.sources.get(a.sources[0] ?? '')?.name ?? '',
      sources: [...a.sources],
      removed: a.removed.map(nodeKey),
      added: a.added.map(nodeKey),
    })),
    refusals: p.refusals.map((r) => ({
      rule: r.rule,
      ruleTitle: ruleTitle(r.rule),
      node: nodeKey(r.node),
      op: opOf(graphs, r.node),
      sources: [...r.sources],
      code: r.code,
      text: parts.refusalText(r),
    })),
    after: { ...p.after },
    milliseconds: p.milliseconds,
  });
  const passes = optimized.trace.passes.map(pass);
  const last = passes.at(-1)?.after ?? optimized.trace.before;
  return {
    revision,
    before: { ...optimized.trace.before },
    passes,
    stale: [...optimized.trace.stale],
    headline: {
      operators: optimized.initial.nodeCount,
      layers: last.launches,
      refused: passes.reduce((n, p) => n + p.refusals.length, 0),
    },
    fates: fatesOf(optimized, ruleTitle),
  };
}
