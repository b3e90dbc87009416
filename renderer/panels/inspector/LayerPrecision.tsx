import { useMemo } from 'react';
import { showTensor } from '../../store/actions/precision/ranges.ts';
import { STORAGE_TITLE, storageOf } from '../../store/precision.ts';
import { set, useStudio } from '../../store/store.ts';
import { Section } from '../../ui/Frame.tsx';
import { middleCut, numberText, shareText } from '../../ui/format.ts';
import { MiniHistogram } from '../../ui/MiniHistogram.tsx';
import { PinControl } from '../../ui/PinControl.tsx';

interface Props {
  readonly sources: readonly string[];
  readonly name: string;
  /** Names of the values that the operator makes. */
  readonly outputs: readonly string[];
}

/** The range of what an operator makes, what its layer computes in, and what it is pinned to. */
export function LayerPrecision({ sources, name, outputs }: Props) {
  const tensors = useStudio((s) => s.precision.calibration?.tensors ?? null);
  const report = useStudio((s) => s.build?.report ?? null);
  const ranking = useStudio((s) => s.precision.sensitivity);
  const mine = useMemo(
    () =>
      tensors?.filter(
        (t) => outputs.includes(t.tensor) || (t.sources.length > 0 && t.sources.every((s) => sources.includes(s))),
      ) ?? [],
    [tensors, outputs, sources],
  );
  const storages = useMemo(
    () => [
      ...new Set(
        report?.layers
          .filter((l) => l.op !== 'Copy' && l.sources.some((s) => sources.includes(s)))
          .map((l) => storageOf(l)),
      ),
    ],
    [report, sources],
  );
  const rank = useMemo(
    () => ranking?.layers.find((l) => l.sources.some((s) => sources.includes(s))),
    [ranking, sources],
  );
  if (sources.length === 0) return null;
  return (
    <Section title="Precision">
      <PinControl sources={sources} name={name} />
      {storages.length > 0 && (
        <p className="muted layer-note">Built in {storages.map((s) => STORAGE_TITLE[s]).join(' and ')}.</p>
      )}
      {rank && Number.isFinite(rank.sqnr) && (
        <p className="muted layer-note">Alone in INT8 the network's output keeps {rank.sqnr.toFixed(1)} dB.</p>
      )}
      {mine.slice(0, 4).map((t) => (
        <div key={t.tensor} className="layer-range">
          <button
            type="button"
            className="link"
            title={`${t.tensor}: show its range`}
            onClick={() => {
              showTensor(t.tensor);
              set({ step: 'precision' });
            }}
          >
            {middleCut(t.tensor, 34)}
          </button>
          {t.bins.length > 0 && <MiniHistogram label={t.tensor} bins={t.bins} top={t.top} threshold={t.amax} />}
          <p className="muted">
            ±{numberText(t.amax)}
            {t.clipped > 0 ? `, ${shareText(t.clipped)} clipped` : ', nothing clipped'}
            {t.sqnr === null ? '' : `, ${t.sqnr.toFixed(1)} dB`}
          </p>
        </div>
      ))}
    </Section>
  );
}
