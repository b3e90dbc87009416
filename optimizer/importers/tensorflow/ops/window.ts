import type { ValueId } from '../../../ir/graph.ts';
import { explicitWindow } from '../../../ops/common/window.ts';
import { type Emitter, Unconvertible } from '../../common/emitter.ts';
import type { NodeContext } from '../node.ts';

/* Sliding windows over channels-last data: our operators take channels first, so values are moved there and back. */

export interface Layout {
  /** Whether channels come last in the file's data. */
  readonly last: boolean;
  readonly rank: number;
}

export function layoutOf(c: NodeContext, rank: number): Layout {
  const format = c.text('data_format', rank === 5 ? 'NDHWC' : 'NHWC');
  return { last: !/^NC/.test(format), rank };
}

const spatial = (rank: number): number[] => Array.from({ length: rank - 2 }, (_, i) => i);
export const toFirst = (e: Emitter, x: ValueId, l: Layout): ValueId =>
  l.last ? e.transpose(x, [0, l.rank - 1, ...spatial(l.rank).map((i) => i + 1)]) : x;
export const fromFirst = (e: Emitter, x: ValueId, l: Layout): ValueId =>
  l.last ? e.transpose(x, [0, ...spatial(l.rank).map((i) => i + 2), 1]) : x;

/** Of a list with one entry per dimension, those of the spatial dimensions. */
export function spatialOf(list: readonly number[], l: Layout, fallback: number): number[] {
  const n = l.rank - 2;
  if (list.length === 0) return new Array<number>(n).fill(fallback);
  if (list.length === n) return [...list];
  return l.last ? list.slice(1, 1 + n) : list.slice(2, 2 + n);
}

/** The padding scheme as attributes; explicit ones come as begin and end of every dimension. */
export function paddingOf(c: NodeContext, l: Layout): Readonly<Record<string, string | readonly number[]>> {
  const scheme = c.text('padding', 'VALID');
  if (scheme === 'VALID') return {};
  if (scheme === 'SAME') return { auto_pad: 'SAME_UPPER' };
  if (scheme !== 'EXPLICIT') throw new Unconvertible(`pads in a way that is not known: ${scheme}`);
  const list = c.ints('explicit_paddings');
  const begins = list.filter((_, i) => i % 2 === 0);
  const ends = list.filter((_, i) => i % 2 === 1);
  return { pads: [...spatialOf(begins, l, 0), ...spatialOf(ends, l, 0)] };
}

/** Adds a node with a window and makes its padding explicit where the sizes are known (SAME puts the extra at the end). */
export function windowed(
  e: Emitter,
  op: string,
  inputs: readonly ValueId[],
  attrs: Readonly<Record<string, string | number | readonly number[]>>,
): ValueId {
  const y = e.node(op, inputs, attrs);
  const node = e.graph.producer(y)!;
  explicitWindow(inputs.length > 1)(e.graph, node);
  return y;
}
