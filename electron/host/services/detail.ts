import { isStatic, shapeText } from '../../../optimizer/ir/dim.ts';
import { byteLength } from '../../../optimizer/ir/dtype.ts';
import { type AttrValue, Graph, type Node, type ValueId } from '../../../optimizer/ir/graph.ts';
import { countOf, type TensorLiteral, toNumbers } from '../../../optimizer/ir/tensor.ts';
import type { NodeDetail } from '../../ipc/schemas/graph.ts';
import type { StudioParts } from '../parts/parts.ts';
import { nodeKey } from './view.ts';

const SHOWN = 16;
const isLiteral = (v: object): v is TensorLiteral => 'bytes' in v && 'dtype' in v;

/** An attribute as one line of text. */
export function attributeText(v: AttrValue): string {
  if (typeof v === 'string') return v;
  if (typeof v === 'number') return Number.isInteger(v) ? String(v) : String(Number(v.toPrecision(7)));
  if (v instanceof Graph) return `graph of ${v.nodeCount} operators`;
  if (Array.isArray(v)) {
    if (v[0] instanceof Graph) return `${v.length} graphs`;
    const shown = v.slice(0, SHOWN).map((x) => attributeText(x as AttrValue));
    return `[${shown.join(', ')}${v.length > SHOWN ? `, … ${v.length} in all` : ''}]`;
  }
  if (isLiteral(v as object)) {
    const t = v as TensorLiteral;
    if (countOf(t.shape) > SHOWN || t.dtype === 'string') return `${t.dtype} ${shapeText(t.shape)}`;
    return `${t.dtype} ${shapeText(t.shape)}: ${toNumbers(t)
      .map((x) => attributeText(x))
      .join(', ')}`;
  }
  return '';
}

function tensorRow(graph: Graph, id: ValueId, links: string[]): NodeDetail['inputs'][number] {
  const v = graph.value(id);
  const { dtype, shape } = v.type;
  return {
    name: v.name,
    dtype,
    shape: shapeText(shape),
    bytes: shape !== null && isStatic(shape) ? byteLength(dtype, countOf(shape)) : null,
    constant: v.weight !== undefined,
    links,
    value: v.weight ? v.id : -1,
  };
}

/** Everything the inspector shows of one node. */
export function nodeDetail(parts: StudioParts, graph: Graph, node: Node): NodeDetail {
  const makerOf = (v: ValueId): string[] => {
    const p = graph.producer(v);
    if (p) return [nodeKey(p.id)];
    const input = graph.inputs.indexOf(v);
    return input >= 0 ? [`i${input}`] : [];
  };
  const usersOf = (v: ValueId): string[] => [
    ...new Set(graph.users(v).map((u) => nodeKey(u.node.id))),
    ...graph.outputs.flatMap((o, i) => (o === v ? [`o${i}`] : [])),
  ];
  return {
    id: nodeKey(node.id),
    op: node.op,
    domain: node.domain,
    name: node.name,
    attributes: Object.entries(node.attrs).map(([name, v]) => ({ name, value: attributeText(v) })),
    inputs: node.inputs.flatMap((v) => (v === null ? [] : [tensorRow(graph, v, makerOf(v))])),
    outputs: node.outputs.map((v) => tensorRow(graph, v, usersOf(v))),
    ...parts.cost(graph, node),
    sources: node.source.map((id) => {
      const s = graph.sources.get(id);
      return { id, op: s?.op ?? '', name: s?.name ?? '' };
    }),
    body: node.body ? node.body.topological().map((n) => ({ op: n.op, name: n.name })) : [],
  };
}
