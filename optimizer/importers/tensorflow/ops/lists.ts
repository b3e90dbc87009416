import type { ValueId } from '../../../ir/graph.ts';
import { Unconvertible } from '../../common/emitter.ts';
import type { ConvertNode, NodeContext, OpTable, TensorList } from '../node.ts';

/* Lists of tensors live only while the model is opened: loops are unrolled, so every index is known. */

const MAX_ITEMS = 4096;

const reserve: ConvertNode = (c) => {
  const n = c.known(1, 'how many tensors its list holds')[0]!;
  if (n < 0 || n > MAX_ITEMS) throw new Unconvertible(`makes a list of ${n} tensors`);
  return [{ items: new Array<null>(n).fill(null) }];
};

const fromTensor: ConvertNode = (c) => {
  const n = c.shape()[0];
  if (typeof n !== 'number' || n > MAX_ITEMS) throw new Unconvertible('makes a list of an unknown number of tensors');
  const parts =
    n === 1 ? [c.in(0)] : c.e.nodes('Split', [c.in(0), c.e.ints(...new Array<number>(n).fill(1))], { axis: 0 }, n);
  return [{ items: parts.map((p) => c.e.node('Squeeze', [p, c.e.ints(0)])) }];
};

function at(c: NodeContext, list: TensorList): number {
  const i = c.known(1, 'an index into a list')[0]!;
  if (i < 0 || i >= list.items.length) throw new Unconvertible(`reads item ${i} of a list of ${list.items.length}`);
  return i;
}

const getItem: ConvertNode = (c) => {
  const list = c.list(0);
  const v = list.items[at(c, list)];
  if (v === null || v === undefined) throw new Unconvertible('reads an item of a list that nothing has set');
  return [v];
};

const setItem: ConvertNode = (c) => {
  const list = c.list(0);
  const i = c.known(1, 'an index into a list')[0]!;
  const items = [...list.items];
  while (items.length <= i) items.push(null);
  items[i] = c.in(2);
  return [{ items }];
};

/** Items in one tensor along a new first axis. */
const stack: ConvertNode = (c) => {
  const { items } = c.list(0);
  if (items.length === 0 || items.some((v) => v === null)) throw new Unconvertible('stacks a list that is not full');
  const rows = items.map((v) => c.e.node('Unsqueeze', [v as ValueId, c.e.ints(0)]));
  return [rows.length === 1 ? rows[0]! : c.e.node('Concat', rows, { axis: 0 })];
};

const length: ConvertNode = (c) => [c.e.scalar(c.list(0).items.length, 'int32')];

export const LISTS: OpTable = {
  EmptyTensorList: () => [{ items: [] }],
  TensorListFromTensor: fromTensor,
  TensorListGetItem: getItem,
  TensorListLength: length,
  TensorListPushBack: (c) => [{ items: [...c.list(0).items, c.in(1)] }],
  TensorListReserve: reserve,
  TensorListSetItem: setItem,
  TensorListStack: stack,
};
