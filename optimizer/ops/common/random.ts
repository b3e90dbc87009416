import { type AttrSpec, defineOp, type OpDef } from '../op.ts';
import { dtypeOfCode } from './dtypes.ts';
import { dtypeOf, typeAt } from './shapes.ts';

/** What tells the distributions apart: their two parameters. */
type Parameters = Readonly<Record<string, AttrSpec>>;
export const NORMAL: Parameters = { mean: { type: 'float', default: 0 }, scale: { type: 'float', default: 1 } };
export const UNIFORM: Parameters = { high: { type: 'float', default: 1 }, low: { type: 'float', default: 0 } };

const common = { category: 'other', since: [1, 22], outputs: [1, 1] } as const;

/** Random numbers in a tensor of a given shape. */
export const random = (op: string, parameters: Parameters): OpDef =>
  defineOp({
    ...common,
    op,
    attrs: {
      dtype: { type: 'int', default: 1 },
      ...parameters,
      seed: { type: 'float' },
      shape: { type: 'ints', required: true },
    },
    inputs: [0, 0],
    infer: (ctx) => ({
      types: [{ dtype: dtypeOfCode(ctx.attr<number>('dtype')), shape: ctx.attr<readonly number[]>('shape') }],
    }),
  });

/** Random numbers in a tensor of the input's shape. */
export const randomLike = (op: string, parameters: Parameters): OpDef =>
  defineOp({
    ...common,
    op,
    attrs: { dtype: { type: 'int' }, ...parameters, seed: { type: 'float' } },
    inputs: [1, 1],
    infer(ctx) {
      const code = ctx.node.attrs.dtype as number | undefined;
      return {
        types: [{ dtype: code === undefined ? dtypeOf(ctx, 0) : dtypeOfCode(code), shape: typeAt(ctx, 0).shape }],
      };
    },
  });
