import { useEffect, useState } from 'react';
import type { GraphPoint, NodeDetail, WeightStats } from '../../../electron/ipc/schemas/graph.ts';
import { host } from '../../host/connection.ts';
import { sentence } from '../../store/actions/notify.ts';
import { busy } from '../../store/idle.ts';
import { useStudio } from '../../store/store.ts';
import { Section } from '../../ui/Frame.tsx';
import { countText, middleCut, numberText, percentText } from '../../ui/format.ts';

/** Above this the numbers are computed on request only. */
const BY_ITSELF = 16e6;

function Histogram({ stats }: { stats: WeightStats }) {
  const most = Math.max(...stats.histogram, 1);
  const n = stats.histogram.length;
  return (
    <svg
      className="histogram"
      viewBox={`0 0 ${n} 32`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Histogram from ${numberText(stats.min)} to ${numberText(stats.max)}`}
    >
      {[...stats.histogram].map((c, i) => {
        const h = (32 * c) / most;
        // biome-ignore lint/suspicious/noArrayIndexKey: bins are their positions.
        return <rect key={i} x={i + 0.06} width={0.88} y={32 - h} height={h} />;
      })}
    </svg>
  );
}

function Weight({ name, value, point, bytes }: { name: string; value: number; point: GraphPoint; bytes: number }) {
  const model = useStudio((s) => s.model?.model ?? '');
  const [asked, setAsked] = useState(bytes <= BY_ITSELF);
  const [stats, setStats] = useState<WeightStats | string | null>(null);
  useEffect(() => {
    if (!asked) return;
    let current = true;
    busy(host().weight({ model, point, value })).then(
      (s) => current && setStats(s),
      (e: unknown) => current && setStats(sentence(e)),
    );
    return () => {
      current = false;
    };
  }, [asked, model, point, value]);
  return (
    <div className="weight">
      <div className="tensor-name" title={name}>
        {middleCut(name, 34)}
      </div>
      {!asked && (
        <button type="button" className="link" onClick={() => setAsked(true)}>
          Compute statistics
        </button>
      )}
      {typeof stats === 'string' && <p className="muted">{stats}</p>}
      {stats !== null && typeof stats === 'object' && (
        <>
          <Histogram stats={stats} />
          <div className="weight-range mono muted">
            <span>{numberText(stats.min)}</span>
            <span>{numberText(stats.max)}</span>
          </div>
          <p className="muted">
            {countText(stats.count)} values · mean {numberText(stats.mean)} · σ {numberText(stats.deviation)} · zeros{' '}
            {percentText(stats.count > 0 ? stats.zeros / stats.count : 0)}
          </p>
        </>
      )}
    </div>
  );
}

/** Statistics and histogram of each constant input, computed by the engine host. */
export function Weights({ detail, point }: { detail: NodeDetail; point: GraphPoint }) {
  const weights = detail.inputs.filter((t) => t.value >= 0 && (t.bytes ?? 0) > 16);
  if (weights.length === 0) return null;
  return (
    <Section title="Weights">
      {weights.slice(0, 4).map((t) => (
        <Weight key={`${detail.id}/${t.value}`} name={t.name} value={t.value} point={point} bytes={t.bytes ?? 0} />
      ))}
    </Section>
  );
}
