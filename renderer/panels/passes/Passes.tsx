import { SegmentedControl, Switch } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { Measure, PassSummary } from '../../../electron/ipc/schemas/trace.ts';
import { toggleApplication, togglePass } from '../../store/actions/choices.ts';
import { showApplication, showPass } from '../../store/actions/cursor.ts';
import { select } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, countText, flopsText, middleCut } from '../../ui/format.ts';
import { StepChart } from './StepChart.tsx';

const APPLICATION_ROW = 44;

type Field = keyof Measure;
const TEXT: Record<Field, (n: number) => string> = {
  nodes: countText,
  launches: countText,
  flops: flopsText,
  bytes: bytesText,
};
const NAME: Record<Field, string> = { nodes: 'Nodes', launches: 'Launches', flops: 'FLOPs', bytes: 'Bytes' };

function Applications({ pass, index }: { pass: PassSummary; index: number }) {
  const at = useStudio((s) => (s.cursor.pass === index ? s.cursor.application : null));
  const off = useStudio((s) => s.choices.applications);
  const box = useRef<HTMLUListElement>(null);
  const rows = useVirtualizer({
    count: pass.applications.length,
    getScrollElement: () => box.current,
    estimateSize: () => APPLICATION_ROW,
    overscan: 8,
  });
  useEffect(() => {
    if (at !== null) rows.scrollToIndex(at, { align: 'auto' });
  }, [at, rows]);
  return (
    <ul className="applications" ref={box} aria-label={`Fusions of ${pass.title}`}>
      <div role="presentation" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((v) => {
          const a = pass.applications[v.index]!;
          return (
            <li key={v.index} data-current={v.index === at} style={{ transform: `translateY(${v.start}px)` }}>
              <button
                type="button"
                onClick={() => {
                  showApplication(index, v.index);
                  select(a.sources, a.added[0] ?? null);
                }}
                title={`${a.ruleTitle}: ${a.note}`}
              >
                <b>{a.note || a.ruleTitle}</b>
                <span className="muted">{middleCut(a.place, 38) || `${a.sources.length} operators`}</span>
              </button>
              <Switch
                size="xs"
                aria-label={`Apply ${a.ruleTitle} here`}
                checked={!off.includes(a.key)}
                onChange={() => toggleApplication(a.key)}
              />
            </li>
          );
        })}
      </div>
    </ul>
  );
}

function PassRow({
  pass,
  index,
  field,
  previous,
}: {
  pass: PassSummary;
  index: number;
  field: Field;
  previous: Measure;
}) {
  const current = useStudio((s) => s.cursor.pass === index);
  const off = useStudio((s) => s.choices.passes.includes(pass.pass));
  const change = pass.after[field] - previous[field];
  return (
    <li className="pass" data-current={current} data-pass={pass.pass} data-quiet={pass.applications.length === 0}>
      <div className="pass-row">
        <button type="button" className="pass-title" aria-expanded={current} onClick={() => showPass(index)}>
          <b>
            {pass.title}
            {pass.run > 1 ? ` (${pass.run})` : ''}
          </b>
          <span className="muted">
            {pass.disabled ? (
              'off'
            ) : pass.applications.length === 0 && pass.refusals.length === 0 ? (
              'nothing to do'
            ) : (
              <>
                <span data-testid="made">{countText(pass.applications.length)} made</span>
                {pass.refusals.length > 0 && (
                  <span className="refused"> · {countText(pass.refusals.length)} refused</span>
                )}
              </>
            )}
            {change !== 0 && (
              <span>
                {' '}
                · {change < 0 ? '−' : '+'}
                {TEXT[field](Math.abs(change))}
              </span>
            )}
          </span>
        </button>
        <Switch size="xs" checked={!off} aria-label={`Run ${pass.title}`} onChange={() => togglePass(pass.pass)} />
      </div>
      {current && pass.applications.length > 0 && <Applications pass={pass} index={index} />}
    </li>
  );
}

/** The pipeline in its order: what each pass made and refused, and what it changed. */
export default function Passes() {
  const trace = useStudio((s) => s.trace);
  const stale = useStudio((s) => s.trace?.stale.length ?? 0);
  const [field, setField] = useState<Field>('launches');
  if (!trace) return <Empty text="The passes run as soon as a model is open." command="file.open" />;
  const measures = [trace.before, ...trace.passes.map((p) => p.after)];
  return (
    <div className="passes">
      <div className="passes-chart">
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label="What the chart shows"
          value={field}
          onChange={(v) => setField(v as Field)}
          data={(Object.keys(NAME) as Field[]).map((f) => ({ value: f, label: NAME[f] }))}
        />
        <StepChart
          values={measures.map((m) => m[field])}
          text={TEXT[field]}
          name={NAME[field]}
          titles={['As imported', ...trace.passes.map((p) => p.title)]}
        />
      </div>
      {stale > 0 && (
        <p className="stale-note">
          {stale} switched-off {stale === 1 ? 'fusion matches' : 'fusions match'} nothing any more.
        </p>
      )}
      <ol className="pass-list" aria-label="Passes">
        {trace.passes.map((p, i) => (
          // A pass runs more than once; its run tells them apart.
          <PassRow key={`${p.pass}/${p.run}`} pass={p} index={i} field={field} previous={measures[i]!} />
        ))}
      </ol>
    </div>
  );
}
