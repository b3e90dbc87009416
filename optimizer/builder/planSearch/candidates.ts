import { LIBRARIES, libraryOf } from '../libraries.ts';
import type { Candidate } from '../plan.ts';
import type { Option } from './options.ts';

/** Every option of one layer with what became of it, the chosen one first, then by time or estimate. */
export function candidatesOf(
  chosen: Option,
  considered: readonly Option[],
  before: readonly Option[],
  failures: ReadonlyMap<Option, string> | undefined,
  forbidden: readonly Option[],
  barred: readonly Option[],
): Candidate[] {
  const seen = new Set(considered.map(keyOf));
  const list: Candidate[] = considered.flatMap((o) => (o.tactic ? [entry(o, ...judged(o, chosen))] : []));
  for (const o of before) {
    if (!o.tactic || seen.has(keyOf(o))) continue;
    const failure = failures?.get(o);
    list.push(
      failure === undefined
        ? entry(o, 'not timed', 'estimated too slow to be worth timing')
        : entry(o, 'failed', failure),
    );
  }
  list.push(...forbidden.flatMap((o) => (o.tactic ? [entry(o, 'forbidden', 'by your choice')] : [])));
  list.push(...barred.flatMap((o) => (o.tactic ? [entry(o, 'forbidden', notAllowed(o.tactic.name))] : [])));
  const rank = (c: Candidate): number => (c.status === 'chosen' ? 0 : c.time ? 1 : 2);
  const cost = (c: Candidate): number => c.time?.median ?? c.estimate;
  list.sort((a, b) => rank(a) - rank(b) || cost(a) - cost(b) || (a.tactic < b.tactic ? -1 : 1));
  // Options that differ in formats of absent or constant operands alone are the same to whoever reads this.
  const told = new Set<string>();
  return list.filter(({ tactic, formats }) => {
    const key = `${tactic} ${formats}`;
    return !told.has(key) && told.add(key);
  });
}

function notAllowed(tactic: string): string {
  const { option, name } = LIBRARIES.find((l) => l.source === libraryOf(tactic)?.source)!;
  return `the engine would need ${name}: --tactic-sources +${option} allows it`;
}

const sideOf = (formats: readonly string[]): string => formats.filter((f) => f !== '').join(', ');
const formatsOf = (o: Option): string => `${sideOf(o.inputs)} → ${sideOf(o.outputs)}`;
const keyOf = (o: Option): string => `${o.tactic?.name} ${formatsOf(o)}`;

function entry(o: Option, status: Candidate['status'], reason: string): Candidate {
  const { name: tactic, estimate } = o.tactic!;
  const time = o.timing && { min: o.timing.min, median: o.timing.median, max: o.timing.max };
  return { tactic, formats: formatsOf(o), estimate, ...(time ? { time } : {}), status, reason };
}

function judged(o: Option, chosen: Option): [Candidate['status'], string] {
  if (o === chosen) return ['chosen', ''];
  if (o.cost < chosen.cost)
    return ['costlier neighbours', 'faster alone, but its storage costs more in the layers around it'];
  if (chosen.cost <= 0) return ['slower', ''];
  const times = o.cost / chosen.cost;
  return [
    'slower',
    times < 1.005 ? 'as fast as the chosen one' : `${times.toFixed(times < 10 ? 2 : 0)} times the chosen one`,
  ];
}
