import type { Application, Refusal, TraceSummary } from '../../../electron/ipc/schemas/trace.ts';

export interface Story {
  readonly made: readonly {
    readonly pass: number;
    readonly index: number;
    readonly title: string;
    readonly application: Application;
  }[];
  readonly refused: readonly { readonly pass: number; readonly title: string; readonly refusal: Refusal }[];
}

/** All that happened to, and was refused at, these source operators, in the order of the passes. */
export function storyOf(trace: TraceSummary, sources: ReadonlySet<string>): Story {
  const touches = (ids: readonly string[]): boolean => ids.some((s) => sources.has(s));
  return {
    made: trace.passes.flatMap((p, pass) =>
      p.applications.flatMap((application, index) =>
        touches(application.sources) ? [{ pass, index, title: p.title, application }] : [],
      ),
    ),
    refused: trace.passes.flatMap((p, pass) =>
      p.refusals.flatMap((refusal) => (touches(refusal.sources) ? [{ pass, title: p.title, refusal }] : [])),
    ),
  };
}

export interface ReasonGroup {
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly refusals: readonly Refusal[];
}
/** Refusals of the same rule for the same reason, most frequent first. */
export function byReason(refusals: readonly Refusal[]): ReasonGroup[] {
  const groups = new Map<string, Refusal[]>();
  for (const r of refusals) groups.set(`${r.rule}\n${r.text}`, [...(groups.get(`${r.rule}\n${r.text}`) ?? []), r]);
  return [...groups]
    .map(([key, list]) => ({ key, title: list[0]!.ruleTitle, text: list[0]!.text, refusals: list }))
    .sort((a, b) => b.refusals.length - a.refusals.length);
}
