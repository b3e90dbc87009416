import { useMemo } from 'react';
import type { NodeDetail } from '../../../electron/ipc/schemas/graph.ts';
import { select } from '../../store/actions/select.ts';
import { profileFits } from '../../store/state.ts';
import { get, useStudio } from '../../store/store.ts';
import { Empty, Loading, Section, Stat } from '../../ui/Frame.tsx';
import { bytesText, flopsText, middleCut, timeText } from '../../ui/format.ts';
import { LayerCard } from './LayerCard.tsx';
import { LayerPrecision } from './LayerPrecision.tsx';
import { ModelCard } from './ModelCard.tsx';
import { type Detail, useDetail } from './useDetail.ts';
import { Weights } from './Weights.tsx';

const KINDS: Record<string, string> = { sinter: 'fused by Sinter', '': '' };

function goTo(id: string): void {
  for (const v of Object.values(get().views)) {
    const n = v.nodes.find((x) => x.id === id);
    if (n) return select(n.sources, n.id);
  }
}

function Tensors({ rows }: { rows: NodeDetail['inputs'] }) {
  return (
    <ul className="tensors">
      {rows.map((t, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: names repeat; the order is the operator's own.
        <li key={`${t.name}${i}`}>
          <span className="tensor-name" title={t.name}>
            {middleCut(t.name || `(${i})`, 30)}
          </span>
          <span className="tensor-type mono">
            {t.dtype} {t.shape}
          </span>
          <span className="muted">{t.bytes === null ? '' : bytesText(t.bytes)}</span>
          {t.constant && <span className="tag">constant</span>}
          {t.links.slice(0, 4).map((l) => (
            <button
              key={l}
              type="button"
              className="link"
              onClick={() => goTo(l)}
              title="Go to the operator at the other end"
            >
              →
            </button>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Fate({ sources }: { sources: readonly string[] }) {
  const fates = useStudio((s) => s.trace?.fates ?? null);
  const texts = useMemo(
    () => [...new Set(sources.map((s) => fates?.[s]).filter((f) => f !== undefined))],
    [sources, fates],
  );
  if (texts.length === 0) return null;
  return <p className="fate">Optimized: {texts.join('; ')}.</p>;
}

function LayerTimes({ sources }: { sources: readonly string[] }) {
  const profile = useStudio((s) => (profileFits(s) ? s.profile : null));
  const mine = useMemo(
    () => profile?.layers.filter((l) => l.sources.some((s) => sources.includes(s))) ?? [],
    [profile, sources],
  );
  if (mine.length === 0) return null;
  return (
    <Section title="Measured">
      {mine.map((l) => (
        <p key={l.layer} className="measured">
          <b>{timeText(l.median)}</b> {l.name}
          <br />
          <span className="mono muted">{l.tactic}</span>
          {l.sources.length > sources.length && (
            <span className="muted"> · one kernel for {l.sources.length} operators</span>
          )}
        </p>
      ))}
    </Section>
  );
}

function Node({ detail, point }: Detail) {
  const sources = useMemo(() => detail.sources.map((s) => s.id), [detail]);
  return (
    <div className="inspector">
      <h2>{detail.op}</h2>
      <p className="muted selectable">
        {detail.name || '(unnamed)'}
        {KINDS[detail.domain] ? ` · ${KINDS[detail.domain]}` : detail.domain ? ` · ${detail.domain}` : ''}
      </p>
      <Fate sources={sources} />
      <div className="stats">
        <Stat label="Operations" value={flopsText(detail.flops)} />
        <Stat label="Bytes moved" value={bytesText(detail.bytes)} />
        <Stat
          label="FLOP per byte"
          value={detail.bytes > 0 ? (detail.flops / detail.bytes).toFixed(1) : '–'}
          title="Arithmetic intensity"
        />
      </div>
      <LayerTimes sources={sources} />
      <LayerPrecision sources={sources} name={detail.name || detail.op} outputs={detail.outputs.map((o) => o.name)} />
      {detail.body.length > 0 && (
        <Section title="Computes">
          <p>{detail.body.map((b) => b.op).join(' → ')}</p>
        </Section>
      )}
      {detail.attributes.length > 0 && (
        <Section title="Attributes">
          <dl className="attributes">
            {detail.attributes.map((a) => (
              <div key={a.name}>
                <dt>{a.name}</dt>
                <dd className="mono selectable">{a.value}</dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
      <Section title="Inputs">
        <Tensors rows={detail.inputs} />
      </Section>
      <Section title="Outputs">
        <Tensors rows={detail.outputs} />
      </Section>
      <Weights detail={detail} point={point} />
      <Section title={detail.sources.length > 1 ? 'Made from' : 'Source operator'}>
        <ul className="tensors">
          {detail.sources.map((s) => (
            <li key={s.id}>
              <button type="button" className="link" onClick={() => select([s.id], get().focus)}>
                {s.op || 'operator'} {middleCut(s.name, 28)}
              </button>
              <span className="muted mono">#{s.id}</span>
            </li>
          ))}
        </ul>
      </Section>
    </div>
  );
}

/** Everything about the selected operator; about the model when none is selected. */
export default function Inspector() {
  const focus = useStudio((s) => s.focus);
  const hasModel = useStudio((s) => s.model !== null);
  const profile = useStudio((s) => s.profile);
  const detail = useDetail();
  const layer = focus?.startsWith('l') ? profile?.layers[Number(focus.slice(1))] : undefined;
  if (profile && layer) return <LayerCard profile={profile} layer={layer} />;
  if (!hasModel)
    return <Empty text={profile ? 'Choose a layer to see everything about it.' : 'Nothing to inspect yet.'} />;
  if (focus === null || !focus.startsWith('n')) return <ModelCard />;
  if (detail === null) return <Loading text="Reading…" />;
  if (typeof detail === 'string') return <Empty text={detail} />;
  return <Node {...detail} />;
}
