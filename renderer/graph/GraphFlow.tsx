import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import {
  Background,
  Controls,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type Viewport,
} from '@xyflow/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { GraphView } from '../../electron/ipc/schemas/graph.ts';
import { lastToggled, openGroups, toggleGroup } from '../store/actions/groups.ts';
import { clearSelection, selectNode } from '../store/actions/select.ts';
import { useStudio } from '../store/store.ts';
import { Loading } from '../ui/Frame.tsx';
import { CATEGORY } from '../ui/tokens.ts';
import { EDGE_TYPES } from './edges.tsx';
import { type ItemNode, sceneEdges, sceneNodes } from './flow-types.ts';
import { follow } from './follow.ts';
import type { Rect } from './layout/layout.ts';
import { NODE_TYPES } from './nodes.tsx';
import { Overview } from './Overview.tsx';
import { groupsAround } from './scene.ts';
import { type LaidOut, useLayout } from './useLayout.ts';

/** More items than React Flow is given at once; beyond, only those near the window, and the canvas for the rest. */
const HELD = 1500;
const CANVAS_ZOOM = 0.22;
const MIN_ZOOM = 0.05;

const shownViewports = new Map<string, Viewport>();
/** The focus that each canvas last brought into view. */
const shownFocus = new Map<string, string | null>();

const centreOn = (r: Rect, zoom: number, w: number, h: number): Viewport => ({
  x: w / 2 - (r.x + r.w / 2) * zoom,
  y: h / 2 - (r.y + r.h / 2) * zoom,
  zoom,
});

/** Fits the width at a readable zoom and starts at the top: networks are tall. */
function firstViewport(l: LaidOut, w: number, h: number): Viewport {
  const whole = Math.min(w / (l.layout.width + 80), h / (l.layout.height + 80));
  const zoom = Math.min(1, Math.max(whole, Math.min(0.8, (w - 40) / (l.layout.width + 40))));
  return { x: (w - l.layout.width * zoom) / 2, y: whole >= zoom ? (h - l.layout.height * zoom) / 2 : 24, zoom };
}

function wholeViewport(l: LaidOut, w: number, h: number): Viewport {
  const zoom = Math.min(1, w / (l.layout.width + 80), h / (l.layout.height + 80));
  return { x: (w - l.layout.width * zoom) / 2, y: (h - l.layout.height * zoom) / 2, zoom };
}

