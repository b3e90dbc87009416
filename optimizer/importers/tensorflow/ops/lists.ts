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
  return [{ items: splitRows(c, 0, n) }];
};

/** Rows along the first axis, each without it. */
function splitRows(c: NodeContext, input: number, n: number): ValueId[] {
  const x = c.in(input);
  const parts = n === 1 ? [x] : c.e.nodes('Split', [x, c.e.ints(...new Array<number>(n).fill(1))], { axis: 0 }, n);
  return parts.map((p) => c.e.node('Squeeze', [p, c.e.ints(0)]));
}

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
function stacked(c: NodeContext, items: readonly (ValueId | null)[]): ValueId {
  if (items.length === 0 || items.some((v) => v === null)) throw new Unconvertible('stacks a list that is not full');
  const rows = items.map((v) => c.e.node('Unsqueeze', [v as ValueId, c.e.ints(0)]));
  return rows.length === 1 ? rows[0]! : c.e.node('Concat', rows, { axis: 0 });
}
const stack: ConvertNode = (c) => [stacked(c, c.list(0).items)];

/* Arrays of TensorFlow 1 are lists too: what they hold travels in their "flow", the last input. */

const array: ConvertNode = (c) => {
  const n = c.known(0, 'how many tensors its array holds')[0]!;
  if (n < 0 || n > MAX_ITEMS) throw new Unconvertible(`makes an array of ${n} tensors`);
  const list = { items: new Array<null>(n).fill(null) };
  return [list, list];
};
const arrayRead: ConvertNode = (c) => {
  const v = c.list(2).items[c.known(1, 'an index into an array')[0]!];
  if (v === null || v === undefined) throw new Unconvertible('reads an item of an array that nothing has set');
  return [v];
};
const arrayWrite: ConvertNode = (c) => {
  const items = [...c.list(3).items];
  const i = c.known(1, 'an index into an array')[0]!;
  while (items.length <= i) items.push(null);
  items[i] = c.in(2);
  return [{ items }];
};
const arrayScatter: ConvertNode = (c) => {
  const items = [...c.list(3).items];
  const places = c.known(1, 'the places in an array');
  const parts = splitRows(c, 2, places.length);
  places.forEach((p, i) => {
    while (items.length <= p) items.push(null);
    items[p] = parts[i]!;
  });
  return [{ items }];
};
const arrayGather: ConvertNode = (c) => {
  const { items } = c.list(2);
  const rows = c.known(1, 'the places in an array').map((p) => items[p] ?? null);
  return [stacked(c, rows)];
};

const length: ConvertNode = (c) => [c.e.scalar(c.list(0).items.length, 'int32')];

export const LISTS: OpTable = {
  TensorArrayGatherV3: arrayGather,
  TensorArrayReadV3: arrayRead,
  TensorArrayScatterV3: arrayScatter,
  TensorArraySizeV3: (c) => [c.e.scalar(c.list(1).items.length, 'int32')],
  TensorArrayV3: array,
  TensorArrayWriteV3: arrayWrite,
  EmptyTensorList: () => [{ items: [] }],
  TensorListFromTensor: fromTensor,
  TensorListGetItem: getItem,
  TensorListLength: length,
  TensorListPushBack: (c) => [{ items: [...c.list(0).items, c.in(1)] }],
  TensorListReserve: reserve,
  TensorListSetItem: setItem,
  TensorListStack: stack,
};
