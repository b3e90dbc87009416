import type { ReportPass } from '../exporters/html/report.ts';
import type { Pass, Trace, TracedRefusal } from '../passes/pass.ts';

/** The trace as an HTML report tells of it: counts, and why fusions were refused, most frequent reason first. */
export function reportPasses(
  trace: Trace,
  passes: readonly Pass[],
  refusalText: (r: TracedRefusal) => string,
): ReportPass[] {
  const docs = new Map(passes.map((p) => [p.name, p.doc]));
  return trace.passes.map((p, i) => {
    const reasons = new Map<string, number>();
    for (const r of p.refusals) reasons.set(refusalText(r), (reasons.get(refusalText(r)) ?? 0) + 1);
    return {
      title: p.title,
      doc: docs.get(p.pass) ?? '',
      disabled: p.disabled,
      applications: p.applications.length,
      refusals: p.refusals.length,
      nodesBefore: (trace.passes[i - 1]?.after ?? trace.before).nodes,
      nodesAfter: p.after.nodes,
      reasons: [...reasons].map(([text, count]) => ({ text, count })).sort((a, b) => b.count - a.count),
    };
  });
}
