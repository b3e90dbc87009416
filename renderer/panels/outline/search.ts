import type { ViewNode } from '../../../electron/ipc/schemas/graph.ts';

/** Every word must be found in the name, operator, dtype or shape; "x" and "×" are the same in shapes. */
export function searchNodes(nodes: readonly ViewNode[], query: string): readonly ViewNode[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
  if (words.length === 0) return nodes;
  return nodes.filter((n) => {
    const text = `${n.name} ${n.op} ${n.dtype} ${n.shape} ${n.shape.replaceAll('×', 'x')}`.toLowerCase();
    return words.every((w) => text.includes(w));
  });
}
