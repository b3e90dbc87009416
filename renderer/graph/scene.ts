import type { GraphView, ViewGroup, ViewNode } from '../../electron/ipc/schemas/graph.ts';

/** A value read by more places than this is drawn as stubs: lines for it appear when one of its ends is selected. */
export const HUB = 8;
export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 60;
export const GROUP_WIDTH = 208;
export const TERMINAL_HEIGHT = 34;

export type SceneItem =
  | { readonly kind: 'node'; readonly id: string; readonly parent: string; readonly node: ViewNode }
  | {
      readonly kind: 'collapsed';
      readonly id: string;
      readonly parent: string;
      readonly group: ViewGroup;
      readonly nodes: readonly ViewNode[];
    }
  | { readonly kind: 'frame'; readonly id: string; readonly parent: string; readonly group: ViewGroup };

export interface SceneEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** How many of the graph's edges it stands for. */
  readonly count: number;
  readonly label: string;
  readonly hub: boolean;
}

/** What is on the canvas: operators, closed groups and frames of open ones, by parent ('' = top). */
export interface Scene {
  readonly items: ReadonlyMap<string, SceneItem>;
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly edges: readonly SceneEdge[];
  /** Node id → the item that shows it. */
  readonly shownAs: ReadonlyMap<string, string>;
}

/** Size of an item that is not a frame: a pure function of what it shows. */
export function sizeOf(item: SceneItem): { w: number; h: number } {
  if (item.kind === 'node') return { w: NODE_WIDTH, h: item.node.kind === 'op' ? NODE_HEIGHT : TERMINAL_HEIGHT };
  return { w: GROUP_WIDTH, h: NODE_HEIGHT };
}

/** Ids from the outermost group to the given one. */
function pathOf(group: string, groups: ReadonlyMap<string, ViewGroup>): string[] {
  const out: string[] = [];
  for (let g = groups.get(group); g; g = groups.get(g.parent)) out.push(g.id);
  return out.reverse();
}

function placeNodes(view: GraphView, expanded: ReadonlySet<string>) {
  const groups = new Map(view.groups.map((g) => [g.id, g]));
  const items = new Map<string, SceneItem>();
  const shownAs = new Map<string, string>();
  const members = new Map<string, ViewNode[]>();
  const paths = new Map<string, string[]>();
  for (const n of view.nodes) {
    let path = paths.get(n.group);
    if (!path) paths.set(n.group, (path = pathOf(n.group, groups)));
    let parent = '';
    let shown = n.id;
    for (const id of path) {
      const group = groups.get(id)!;
      if (!expanded.has(id)) {
        shown = id;
        const list = members.get(id);
        if (list) list.push(n);
        else {
          const nodes = [n];
          members.set(id, nodes);
          items.set(id, { kind: 'collapsed', id, parent, group, nodes });
        }
        break;
      }
      if (!items.has(id)) items.set(id, { kind: 'frame', id, parent, group });
      parent = id;
    }
    if (shown === n.id) items.set(n.id, { kind: 'node', id: n.id, parent, node: n });
    shownAs.set(n.id, shown);
  }
  return { items, shownAs };
}

/** Edges between what is shown; several between the same two items become one with a count. */
function mergeEdges(view: GraphView, shownAs: ReadonlyMap<string, string>): SceneEdge[] {
  const merged = new Map<string, { from: string; to: string; count: number; label: string }>();
  const fanOut = new Map<string, number>();
  for (let i = 0; i < view.labels.length; i++) {
    const from = shownAs.get(view.nodes[view.edges[2 * i]!]!.id)!;
    const to = shownAs.get(view.nodes[view.edges[2 * i + 1]!]!.id)!;
    if (from === to) continue;
    const id = `${from}→${to}`;
    const seen = merged.get(id);
    if (seen) seen.count++;
    else {
      merged.set(id, { from, to, count: 1, label: view.labels[i]! });
      fanOut.set(from, (fanOut.get(from) ?? 0) + 1);
    }
  }
  return [...merged].map(([id, e]) => ({ id, ...e, hub: fanOut.get(e.from)! > HUB }));
}

/** The scene of a graph with some groups open. */
export function makeScene(view: GraphView, expanded: ReadonlySet<string>): Scene {
  const { items, shownAs } = placeNodes(view, expanded);
  const children = new Map<string, string[]>();
  for (const item of items.values()) {
    const list = children.get(item.parent);
    if (list) list.push(item.id);
    else children.set(item.parent, [item.id]);
  }
  return { items, children, edges: mergeEdges(view, shownAs), shownAs };
}

/** Groups to open so that a node becomes visible. */
export function groupsAround(view: GraphView, nodeId: string): string[] {
  const node = view.nodes.find((n) => n.id === nodeId);
  return node ? pathOf(node.group, new Map(view.groups.map((g) => [g.id, g]))) : [];
}
