import { useEffect, useState } from 'react';
import type { GraphPoint, NodeDetail } from '../../../electron/ipc/schemas/graph.ts';
import { host } from '../../host/connection.ts';
import { comparedPoints } from '../../store/actions/cursor.ts';
import { sentence } from '../../store/actions/notify.ts';
import { busy } from '../../store/idle.ts';
import { finalPoint, INITIAL, type StudioState } from '../../store/state.ts';
import { get, useStudio } from '../../store/store.ts';

/** Points at which the focused node may be found, most likely first. */
function candidates(s: StudioState): GraphPoint[] {
  const compared = comparedPoints(s);
  if (s.step === 'passes' && compared) return [compared.after, compared.before, INITIAL, finalPoint(s.trace)];
  const final = finalPoint(s.trace);
  return s.step === 'build' || s.step === 'profile' || s.step === 'precision' ? [final, INITIAL] : [INITIAL, final];
}

export interface Detail {
  readonly point: GraphPoint;
  readonly detail: NodeDetail;
}

/** A node lives at some points of the trace only: the first that has it answers. */
async function findNode(model: string, node: string, points: readonly GraphPoint[]): Promise<Detail> {
  let last: unknown = null;
  for (const point of points) {
    try {
      return { point, detail: await host().node({ model, point, node }) };
    } catch (e) {
      last = e;
    }
  }
  throw last;
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
    busy(findNode(model, focus, candidates(get()))).then(
      (value) => current && setState({ key, value }),
      (e: unknown) => current && setState({ key, value: sentence(e) }),
    );
    return () => {
      current = false;
    };
  }, [focus, model, key]);
  return state?.key === key ? state.value : null;
}
