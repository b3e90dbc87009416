import type { GraphPoint } from '../../../electron/ipc/schemas/graph.ts';
import type { StudioState } from '../state.ts';
import { get, set } from '../store.ts';

export const showPass = (pass: number): void => set({ cursor: { pass, application: null } });
export const showApplication = (pass: number, application: number): void => set({ cursor: { pass, application } });

/** To the next or previous pass that did something. */
export function movePass(by: 1 | -1): void {
  const { trace, cursor } = get();
  if (!trace) return;
  for (let i = cursor.pass + by; i >= 0 && i < trace.passes.length; i += by) {
    if (trace.passes[i]!.applications.length > 0) return showPass(i);
  }
}

/** One application forwards or backwards, over the ends of passes. */
export function step(by: 1 | -1): void {
  const { trace, cursor } = get();
  const pass = trace?.passes[cursor.pass];
  if (!trace || !pass) return;
  const at = cursor.application === null ? (by === 1 ? 0 : -1) : cursor.application + by;
  if (at >= 0 && at < pass.applications.length) return showApplication(cursor.pass, at);
  for (let i = cursor.pass + by; i >= 0 && i < trace.passes.length; i += by) {
    const n = trace.passes[i]!.applications.length;
    if (n > 0) return showApplication(i, by === 1 ? 0 : n - 1);
  }
}

/** The two points of the trace that the cursor compares; null while there is no trace. */
export function comparedPoints(
  s: Pick<StudioState, 'cursor' | 'trace'>,
): { before: GraphPoint; after: GraphPoint } | null {
  const { trace, cursor } = s;
  if (!trace || cursor.pass >= trace.passes.length) return null;
  if (cursor.application === null) {
    return { before: { passes: cursor.pass, applications: 0 }, after: { passes: cursor.pass + 1, applications: 0 } };
  }
  return {
    before: { passes: cursor.pass, applications: cursor.application },
    after: { passes: cursor.pass, applications: cursor.application + 1 },
  };
}
