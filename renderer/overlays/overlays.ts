import type { OverlayId, StudioState } from '../store/state.ts';
import { bytesText, flopsText, timeText } from '../ui/format.ts';
import { cividis } from '../ui/tokens.ts';

/** A number per source operator that the graph can be coloured by. */
export interface Overlay {
  readonly id: OverlayId;
  readonly title: string;
  readonly text: (value: number) => string;
  readonly max: number;
  /** Value of a node that computes these sources; null where there is none. */
  value(sources: readonly string[]): number | null;
  /** Sources that share one measured kernel with these: a group is shown as a group, its time never split. */
  readonly shared: (sources: readonly string[]) => number;
}

interface Row {
  readonly sources: readonly string[];
  readonly value: number;
}

function overRows(id: OverlayId, title: string, text: (v: number) => string, rows: readonly Row[]): Overlay {
  const of = new Map<string, Row[]>();
  for (const r of rows) for (const s of r.sources) of.set(s, [...(of.get(s) ?? []), r]);
  const rowsOf = (sources: readonly string[]): Set<Row> => new Set(sources.flatMap((s) => of.get(s) ?? []));
  return {
    id,
    title,
    text,
    max: rows.reduce((m, r) => Math.max(m, r.value), 0),
    value: (sources) => {
      const mine = rowsOf(sources);
      if (mine.size === 0) return null;
      let sum = 0;
      for (const r of mine) sum += r.value;
      return sum;
    },
    shared: (sources) => Math.max(0, ...[...rowsOf(sources)].map((r) => r.sources.length)),
  };
}

let last: { key: unknown[]; overlay: Overlay | null } = { key: [], overlay: null };

/** The overlay chosen now, made once per result it shows. */
export function activeOverlay(s: StudioState): Overlay | null {
  const initial = s.views['0.0'];
  const key = [s.overlay, s.profile, initial];
  if (last.key.length === key.length && last.key.every((k, i) => k === key[i])) return last.overlay;
  let overlay: Overlay | null = null;
  if (s.overlay === 'time' && s.profile) {
    const rows = s.profile.layers.map((l) => ({ sources: l.sources, value: l.median }));
    overlay = overRows('time', 'Median time of the layer', timeText, rows);
  } else if ((s.overlay === 'flops' || s.overlay === 'bytes') && initial) {
    const field = s.overlay;
    const rows = initial.nodes.filter((n) => n.kind === 'op').map((n) => ({ sources: n.sources, value: n[field] }));
    overlay =
      field === 'flops'
        ? overRows('flops', 'Floating-point operations', flopsText, rows)
        : overRows('bytes', 'Bytes read and written', bytesText, rows);
  }
  last = { key, overlay };
  return overlay;
}

/** Square root: a layer of a hundredth of the largest is still told from nothing. */
export const shareOf = (o: Overlay, value: number): number => (o.max > 0 ? Math.sqrt(Math.min(1, value / o.max)) : 0);
export const colourOf = (o: Overlay, value: number | null): string | null =>
  value === null ? null : cividis(shareOf(o, value));
