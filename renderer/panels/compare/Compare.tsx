import { ActionIcon, Switch, Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { Viewport } from '@xyflow/react';
import { useEffect, useState } from 'react';
import type { Application, PassSummary } from '../../../electron/ipc/schemas/trace.ts';
import type { Rect } from '../../graph/layout/layout.ts';
import { toggleApplication } from '../../store/actions/choices.ts';
import { showPass, step } from '../../store/actions/cursor.ts';
import { useStudio } from '../../store/store.ts';
import { Empty, Loading } from '../../ui/Frame.tsx';
import { countText, plural } from '../../ui/format.ts';
import { DiffFlow } from './DiffFlow.tsx';
import { type Compared, useUnion } from './useUnion.ts';

/** Below this zoom nodes lose their second line. */
const READABLE = 0.45;

function frameBox(box: Rect, w: number, h: number, most: number): Viewport {
  const zoom = Math.max(0.05, Math.min(most, w / (box.w + 80), h / (box.h + 80)));
  return { x: (w - box.w * zoom) / 2 - box.x * zoom, y: (h - box.h * zoom) / 2 - box.y * zoom, zoom };
}

function firstViewport({ union, focus }: Compared, w: number, h: number): Viewport {
  const whole = { x: 0, y: 0, w: union.width, h: union.height };
  if (focus.size > 0 && union.changed) {
    const c = union.changed;
    // Something of the surroundings stays in view, but never at the price of reading.
    const wide = frameBox({ x: c.x - 110, y: c.y - 110, w: c.w + 220, h: c.h + 220 }, w, h, 1);
    if (wide.zoom >= READABLE) return wide;
    return frameBox({ x: c.x + 30, y: c.y, w: Math.max(1, c.w - 60), h: c.h }, w, h, 1);
  }
  const all = frameBox(whole, w, h, 1);
  if (all.zoom >= READABLE || !union.changed) return all;
  const changed = frameBox(union.changed, w, h, 0.8);
  if (changed.zoom >= READABLE) return changed;
  // Too much to read at once: from the first change on.
  const from = union.first ?? union.changed;
  const zoom = Math.min(0.8, Math.max(READABLE, w / (union.changed.w + 60)));
  return { zoom, x: w / 2 - (from.x + from.w / 2) * zoom, y: 60 - from.y * zoom };
}

/** What is compared: the pass, or one application with its rule, its switch and the way to the next. */
function Caption({
  pass,
  application,
  index,
}: {
  pass: PassSummary;
  application: Application | null;
  index: number | null;
}) {
  const off = useStudio((s) => application !== null && s.choices.applications.includes(application.key));
  return (
    <div className="compare-caption">
      <Tooltip label="Previous fusion ([)">
        <ActionIcon aria-label="Previous fusion" onClick={() => step(-1)}>
          <IconChevronLeft size={18} />
        </ActionIcon>
      </Tooltip>
      <span className="compare-count" data-testid="step-count">
        {index === null ? `all ${countText(pass.applications.length)}` : `${index + 1} of ${pass.applications.length}`}
      </span>
      <Tooltip label="Next fusion (])">
        <ActionIcon aria-label="Next fusion" onClick={() => step(1)}>
          <IconChevronRight size={18} />
        </ActionIcon>
      </Tooltip>
      <div className="compare-what">
        <b>{application ? application.ruleTitle : pass.title}</b>
        <span className="muted">{application ? application.note : pass.doc}</span>
      </div>
      {application && (
        <Switch size="xs" checked={!off} label="Apply this one" onChange={() => toggleApplication(application.key)} />
      )}
      {application && (
        <button type="button" className="link" onClick={() => showPass(useStudio.getState().cursor.pass)}>
          Whole pass
        </button>
      )}
    </div>
  );
}

function Sides({ compared }: { compared: Compared }) {
  const { ref, width, height } = useElementSize();
  const [viewport, setViewport] = useState<Viewport | null>(null);
  const half = (width - 1) / 2;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new comparison frames itself; panning it afterwards is the user's.
  useEffect(() => {
    if (width > 0) setViewport(firstViewport(compared, half, height - 28));
  }, [compared.key, width > 0]);
  const { union, focus } = compared;
  return (
    <div ref={ref} className="compare-sides" data-testid="compare">
      {viewport && (
        <>
          <section className="compare-side" aria-label="Before" data-side="before">
            <h4>
              Before <i>− {plural(union.before.nodes.filter((n) => n.mark === 'removed').length, 'node')}</i>
            </h4>
            <div className="compare-flow">
              <DiffFlow union={union} side={union.before} viewport={viewport} onViewport={setViewport} focus={focus} />
            </div>
          </section>
          <section className="compare-side" aria-label="After" data-side="after">
            <h4>
              After <i>+ {plural(union.after.nodes.filter((n) => n.mark === 'added').length, 'node')}</i>
            </h4>
            <div className="compare-flow">
              <DiffFlow union={union} side={union.after} viewport={viewport} onViewport={setViewport} focus={focus} />
            </div>
          </section>
        </>
      )}
    </div>
  );
}

/** The graph before and after a pass, or one application of it, side by side on one layout. */
export default function Compare() {
  const trace = useStudio((s) => s.trace);
  const cursor = useStudio((s) => s.cursor);
  const optimizing = useStudio((s) => s.optimizing);
  const compared = useUnion();
  const pass = trace?.passes[cursor.pass];
  if (!trace || !pass) {
    return optimizing ? <Loading text="Running the passes…" /> : <Empty text="No model is open." command="file.open" />;
  }
  const application = cursor.application === null ? null : (pass.applications[cursor.application] ?? null);
  return (
    <div className="compare">
      <Caption pass={pass} application={application} index={cursor.application} />
      {compared?.partial && (
        <p className="compare-partial">
          {plural(compared.partial.changed, 'node')} changed; the first {countText(compared.partial.shown)} are shown.
          Step through the fusions to see the others.
        </p>
      )}
      {pass.disabled ? (
        <Empty text={`${pass.title} is switched off: the graph goes through it unchanged.`} />
      ) : pass.applications.length === 0 ? (
        <Empty
          text={`${pass.title} found nothing to change in this model${pass.refusals.length > 0 ? `, and refused ${pass.refusals.length} places` : ''}.`}
        />
      ) : compared ? (
        <Sides compared={compared} />
      ) : (
        <Loading text="Laying out both sides…" />
      )}
    </div>
  );
}
