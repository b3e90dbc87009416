import type { Graph, SourceId } from '../../ir/graph.ts';
import { BuildError, type PlanLayer } from '../plan.ts';
import type { TacticRules } from '../planSearch/options.ts';

/** Tactics pinned and forbidden by a person; operators by source id or by name in the model. */
export interface TacticChoices {
  /** The tactic of an operator's layer. */
  readonly pin?: Readonly<Record<string, string>>;
  /** A tactic name, where `*` stands for any letters: for the whole engine, or after OPERATOR= for one layer. */
  readonly forbid?: readonly string[];
}

/** Throws BuildError when a choice names no operator of the model: a typing mistake would otherwise go unnoticed. */
export function tacticRules(graph: Graph, choices: TacticChoices): TacticRules {
  const pinned = new Map<SourceId, string>();
  for (const [name, tactic] of Object.entries(choices.pin ?? {})) {
    for (const id of sourcesCalled(graph, name)) pinned.set(id, tactic);
  }
  const forbidden: { pattern: RegExp; sources: ReadonlySet<SourceId> | null }[] = [];
  for (const text of choices.forbid ?? []) {
    const at = text.lastIndexOf('=');
    const sources = at < 0 ? null : new Set(sourcesCalled(graph, text.slice(0, at)));
    forbidden.push({ pattern: patternOf(text.slice(at + 1)), sources });
  }
  return {
    pinned: (l: PlanLayer) => l.sources.map((s) => pinned.get(s)).find((t) => t !== undefined),
    forbidden: (l: PlanLayer, tactic: string) =>
      forbidden.some((f) => f.pattern.test(tactic) && (f.sources === null || l.sources.some((s) => f.sources!.has(s)))),
  };
}

function sourcesCalled(graph: Graph, name: string): SourceId[] {
  const hits = [...graph.sources.values()].filter((s) => s.id === name || s.name === name).map((s) => s.id);
  if (hits.length === 0) throw new BuildError(`no operator of the model is called "${name}"`);
  return hits;
}

const patternOf = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
