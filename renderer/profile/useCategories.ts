import { useMemo } from 'react';
import type { Category } from '../../electron/ipc/schemas/graph.ts';
import { layerKey } from '../../electron/ipc/schemas/profile.ts';
import { useStudio } from '../store/store.ts';

/** Operator category per layer of the shown profile; "other" until its graph has been read. */
export function useCategories(): (layer: number) => Category {
  const view = useStudio((s) => (s.profile ? (s.layerGraphs[s.profile.id] ?? null) : null));
  return useMemo(() => {
    const of = new Map(view?.nodes.map((n) => [n.id, n.category]));
    return (layer) => of.get(layerKey(layer)) ?? 'other';
  }, [view]);
}