function Canvas({
  laidOut,
  width,
  height,
  memory,
}: {
  laidOut: LaidOut;
  width: number;
  height: number;
  memory: string;
}) {
  const flow = useReactFlow<ItemNode>();
  const dark = useComputedColorScheme('light') === 'dark';
  const focus = useStudio((s) => s.focus);
  const selection = useStudio((s) => s.selection);
  const [viewport, setViewport] = useState(() => shownViewports.get(memory) ?? firstViewport(laidOut, width, height));
  useEffect(() => {
    shownViewports.set(memory, viewport);
  }, [memory, viewport]);

  // Opening a group moves everything: the group itself stays where it was on the screen.
  const before = useRef(laidOut);
  useEffect(() => {
    const old = before.current;
    before.current = laidOut;
    const id = lastToggled.id;
    if (old === laidOut || id === null) return;
    const a = old.layout.rects.get(id);
    const b = laidOut.layout.rects.get(id);
    if (a && b)
      setViewport((v) => ({ ...v, x: v.x + (a.x + a.w / 2 - b.x - b.w / 2) * v.zoom, y: v.y + (a.y - b.y) * v.zoom }));
  }, [laidOut]);

  // What is selected elsewhere comes into view here.
  const seen = useRef(shownFocus.get(memory) ?? null);
  useEffect(() => {
    return () => void shownFocus.set(memory, seen.current);
  }, [memory]);
  useEffect(() => {
    if (focus === seen.current || focus === null) {
      seen.current = focus;
      return;
    }
    const shown = laidOut.scene.shownAs.get(focus);
    if (shown !== focus) {
      openGroups(groupsAround(laidOut.view, focus));
      if (laidOut.view.nodes.every((n) => n.id !== focus)) seen.current = focus;
      return;
    }
    seen.current = focus;
    const r = laidOut.layout.rects.get(focus);
    if (!r) return;
    const left = r.x * viewport.zoom + viewport.x;
    const top = r.y * viewport.zoom + viewport.y;
    const inside = left > 0 && top > 0 && left + r.w * viewport.zoom < width && top + r.h * viewport.zoom < height;
    if (!inside) setViewport(centreOn(r, Math.max(viewport.zoom, 0.7), width, height));
  }, [focus, laidOut, viewport, width, height]);

  const allNodes = useMemo(() => sceneNodes(laidOut.scene, laidOut.layout), [laidOut]);
  const lit = useMemo(() => {
    const out = new Set<string>(focus === null ? [] : [focus]);
    if (selection.size > 0) {
      for (const n of laidOut.view.nodes) {
        if (n.sources.some((s) => selection.has(s))) out.add(laidOut.scene.shownAs.get(n.id) ?? n.id);
      }
    }
    return out;
  }, [laidOut, selection, focus]);
  const allEdges = useMemo(() => sceneEdges(laidOut.scene, laidOut.layout, lit), [laidOut, lit]);
  const minZoom = Math.min(MIN_ZOOM, 0.8 * wholeViewport(laidOut, width, height).zoom);
  const small = width < 620 || height < 460;
  const many = allNodes.length > HELD;
  const onCanvas = many ? viewport.zoom < CANVAS_ZOOM * 2 : viewport.zoom < CANVAS_ZOOM && allNodes.length > 300;
  const nodes = useMemo(() => {
    if (onCanvas) return [];
    if (!many) return allNodes;
    const { x, y, zoom } = viewport;
    const [l, t, r, b] = [(-x - 200) / zoom, (-y - 200) / zoom, (width - x + 200) / zoom, (height - y + 200) / zoom];
    return allNodes.filter(
      (n) => n.position.x < r && n.position.y < b && n.position.x + n.width! > l && n.position.y + n.height! > t,
    );
  }, [allNodes, many, onCanvas, viewport, width, height]);
  const edges = useMemo(() => {
    if (onCanvas) return [];
    if (!many) return allEdges;
    const here = new Set(nodes.map((n) => n.id));
    return allEdges.filter((e) => here.has(e.source) || here.has(e.target));
  }, [allEdges, nodes, many, onCanvas]);

  return (
    <>
      {onCanvas && (
        <Overview
          laidOut={laidOut}
          viewport={viewport}
          width={width}
          height={height}
          dark={dark}
          onPick={(item) => (item.kind === 'node' ? selectNode(item.node) : toggleGroup(item.id))}
        />
      )}
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        viewport={viewport}
        onViewportChange={setViewport}
        minZoom={minZoom}
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
        className={onCanvas ? 'flow-through' : ''}
      >
        <Background gap={24} size={1} color="var(--border)" />
        <Controls
          showInteractive={false}
          onFitView={() => setViewport(wholeViewport(laidOut, width, height))}
          fitViewOptions={{ duration: 0, minZoom }}
        />
        {!onCanvas && allNodes.length <= HELD && width > 420 && height > 200 && (
          <MiniMap<ItemNode>
            pannable
            zoomable
            ariaLabel="Overview"
            style={{ width: small ? 120 : 180, height: small ? 84 : 136 }}
            nodeColor={(n) => {
              const { item } = n.data;
              if (item.kind === 'frame') return 'transparent';
              return item.kind === 'collapsed'
                ? 'var(--strong-border)'
                : CATEGORY[item.node.category][dark ? 'dark' : 'light'];
            }}
            maskColor="var(--veil)"
            bgColor="var(--panel)"
            onClick={(_e, p) => void flow.setCenter(p.x, p.y, { zoom: viewport.zoom })}
          />
        )}
      </ReactFlow>
    </>
  );
}

/** The graph of a view with its groups, on React Flow; read-only. `memory` names the viewport to come back to. */
export function GraphFlow({
  view,
  expanded,
  memory,
}: {
  view: GraphView;
  expanded: ReadonlySet<string>;
  memory: string;
}) {
  const laidOut = useLayout(view, expanded);
  const { ref, width, height } = useElementSize();
  return (
    <div
      ref={ref}
      className="canvas"
      role="application"
      aria-label="Graph: arrow keys follow its lines"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the whole graph is one tab stop.
      tabIndex={0}
      onKeyDown={(e) => {
        const to = follow(view, useStudio.getState().focus, e.key);
        if (!to) return;
        e.preventDefault();
        selectNode(to);
      }}
    >
      {laidOut === null ? (
        <Loading text="Arranging the graph…" />
      ) : (
        width > 0 &&
        height > 0 && (
          <ReactFlowProvider>
            <Canvas laidOut={laidOut} width={width} height={height} memory={memory} />
          </ReactFlowProvider>
        )
      )}
    </div>
  );
}
