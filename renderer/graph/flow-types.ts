import type { Edge, Node } from '@xyflow/react';
import type { Rect, SceneLayout } from './layout/layout.ts';
import { edgePath } from './paths.ts';
import type { Scene, SceneItem } from './scene.ts';

export type ItemData = { readonly item: SceneItem } & Record<string, unknown>;
export type ItemNode = Node<ItemData, 'op' | 'terminal' | 'closed' | 'frame'>;
export type LineData = {
  readonly path: string;
  readonly count: number;
  readonly label: string;
  readonly kind: string;
} & Record<string, unknown>;
export type LineEdge = Edge<LineData, 'line'>;

const typeOf = (item: SceneItem): NonNullable<ItemNode['type']> =>
  item.kind === 'frame' ? 'frame' : item.kind === 'collapsed' ? 'closed' : item.node.kind === 'op' ? 'op' : 'terminal';

/** React Flow's record of an item: explicit size and handles, so that nothing has to be measured. */
export function itemNode(item: SceneItem, r: Rect): ItemNode {
  return {
    id: item.id,
    type: typeOf(item),
    position: { x: r.x, y: r.y },
    width: r.w,
    height: r.h,
    data: { item },
    handles: [
      { type: 'target', position: 'top' as never, x: r.w / 2, y: 0, width: 1, height: 1 },
      { type: 'source', position: 'bottom' as never, x: r.w / 2, y: r.h, width: 1, height: 1 },
    ],
    // React Flow lets the pointer through what it neither selects nor drags; a frame only has its title.
    style: { pointerEvents: item.kind === 'frame' ? 'none' : 'all' },
    zIndex: item.kind === 'frame' ? -1 : 1,
    focusable: false,
    selectable: false,
    ariaRole: 'group',
  };
}

export function sceneNodes(scene: Scene, layout: SceneLayout): ItemNode[] {
  const out: ItemNode[] = [];
  for (const item of scene.items.values()) {
    const r = layout.rects.get(item.id);
    if (r) out.push(itemNode(item, r));
  }
  return out;
}

/** Lines of a scene; a hub's lines are there only while one of their ends is `lit`. */
export function sceneEdges(scene: Scene, layout: SceneLayout, lit: ReadonlySet<string>): LineEdge[] {
  const out: LineEdge[] = [];
  for (const e of scene.edges) {
    if (e.hub && !lit.has(e.from) && !lit.has(e.to)) continue;
    const a = layout.rects.get(e.from);
    const b = layout.rects.get(e.to);
    if (!a || !b) continue;
    const data = { path: edgePath(a, b, layout.bends.get(e.id)), count: e.count, label: e.label, kind: 'plain' };
    out.push({ id: e.id, source: e.from, target: e.to, type: 'line', data, focusable: false, selectable: false });
  }
  return out;
}
