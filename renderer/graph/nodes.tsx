import { Handle, type NodeProps, Position, useStore } from '@xyflow/react';
import { type MouseEvent, memo } from 'react';
import type { ViewNode } from '../../electron/ipc/schemas/graph.ts';
import { activeOverlay, colourOf } from '../overlays/overlays.ts';
import { toggleGroup } from '../store/actions/groups.ts';
import { hover, select, selectNode } from '../store/actions/select.ts';
import { useStudio } from '../store/store.ts';
import { flopsText, middleCut, plural, shortShape, shortType } from '../ui/format.ts';
import { CATEGORY, inkOn } from '../ui/tokens.ts';
import type { ItemNode } from './flow-types.ts';
import { useMarks } from './marks.ts';

/** Below this zoom a node is only its colour and operator. */
const FAR = 0.42;
const useFar = (): boolean => useStore((s) => s.transform[2] < FAR);

/** Where lines end; never seen, never grabbed. */
const ENDS = (
  <>
    <Handle type="target" position={Position.Top} isConnectable={false} />
    <Handle type="source" position={Position.Bottom} isConnectable={false} />
  </>
);

function useLit(node: ViewNode): { selected: boolean; hovered: boolean } {
  const selected = useStudio(
    (s) => s.focus === node.id || (s.selection.size > 0 && node.sources.some((x) => s.selection.has(x))),
  );
  const hovered = useStudio((s) => s.hover.size > 0 && node.sources.some((x) => s.hover.has(x)));
  return { selected, hovered };
}

const OpNode = memo(function OpNode({ data }: NodeProps<ItemNode>) {
  if (data.item.kind !== 'node') return null;
  return <OpCard node={data.item.node} />;
});

function OpCard({ node }: { node: ViewNode }) {
  const far = useFar();
  const { selected, hovered } = useLit(node);
  const marks = useMarks();
  const heat = useStudio((s) => {
    const o = marks.overlay ? activeOverlay(s) : null;
    return o ? (colourOf(o, o.value(node.sources)) ?? 'none') : null;
  });
  const heatText = useStudio((s) => {
    const o = marks.overlay ? activeOverlay(s) : null;
    const v = o?.value(node.sources) ?? null;
    return o && v !== null ? `${o.text(v)}${o.shared(node.sources) > node.sources.length ? ' ⊂' : ''}` : null;
  });
  const { glyph, title } = CATEGORY[node.category];
  const label = `${node.op}${node.name ? ` ${node.name}` : ''}, ${node.shape} ${node.dtype}`;
  const style =
    heat !== null && heat !== 'none' ? { background: heat, color: inkOn(heat), borderColor: heat } : undefined;
  return (
    <div
      className="node"
      data-testid="node"
      data-node={node.id}
      data-source-id={node.sources.join(' ')}
      data-op={node.op}
      data-category={node.category}
      data-selected={selected}
      data-hovered={hovered}
      data-mark={marks.mark(node.id) ?? undefined}
      data-dim={marks.dim(node.id) || heat === 'none'}
      data-heat={heat !== null && heat !== 'none'}
      data-unsupported={!node.supported}
      data-far={far}
      style={style}
      role="img"
      aria-label={label}
      title={far ? label : undefined}
      onClick={(e: MouseEvent) => {
        e.stopPropagation();
        selectNode(node);
      }}
      onMouseEnter={() => hover(node.sources)}
      onMouseLeave={() => hover([])}
      onKeyDown={() => undefined}
    >
      {ENDS}
      <span className="node-glyph" title={title}>
        {glyph}
      </span>
      <span className="node-op">
        {node.fused ? `${node.op} ` : node.op}
        {node.fused && node.sources.length > 1 && <span className="node-fused">fused {node.sources.length}</span>}
        {!node.supported && <span className="node-fused">unknown</span>}
      </span>
      {!far && (
        <>
          {heatText !== null && <b className="node-heat">{heatText}</b>}
          <span className="node-name">{middleCut(node.name, 24) || ' '}</span>
          <span className="node-shape">
            {node.shape === '' ? '' : shortShape(node.shape, 20)} <i>{shortType(node.dtype)}</i>
            {heatText === null && node.constants > 0 && (
              <em title={plural(node.constants, 'constant input')}>◈ {node.constants}</em>
            )}
          </span>
        </>
      )}
    </div>
  );
}

const TerminalNode = memo(function TerminalNode({ data }: NodeProps<ItemNode>) {
  const { item } = data;
  const focused = useStudio((s) => s.focus === item.id);
  if (item.kind !== 'node') return null;
  const { node } = item;
  return (
    <button
      type="button"
      className="terminal"
      data-kind={node.kind}
      data-selected={focused}
      onClick={() => select([], node.id)}
      tabIndex={-1}
    >
      {ENDS}
      <b>{middleCut(node.name || node.op, 14)}</b> <span>{shortShape(node.shape, 15)}</span>
    </button>
  );
});

const GroupNode = memo(function GroupNode({ data }: NodeProps<ItemNode>) {
  const { item } = data;
  const far = useFar();
  const selected = useStudio(
    (s) =>
      item.kind === 'collapsed' &&
      s.selection.size > 0 &&
      item.nodes.some((n) => n.sources.some((x) => s.selection.has(x))),
  );
  const heat = useStudio((s) => {
    const o = activeOverlay(s);
    return o && item.kind === 'collapsed' ? colourOf(o, o.value(item.nodes.flatMap((n) => n.sources))) : null;
  });
  if (item.kind !== 'collapsed') return null;
  const flops = item.nodes.reduce((n, x) => n + x.flops, 0);
  return (
    <button
      type="button"
      className="group-node"
      data-testid="group"
      data-group={item.id}
      data-selected={selected}
      tabIndex={-1}
      style={heat ? { background: heat, color: inkOn(heat) } : undefined}
      aria-label={`Group ${item.group.name}, ${plural(item.nodes.length, 'operator')}, closed`}
      title={`${item.group.name}: click to open`}
      onClick={(e) => {
        e.stopPropagation();
        toggleGroup(item.id);
      }}
    >
      {ENDS}
      <span className="group-title">{middleCut(item.group.name || 'group', 24)}</span>
      {!far && (
        <span className="group-detail">
          {plural(item.nodes.length, 'operator')}
          {flops > 0 ? ` · ${flopsText(flops)}` : ''}
        </span>
      )}
    </button>
  );
});

const FrameNode = memo(function FrameNode({ data }: NodeProps<ItemNode>) {
  const { item } = data;
  if (item.kind !== 'frame') return null;
  return (
    <div className="frame">
      <button
        type="button"
        className="frame-title"
        data-testid="frame"
        tabIndex={-1}
        title="Close this group"
        onClick={() => toggleGroup(item.id)}
      >
        ▾ {middleCut(item.group.name, 40)}
      </button>
    </div>
  );
});

export const NODE_TYPES = { op: OpNode, terminal: TerminalNode, closed: GroupNode, frame: FrameNode };
