import { elementCount } from '../../../ir/dim.ts';
import type { ValueId } from '../../../ir/graph.ts';
import { Unconvertible } from '../../common/emitter.ts';
import { ImportError } from '../../error.ts';
import type { ConvertLayer, LayerContext, LayerTable } from '../layer.ts';

/*
 * Recurrent layers read x[T, N, …] and cont[T, N], which is 0 where a new sequence starts in the middle of the data:
 * the state is then forgotten. Nothing in a standard LSTM does that, so the steps are written out.
 */

interface Sequence {
  readonly steps: number;
  readonly hidden: number;
  /** x·W + b of all steps, [T, N, gates·H]. */
  readonly projected: ValueId;
  /** Blob that the next weights come from. */
  readonly next: number;
  /** cont of step t as [N, 1]. */
  cont(t: number): ValueId;
  /** Initial states, [N, H] each: bottoms with expose_hidden, else zeros. */
  readonly states: ValueId[];
}

function sequence(c: LayerContext, gates: number, stateCount: number): Sequence {
  const { e } = c;
  const p = c.settings('recurrent_param');
  const hidden = p.num_output as number;
  const [steps, batch] = [c.length(0), c.length(1)];
  const inner = elementCount(c.shape().slice(2));
  if (typeof inner !== 'number') throw new Unconvertible('needs the size of its input to be known');
  const flat = c.shape().length === 3 ? c.bottom() : e.reshape(c.bottom(), [0, 0, inner]);
  let projected = e.node('Add', [product(c, flat, 0, gates * hidden, inner), c.blob(1, [gates * hidden])]);
  const exposed = p.expose_hidden === true ? stateCount : 0;
  const isStatic = c.bottoms.length - exposed > 2;
  if (isStatic) {
    const size = elementCount(c.shape(2).slice(1));
    if (typeof size !== 'number') throw new Unconvertible('needs the size of its static input to be known');
    const fixed = c.shape(2).length === 2 ? c.bottom(2) : e.reshape(c.bottom(2), [0, size]);
    // The same for all steps: broadcast over the first axis.
    const added = product(c, fixed, 2, gates * hidden, size);
    projected = e.node('Add', [projected, e.reshape(added, [1, batch, gates * hidden])]);
  }
  const shape = c.shape(1);
  if (shape.length !== 2) throw new ImportError('bad-shape', `${c.label} needs a second bottom of T×N.`);
  const first = c.bottoms.length - exposed;
  return {
    steps,
    hidden,
    projected,
    next: isStatic ? 3 : 2,
    cont: (t) => e.reshape(e.slice(c.bottom(1), 0, t, t + 1), [batch, 1]),
    states: Array.from({ length: stateCount }, (_, i) =>
      exposed > 0
        ? e.reshape(c.bottom(first + i), [batch, hidden])
        : e.node('Expand', [e.scalar(0), e.ints(batch, hidden)]),
    ),
  };
}

/** x · Wᵀ with W[n, k] from a blob. */
function product(c: LayerContext, x: ValueId, blob: number, n: number, k: number): ValueId {
  const w = c.blob(blob, [n, k]);
  return c.e.node('MatMul', [x, c.e.transpose(w, [1, 0])]);
}

const stepOf = (c: LayerContext, s: Sequence, t: number, width: number): ValueId =>
  c.e.reshape(c.e.slice(s.projected, 0, t, t + 1), [c.length(1), width]);

const results = (c: LayerContext, s: Sequence, outputs: ValueId[], states: ValueId[]): ValueId[] => {
  const rows = outputs.map((h) => c.e.reshape(h, [1, c.length(1), s.hidden]));
  const y = rows.length === 1 ? rows[0]! : c.e.node('Concat', rows, { axis: 0 });
  const last = states.map((v) => c.e.reshape(v, [1, c.length(1), s.hidden]));
  return [y, ...last].slice(0, c.layer.top.length);
};

/** Gates in the order input, forget, output, candidate. */
const lstm: ConvertLayer = (c) => {
  const { e } = c;
  const s = sequence(c, 4, 2);
  const h4 = 4 * s.hidden;
  const w = e.transpose(c.blob(s.next, [h4, s.hidden]), [1, 0]);
  let [h, cell] = s.states as [ValueId, ValueId];
  const outputs: ValueId[] = [];
  for (let t = 0; t < s.steps; t++) {
    const cont = s.cont(t);
    const gates = e.node('Add', [stepOf(c, s, t, h4), e.node('MatMul', [e.node('Mul', [h, cont]), w])]);
    const parts = e.nodes('Split', [gates, e.ints(s.hidden, s.hidden, s.hidden, s.hidden)], { axis: 1 }, 4);
    const [i, f, o] = parts.slice(0, 3).map((v) => e.node('Sigmoid', [v])) as [ValueId, ValueId, ValueId];
    const g = e.node('Tanh', [parts[3]!]);
    const kept = e.node('Mul', [f, e.node('Mul', [cell, cont])]);
    cell = e.node('Add', [kept, e.node('Mul', [i, g])]);
    h = e.node('Mul', [o, e.node('Tanh', [cell])]);
    outputs.push(h);
  }
  return results(c, s, outputs, [h, cell]);
};

/** h = tanh(W_hh·h·cont + W_xh·x + b_h); o = tanh(W_ho·h + b_o). */
const rnn: ConvertLayer = (c) => {
  const { e } = c;
  const s = sequence(c, 1, 1);
  const recurrent = e.transpose(c.blob(s.next, [s.hidden, s.hidden]), [1, 0]);
  const out = e.transpose(c.blob(s.next + 1, [s.hidden, s.hidden]), [1, 0]);
  const bias = c.blob(s.next + 2, [s.hidden]);
  let h = s.states[0]!;
  const outputs: ValueId[] = [];
  for (let t = 0; t < s.steps; t++) {
    const carried = e.node('MatMul', [e.node('Mul', [h, s.cont(t)]), recurrent]);
    h = e.node('Tanh', [e.node('Add', [carried, stepOf(c, s, t, s.hidden)])]);
    outputs.push(e.node('Tanh', [e.node('Add', [e.node('MatMul', [h, out]), bias])]));
  }
  return results(c, s, outputs, [h]);
};

export const RECURRENT: LayerTable = { LSTM: lstm, RNN: rnn };
