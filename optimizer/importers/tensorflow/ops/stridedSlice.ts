import { Unconvertible } from '../../common/emitter.ts';
import type { ConvertNode, NodeContext, OpTable } from '../node.ts';

/** What one dimension of the input goes through. */
interface Cut {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly isDropped: boolean;
}

const LAST = 2 ** 31 - 1;

interface Plan {
  readonly cuts: readonly Cut[];
  /** Places of the result where an axis of length 1 is new. */
  readonly added: readonly number[];
}

/**
 * Reads numpy-like slicing from its five bit masks. Bit i belongs to entry i of begin, end and strides: begin and end
 * may be ignored, an entry may be an ellipsis, a new axis, or a single index whose axis is dropped.
 */
function plan(c: NodeContext, rank: number): Plan {
  const begin = c.known(1, 'where it begins');
  const end = c.known(2, 'where it ends');
  const strides = c.known(3, 'its steps');
  const bit = (mask: string, i: number): boolean => ((c.int(mask, 0) >> i) & 1) === 1;
  const entries = begin.map((_, i) => i);
  const ellipsis = entries.findIndex((i) => bit('ellipsis_mask', i));
  // A new axis takes no dimension of the input; with an ellipsis before it in the same entry the ellipsis wins.
  const isNew = (i: number): boolean => i !== ellipsis && bit('new_axis_mask', i);
  const taken = entries.filter((i) => i !== ellipsis && !isNew(i)).length;
  const whole: Cut = { start: 0, end: LAST, step: 1, isDropped: false };
  const cuts: Cut[] = [];
  const added: number[] = [];
  let at = 0;
  for (const i of entries) {
    if (i === ellipsis) {
      for (let k = 0; k < rank - taken; k++, at++) cuts.push(whole);
    } else if (isNew(i)) added.push(at++);
    else {
      const step = strides[i]!;
      if (bit('shrink_axis_mask', i)) {
        const start = begin[i]!;
        cuts.push({ start, end: start === -1 ? LAST : start + 1, step: 1, isDropped: true });
      } else {
        const start = bit('begin_mask', i) ? (step > 0 ? 0 : -1) : begin[i]!;
        const stop = bit('end_mask', i) ? (step > 0 ? LAST : -LAST - 1) : end[i]!;
        cuts.push({ start, end: stop, step, isDropped: false });
        at++;
      }
    }
  }
  if (cuts.length > rank) throw new Unconvertible(`slices ${cuts.length} dimensions of an input of ${rank}`);
  return { cuts, added };
}

const stridedSlice: ConvertNode = (c) => {
  const { cuts, added } = plan(c, c.rank());
  const used = cuts.flatMap((cut, axis) =>
    cut.start === 0 && cut.end === LAST && cut.step === 1 ? [] : [{ ...cut, axis }],
  );
  let y = c.in(0);
  if (used.length > 0) {
    const list = (f: (u: (typeof used)[number]) => number): number => c.e.ints(...used.map(f));
    const steps = used.some((u) => u.step !== 1) ? [list((u) => u.step)] : [];
    y = c.e.node('Slice', [y, list((u) => u.start), list((u) => u.end), list((u) => u.axis), ...steps]);
  }
  const dropped = cuts.flatMap((cut, axis) => (cut.isDropped ? [axis] : []));
  if (dropped.length > 0) y = c.e.node('Squeeze', [y, c.e.ints(...dropped)]);
  if (added.length > 0) y = c.e.node('Unsqueeze', [y, c.e.ints(...added)]);
  return [y === c.in(0) ? c.e.node('Identity', [y]) : y];
};

export const SLICING: OpTable = { StridedSlice: stridedSlice };
