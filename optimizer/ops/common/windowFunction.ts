import type { OpDef } from '../op.ts';
import { composed } from './compose.ts';

/** HannWindow and its kin: Σ over k of coefficients[k] · cos(2πk·n / D), n from 0 to the given length. */
export const windowFunction = (op: string, coefficients: readonly number[]): OpDef =>
  composed(
    {
      op,
      since: [17],
      attrs: { output_datatype: { type: 'int', default: 1 }, periodic: { type: 'int', default: 1 } },
      inputs: [1, 1],
      outputs: [1, 1],
    },
    (c) => {
      const dtype = c.dtype(0);
      const length = c.input(0);
      const n = c.op('Range', [c.scalar(dtype, 0), length, c.scalar(dtype, 1)]);
      const size = c.attr('periodic') === 1 ? length : c.op('Sub', [length, c.scalar(dtype, 1)]);
      const to = { to: 11 };
      const turn = c.op('Div', [c.op('Cast', [n], to), c.op('Cast', [size], to)]);
      let sum = c.scalar('float64', coefficients[0]!);
      for (const [k, a] of coefficients.entries()) {
        if (k === 0) continue;
        const wave = c.op('Cos', [c.op('Mul', [turn, c.scalar('float64', 2 * Math.PI * k)])]);
        sum = c.op('Add', [sum, c.op('Mul', [wave, c.scalar('float64', a)])]);
      }
      c.finish('Cast', [sum], { to: c.attr('output_datatype') });
    },
  );
