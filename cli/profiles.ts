import type { DimRange } from '../optimizer/builder/plan.ts';
import { type ProfileRanges, rangesOfShapes } from '../optimizer/builder/profiles.ts';
import type { Graph } from '../optimizer/ir/graph.ts';
import { UsageError } from './exit.ts';
import { parseCount } from './options.ts';
import type { ProfileFlag } from './profileFlags.ts';

const FLAG = {
  profile: '--profile',
  range: '--range',
  min: '--minShapes',
  opt: '--optShapes',
  max: '--maxShapes',
} as const;

interface Draft {
  ranges: Record<string, DimRange>;
  shapes: Record<'min' | 'opt' | 'max', Record<string, number[]>>;
}

/** The optimization profiles that the options ask for; one without anything where there are none. */
export function parseProfiles(flags: readonly ProfileFlag[], graph: Graph): ProfileRanges[] {
  const drafts: Draft[] = [];
  let at = 0;
  for (const { kind, text } of flags) {
    if (kind === 'profile') {
      at = parseCount('--profile', text, 0);
      if (at > drafts.length)
        throw new UsageError(`--profile ${text}: profiles are counted from 0, one after the other`);
    }
    const draft = (drafts[at] ??= { ranges: {}, shapes: { min: {}, opt: {}, max: {} } });
    if (kind === 'range') Object.assign(draft.ranges, parseRange(text));
    else if (kind !== 'profile') Object.assign(draft.shapes[kind], parseInputShapes(kind, text));
  }
  if (drafts.length === 0) return [{}];
  return drafts.map((d) => rangesOfShapes(graph, d.shapes, d.ranges));
}

/** "N=1,4,8": the range of a symbolic dimension. */
function parseRange(text: string): Record<string, DimRange> {
  const cut = text.indexOf('=');
  const [min, opt, max] = text
    .slice(cut + 1)
    .split(',')
    .map(Number);
  if (
    cut <= 0 ||
    min === undefined ||
    opt === undefined ||
    max === undefined ||
    !(min >= 1 && min <= opt && opt <= max)
  )
    throw new UsageError(`--range ${text}: give SYMBOL=min,opt,max with min ≤ opt ≤ max`);
  return { [text.slice(0, cut)]: { min, opt, max } };
}

/** "ids:1x128,mask:1x128", or "1x128" for the only input. */
function parseInputShapes(kind: 'min' | 'opt' | 'max', text: string): Record<string, number[]> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const cut = Math.max(part.lastIndexOf(':'), part.lastIndexOf('='));
      const given = part.slice(cut + 1);
      const dims = given === 'scalar' ? [] : given.split(/[x×]/).map((d) => (d === '' ? Number.NaN : Number(d)));
      if (dims.some((d) => !Number.isInteger(d) || d < 0))
        throw new UsageError(`${FLAG[kind]} ${part}: give NAME:1x3x224x224, several separated by commas`);
      return [cut < 0 ? '' : part.slice(0, cut), dims];
    }),
  );
}

/** --profile of the commands that run an engine: undefined = whichever fits. */
export const parseProfile = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseCount('--profile', text, 0);
