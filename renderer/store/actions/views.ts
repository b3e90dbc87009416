import type { GraphPoint, GraphView } from '../../../electron/ipc/schemas/graph.ts';
import { host } from '../../host/connection.ts';
import { busy } from '../idle.ts';
import { pointKey } from '../state.ts';
import { get, set } from '../store.ts';
import { notify, sentence, wasCancelled } from './notify.ts';

const KEPT = 8;
const loading = new Map<string, Promise<GraphView | null>>();

/** The graph at a point of the current trace, asked of the host once. */
export function loadView(point: GraphPoint): Promise<GraphView | null> {
  const { model, trace, views } = get();
  const key = pointKey(point);
  const there = views[key];
  if (there) return Promise.resolve(there);
  if (!model) return Promise.resolve(null);
  const revision = trace?.revision ?? 0;
  const id = `${model.model}/${revision}/${key}`;
  const running = loading.get(id);
  if (running) return running;
  const work = busy(host().view({ model: model.model, point })).then(
    (view) => {
      const now = get();
      if (now.model?.model === model.model && (now.trace?.revision ?? 0) === revision) {
        const kept = Object.entries(now.views).slice(-KEPT);
        set({ views: { ...Object.fromEntries(kept), [key]: view } });
      }
      return view;
    },
    (e: unknown) => {
      if (!wasCancelled(e)) notify('error', sentence(e));
      return null;
    },
  );
  loading.set(id, work);
  void work.finally(() => loading.delete(id));
  return work;
}
