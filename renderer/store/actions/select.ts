import type { ViewNode } from '../../../electron/ipc/schemas/graph.ts';
import { type LayerTime, layerKey } from '../../../electron/ipc/schemas/profile.ts';
import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import { drawsLayers, finalPoint, pointKey } from '../state.ts';
import { get, set } from '../store.ts';

interface Place {
  readonly sources: readonly string[];
  readonly focus: string | null;
}
const history: Place[] = [];
let at = -1;

/** Selects source operators everywhere; `focus` is the node whose details are shown. */
export function select(sources: readonly string[], focus: string | null): void {
  const last = history[at];
  if (last && last.focus === focus && last.sources.join() === sources.join()) return;
  history.splice(at + 1, history.length, { sources, focus });
  at = history.length - 1;
  set({ selection: new Set(sources), focus });
}
export const selectNode = (n: Pick<ViewNode, 'id' | 'sources'>): void => select(n.sources, n.id);
/** Selects a layer of an engine: its sources, and the node of the optimized graph that stands for it. */
export function selectLayer(sources: readonly string[]): void {
  const { views, trace } = get();
  const mine = new Set(sources);
  const shares = (n: ViewNode): number => n.sources.filter((s) => mine.has(s)).length;
  const nodes = views[pointKey(finalPoint(trace))]?.nodes ?? [];
  const best = nodes.filter((n) => shares(n) > 0).sort((a, b) => shares(b) - shares(a))[0];
  select(sources, best?.id ?? null);
}
/** Selects a layer of the shown profile in whichever graph stands beside it. */
export function selectProfileLayer(l: Pick<LayerTime, 'layer' | 'sources'>): void {
  const { profile } = get();
  if (!profile) return;
  if (drawsLayers(get())) select(layerIds(profile, l), layerKey(l.layer));
  else if (l.sources.length > 0) selectLayer(l.sources);
  else select(layerIds(profile, l), null);
}
export const clearSelection = (): void => set({ selection: new Set(), focus: null });
export function hover(sources: readonly string[]): void {
  if (sources.length === 0 && get().hover.size === 0) return;
  set({ hover: new Set(sources) });
}

/** Walks the selection history: −1 back, +1 forward. */
export function walkHistory(by: -1 | 1): void {
  const place = history[at + by];
  if (!place) return;
  at += by;
  set({ selection: new Set(place.sources), focus: place.focus });
}
