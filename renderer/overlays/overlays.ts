import { layerIds } from '../../optimizer/engine/profile/compare/profile.ts';
import { STORAGE_TITLE, storageOf } from '../store/precision.ts';
import { drawsLayers, type OverlayId, profileOnGraph, type StudioState } from '../store/state.ts';
import { bytesText, flopsText, timeText } from '../ui/format.ts';
import { cividis } from '../ui/tokens.ts';

/** A number per source operator that the graph can be coloured by. */
export interface Overlay {
  readonly id: OverlayId;
  readonly title: string;
  readonly text: (value: number) => string;
  readonly min: number;
  readonly max: number;
  /** linear: from the least to the largest value; sqrt: from 0. */
  readonly scale: 'sqrt' | 'linear';
  /** Where values are kinds and not amounts: what each stands for. */
  readonly kinds: readonly { readonly value: number; readonly title: string }[] | null;
  /** Value of a node that computes these sources; null where there is none. */
  value(sources: readonly string[]): number | null;
  /** Sources that share one measured kernel with these: a group is shown as a group, its time never split. */
  readonly shared: (sources: readonly string[]) => number;
}

interface Row {
  readonly sources: readonly string[];
  readonly value: number;
}

interface Style {
  readonly scale?: Overlay['scale'];
  readonly kinds?: Overlay['kinds'];
  /** What stands for a node that several rows share: their sum, or the least. */
  readonly combine?: 'sum' | 'least';
}

function overRows(
  id: OverlayId,
  title: string,
  text: (v: number) => string,
  rows: readonly Row[],
  style: Style = {},
): Overlay {
  const of = new Map<string, Row[]>();
  for (const r of rows) for (const s of r.sources) of.set(s, [...(of.get(s) ?? []), r]);
  const rowsOf = (sources: readonly string[]): Set<Row> => new Set(sources.flatMap((s) => of.get(s) ?? []));
  return {
    id,
    title,
    text,
    min: style.scale === 'linear' ? rows.reduce((m, r) => Math.min(m, r.value), Number.POSITIVE_INFINITY) : 0,
    max: rows.reduce((m, r) => Math.max(m, r.value), style.scale === 'linear' ? Number.NEGATIVE_INFINITY : 0),
    scale: style.scale ?? 'sqrt',
    kinds: style.kinds ?? null,
    value: (sources) => {
      const mine = rowsOf(sources);
      if (mine.size === 0) return null;
      if (style.combine === 'least') return Math.min(...[...mine].map((r) => r.value));
      let sum = 0;
      for (const r of mine) sum += r.value;
      return sum;
    },
    shared: (sources) => Math.max(0, ...[...rowsOf(sources)].map((r) => r.sources.length)),
  };
}

/** From the fewest bits up. */
const KINDS = ['int8', 'bf16', 'fp16', 'fp32'] as const;

const kindOf = (dtype: string): (typeof KINDS)[number] =>
  dtype === 'float16' ? 'fp16' : dtype === 'bfloat16' ? 'bf16' : /^u?int8$/.test(dtype) ? 'int8' : 'fp32';

let last: { key: unknown[]; overlay: Overlay | null } = { key: [], overlay: null };

/** The overlay chosen now, made once per result it shows. */
export function activeOverlay(s: StudioState): Overlay | null {
  const layers = s.step === 'profile' && drawsLayers(s) && s.profile ? s.layerGraphs[s.profile.id] : undefined;
  const initial = layers ?? s.views['0.0'];
  const profile = profileOnGraph(s);
  const key = [s.overlay, profile, initial, s.precision.sensitivity, s.build];
  if (last.key.length === key.length && last.key.every((k, i) => k === key[i])) return last.overlay;
  let overlay: Overlay | null = null;
  if (s.overlay === 'time' && profile) {
    const rows = profile.layers.map((l) => ({ sources: layerIds(profile, l), value: l.median }));
    overlay = overRows('time', 'Median time of the layer', timeText, rows);
  } else if (s.overlay === 'memory' && profile) {
    const rows = profile.memory.blocks
      .filter((b) => b.layer >= 0)
      .map((b) => ({ sources: layerIds(profile, profile.layers[b.layer]!), value: b.bytes }));
    overlay = overRows('memory', 'Bytes that results and workspace hold', bytesText, rows);
  } else if (s.overlay === 'sqnr' && s.precision.sensitivity) {
    const rows = s.precision.sensitivity.layers
      .filter((l) => Number.isFinite(l.sqnr))
      .map((l) => ({ sources: l.sources, value: l.sqnr }));
    const decibels = (v: number): string => `${v.toFixed(0)} dB`;
    overlay = overRows('sqnr', 'SQNR in INT8', decibels, rows, { scale: 'linear', combine: 'least' });
  } else if (s.overlay === 'precision' && (layers || s.build)) {
    // The engine's own layers say what they compute in; a build says it of the model's operators.
    const rows =
      layers && profile
        ? profile.layers.map((l) => ({ sources: layerIds(profile, l), value: KINDS.indexOf(kindOf(l.dtype)) }))
        : (s.build?.report.layers ?? []).map((l) => ({ sources: l.sources, value: KINDS.indexOf(storageOf(l)) }));
    const kinds = KINDS.flatMap((k, value) =>
      rows.some((r) => r.value === value) ? [{ value, title: STORAGE_TITLE[k] }] : [],
    );
    const text = (v: number): string => STORAGE_TITLE[KINDS[v] ?? 'fp32'];
    overlay = overRows('precision', 'Precision', text, rows, { scale: 'linear', combine: 'least', kinds });
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
export function shareOf(o: Overlay, value: number): number {
  if (o.kinds) return value / (KINDS.length - 1);
  if (o.scale === 'linear') return o.max > o.min ? (value - o.min) / (o.max - o.min) : 1;
  return o.max > 0 ? Math.sqrt(Math.min(1, value / o.max)) : 0;
}
export const colourOf = (o: Overlay, value: number | null): string | null =>
  value === null ? null : cividis(shareOf(o, value));
