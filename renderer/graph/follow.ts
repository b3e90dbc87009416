import type { GraphView, ViewNode } from '../../electron/ipc/schemas/graph.ts';

/**
 * The node an arrow key leads to: down to the first consumer, up to the first producer, left and right among the
 * siblings that read the same node. Without a node to start from, the first one.
 */
export function follow(view: GraphView, from: string | null, key: string): ViewNode | undefined {
  if (!['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'].includes(key)) return undefined;
  const at = view.nodes.findIndex((n) => n.id === from);
  if (at < 0) return view.nodes[0];
  const ends = (side: 0 | 1, of: number): number[] => {
    const out: number[] = [];
    for (let i = 0; i < view.labels.length; i++)
      if (view.edges[2 * i + side] === of) out.push(view.edges[2 * i + 1 - side]!);
    return out;
  };
  if (key === 'ArrowDown') return view.nodes[ends(0, at)[0] ?? -1];
  const producer = ends(1, at)[0];
  if (key === 'ArrowUp' || producer === undefined) return key === 'ArrowUp' ? view.nodes[producer ?? -1] : undefined;
  const siblings = ends(0, producer);
  const step = key === 'ArrowRight' ? 1 : siblings.length - 1;
  return view.nodes[siblings[(siblings.indexOf(at) + step) % siblings.length]!];
}
