import { useEffect, useState } from 'react';
import type { GraphPoint, NodeDetail } from '../../../electron/ipc/schemas/graph.ts';
import { host } from '../../host/connection.ts';
import { comparedPoints } from '../../store/actions/cursor.ts';
import { sentence } from '../../store/actions/notify.ts';
import { busy } from '../../store/idle.ts';
import { finalPoint, INITIAL, pointKey, type StudioState } from '../../store/state.ts';
import { get, useStudio } from '../../store/store.ts';

/** Points at which the focused node may be found, most likely first. */
function candidates(s: StudioState): GraphPoint[] {
  const compared = comparedPoints(s);
  const passes = s.step === 'passes' && compared ? [compared.before, compared.after] : [];
  return [...passes, INITIAL, finalPoint(s.trace)];
}

export interface Detail {
  readonly point: GraphPoint;
  readonly detail: NodeDetail;
}

/** Details of the focused node, from the graph that is shown. */
export function useDetail(): Detail | string | null {
  const focus = useStudio((s) => s.focus);
  const model = useStudio((s) => s.model?.model ?? null);
  const revision = useStudio((s) => s.trace?.revision ?? 0);
  const [state, setState] = useState<{ key: string; value: Detail | string } | null>(null);
  const key = `${model}/${revision}/${focus}`;
  useEffect(() => {
    if (focus === null || model === null || !focus.startsWith('n')) return;
    let current = true;
    const s = get();
    const point = candidates(s).find((p) => s.views[pointKey(p)]?.nodes.some((n) => n.id === focus)) ?? INITIAL;
    busy(host().node({ model, point, node: focus })).then(
      (detail) => current && setState({ key, value: { point, detail } }),
      (e: unknown) => current && setState({ key, value: sentence(e) }),
    );
    return () => {
      current = false;
    };
  }, [focus, model, key]);
  return state?.key === key ? state.value : null;
}
