import type { Delta, Graph } from '../ir/graph.ts';
import type { Optimized } from './pass.ts';

/** Deltas up to this many steps away from a checkpoint are replayed; more of them get a checkpoint of their own. */
const STRIDE = 1024;

interface Replay {
  readonly deltas: readonly Delta[];
  /** Index into `deltas` at which each pass begins; one more for the end. */
  readonly starts: readonly number[];
  readonly checkpoints: Map<number, Graph>;
}

const replays = new WeakMap<Optimized, Replay>();

function replayOf(optimized: Optimized): Replay {
  let replay = replays.get(optimized);
  if (!replay) {
    const deltas: Delta[] = [];
    const starts: number[] = [];
    for (const p of optimized.trace.passes) {
      starts.push(deltas.length);
      for (const a of p.applications) deltas.push(a.delta);
    }
    starts.push(deltas.length);
    const checkpoints = new Map([
      [0, optimized.initial],
      [deltas.length, optimized.graph],
    ]);
    replays.set(optimized, (replay = { deltas, starts, checkpoints }));
  }
  return replay;
}

/**
 * The graph as it was before an application. It is the caller's own copy; checkpoints keep any step within a few
 * milliseconds of the next. Throws RangeError for a step that the trace does not have.
 */
export function graphAt(optimized: Optimized, pass: number, application: number): Graph {
  const { deltas, starts, checkpoints } = replayOf(optimized);
  const start = starts[pass];
  const at = (start ?? 0) + application;
  const last = starts[pass + 1] ?? deltas.length;
  if (start === undefined || application < 0 || at > last) {
    throw new RangeError(`the trace has no step ${application} of pass ${pass}`);
  }
  let near = 0;
  for (const c of checkpoints.keys()) if (Math.abs(c - at) < Math.abs(near - at)) near = c;
  const graph = checkpoints.get(near)!.clone();
  for (let i = near; i !== at; ) {
    if (i < at) graph.apply(deltas[i++]!, 'forward');
    else graph.apply(deltas[--i]!, 'backward');
    if (i !== at && i % STRIDE === 0 && !checkpoints.has(i)) checkpoints.set(i, graph.clone());
  }
  return graph;
}
