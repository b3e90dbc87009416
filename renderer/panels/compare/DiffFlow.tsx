import { Background, ReactFlow, ReactFlowProvider, type Viewport } from '@xyflow/react';
import { useMemo } from 'react';
import { EDGE_TYPES } from '../../graph/edges.tsx';
import { itemNode, type LineEdge } from '../../graph/flow-types.ts';
import { type Marks, MarksContext } from '../../graph/marks.ts';
import { NODE_TYPES } from '../../graph/nodes.tsx';
import { edgePath } from '../../graph/paths.ts';
import type { Side, Union } from '../../graph/union.ts';
import { clearSelection } from '../../store/actions/select.ts';

interface Props {
  readonly union: Union;
  readonly side: Side;
  readonly viewport: Viewport;
  readonly onViewport: (v: Viewport) => void;
  /** Ids that are the point of the comparison; the rest is dimmed. Empty = everything. */
  readonly focus: ReadonlySet<string>;
}

function useMarksOf(side: Side, focus: ReadonlySet<string>): Marks {
  return useMemo(() => {
    const of = new Map(side.nodes.map((n) => [n.item.id, n.mark]));
    return {
      mark: (id) => (focus.size > 0 && !focus.has(id) ? 'kept' : (of.get(id) ?? null)),
      overlay: false,
      dim: (id) => (focus.size > 0 ? !focus.has(id) : of.get(id) === 'kept'),
    };
  }, [side, focus]);
}

/** One side of a comparison: its own flow and provider, the viewport shared with the other. */
export function DiffFlow({ union, side, viewport, onViewport, focus }: Props) {
  const marks = useMarksOf(side, focus);
  const nodes = useMemo(() => side.nodes.map((n) => itemNode(n.item, n.rect)), [side]);
  const edges = useMemo(
    () =>
      side.edges.flatMap((e): LineEdge[] => {
        const a = union.rects.get(e.from);
        const b = union.rects.get(e.to);
        if (!a || !b) return [];
        const data = { path: edgePath(a, b, e.bends), count: 1, label: e.label, kind: e.kind };
        return [{ id: e.id, source: e.from, target: e.to, type: 'line', data, focusable: false, selectable: false }];
      }),
    [union, side],
  );
  return (
    <ReactFlowProvider>
      <MarksContext value={marks}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          viewport={viewport}
          onViewportChange={onViewport}
          minZoom={0.04}
          maxZoom={2}
          nodesDraggable={false}
          nodesConnectable={false}
          elementsSelectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          deleteKeyCode={null}
          disableKeyboardA11y
          panOnScroll
          zoomOnDoubleClick={false}
          onlyRenderVisibleElements
          onPaneClick={clearSelection}
          proOptions={{ hideAttribution: true }}
        >
          <Background gap={24} size={1} color="var(--border)" />
        </ReactFlow>
      </MarksContext>
    </ReactFlowProvider>
  );
}
