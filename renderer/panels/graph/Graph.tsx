import { SegmentedControl, Tooltip } from '@mantine/core';
import { useEffect, useMemo } from 'react';
import type { Category, GraphView } from '../../../electron/ipc/schemas/graph.ts';
import { GraphFlow } from '../../graph/GraphFlow.tsx';
import { activeOverlay, colourOf } from '../../overlays/overlays.ts';
import { setAllGroups } from '../../store/actions/groups.ts';
import { loadView } from '../../store/actions/views.ts';
import {
  drawsLayers,
  finalPoint,
  INITIAL,
  type OverlayId,
  pointKey,
  profileFits,
  profileOnGraph,
} from '../../store/state.ts';
import { set, useStudio } from '../../store/store.ts';
import { Empty, Loading } from '../../ui/Frame.tsx';
import { CATEGORY, CIVIDIS } from '../../ui/tokens.ts';

function Legend({ view }: { view: GraphView }) {
  const overlay = useStudio(activeOverlay);
  const present = useMemo(() => new Set(view.nodes.filter((n) => n.kind === 'op').map((n) => n.category)), [view]);
  if (overlay?.kinds) {
    return (
      <ul className="legend" aria-label={overlay.title}>
        {overlay.kinds.map((k) => (
          <li key={k.value}>
            <span className="legend-chip" style={{ background: colourOf(overlay, k.value) ?? undefined }} />
            {k.title}
          </li>
        ))}
      </ul>
    );
  }
  if (overlay) {
    const from = overlay.scale === 'linear' ? overlay.text(overlay.min) : '0';
    return (
      <div className="legend" role="img" aria-label={`${overlay.title}, from ${from} to ${overlay.text(overlay.max)}`}>
        {overlay.title}: {from}
        <span className="legend-ramp" style={{ background: `linear-gradient(90deg, ${CIVIDIS.join(', ')})` }} />
        {overlay.text(overlay.max)}
        {overlay.scale === 'sqrt' && <span className="muted">(square-root scale)</span>}
      </div>
    );
  }
  return (
    <ul className="legend" aria-label="Operator categories">
      {Object.entries(CATEGORY)
        .filter(([id]) => present.has(id as Category))
        .map(([id, c]) => (
          <li key={id}>
            <span className="legend-chip" data-category={id}>
              {c.glyph}
            </span>
            {c.title}
          </li>
        ))}
    </ul>
  );
}

function Toolbar({ tag }: { tag: string }) {
  const overlay = useStudio((s) => s.overlay);
  const measured = useStudio((s) => profileOnGraph(s) !== null);
  const hasSqnr = useStudio((s) => s.precision.sensitivity !== null);
  const hasBuild = useStudio((s) => s.build !== null);
  const step = useStudio((s) => s.step);
  const both = useStudio((s) => s.trace !== null && profileFits(s));
  const layers = useStudio((s) => s.step === 'profile' && drawsLayers(s));
  const hasGroups = useStudio((s) => (Object.values(s.views)[0]?.groups.length ?? 0) > 0);
  return (
    <div className="graph-bar">
      {!(step === 'profile' && both) && (
        <Tooltip label="Which graph is shown follows the step: the model as it came, or as the engine runs it">
          <span className="tag">{tag}</span>
        </Tooltip>
      )}
      <SegmentedControl
        size="xs"
        aria-label="Colour by"
        value={overlay}
        onChange={(v) => set({ overlay: v as OverlayId })}
        data={[
          { value: 'none', label: 'Category' },
          { value: 'flops', label: 'FLOPs' },
          { value: 'bytes', label: 'Bytes' },
          { value: 'time', label: 'Time', disabled: !measured },
          { value: 'memory', label: 'Memory', disabled: !measured },
          { value: 'sqnr', label: 'SQNR', disabled: !hasSqnr },
          { value: 'precision', label: 'Precision', disabled: !hasBuild && !measured },
        ]}
      />
      {step === 'profile' && both && (
        <SegmentedControl
          size="xs"
          aria-label="Draw"
          value={layers ? 'layers' : 'operators'}
          onChange={(v) => set({ showLayers: v === 'layers' })}
          data={[
            { value: 'operators', label: 'Operators' },
            { value: 'layers', label: 'Layers' },
          ]}
        />
      )}
      {hasGroups && !layers && (
        <span className="graph-groups">
          <button type="button" className="link" onClick={() => setAllGroups(true)}>
            Open all
          </button>
          <button type="button" className="link" onClick={() => setAllGroups(false)}>
            Close all
          </button>
        </span>
      )}
    </div>
  );
}

/** The one persistent graph; the step decides whether it is the imported or the optimized one. */
export default function Graph() {
  const layers = useStudio((s) => s.step === 'profile' && drawsLayers(s));
  return layers ? <LayerGraph /> : <ModelGraph />;
}

/** The layers of a profiled engine: all there is to see without the model, and what really runs. */
function LayerGraph() {
  const profile = useStudio((s) => s.profile);
  const view = useStudio((s) => (s.profile ? (s.layerGraphs[s.profile.id] ?? null) : null));
  const expanded = useStudio((s) => s.expanded);
  if (!profile) return null;
  return (
    <div className="graph-panel">
      <Toolbar tag="Layers of the engine" />
      {view ? (
        <>
          <GraphFlow view={view} expanded={expanded} memory={profile.id} />
          <Legend view={view} />
        </>
      ) : (
        <Loading text="Reading the layers…" />
      )}
    </div>
  );
}

function ModelGraph() {
  const step = useStudio((s) => s.step);
  const optimized = step === 'build' || step === 'profile' || step === 'precision';
  const point = useStudio((s) => pointKey(optimized ? finalPoint(s.trace) : INITIAL));
  const view = useStudio((s) => s.views[point] ?? null);
  const expanded = useStudio((s) => s.expanded);
  const model = useStudio((s) => s.model?.model ?? null);
  const opening = useStudio((s) => s.opening);
  useEffect(() => {
    if (model === null || view) return;
    const [passes, applications] = point.split('.').map(Number);
    void loadView({ passes: passes ?? 0, applications: applications ?? 0 });
  }, [model, view, point]);
  if (model === null) {
    return opening === null ? (
      <Empty text="No model is open. Drop one anywhere on the window." command="file.open" />
    ) : (
      <Loading text="Reading the model…" />
    );
  }
  return (
    <div className="graph-panel">
      <Toolbar tag={optimized ? 'Optimized' : 'As imported'} />
      {view ? (
        <>
          <GraphFlow view={view} expanded={expanded} memory={`${model}/${optimized}`} />
          <Legend view={view} />
        </>
      ) : (
        <Loading text="Reading the graph…" />
      )}
    </div>
  );
}
