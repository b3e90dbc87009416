import { useEffect, useState } from 'react';
import type { Histogram, TensorRange } from '../../../electron/ipc/schemas/precision.ts';
import { host } from '../../host/connection.ts';
import { setThreshold } from '../../store/actions/precision/ranges.ts';
import { busy } from '../../store/idle.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Stat } from '../../ui/Frame.tsx';
import { countText, numberText, plural } from '../../ui/format.ts';
import { barsFor } from './bars.ts';
import { ThresholdChart } from './ThresholdChart.tsx';
import { useRanges } from './useRanges.ts';

/** All bins of a tensor; null while they come, or where a cache has none. */
function useHistogram(tensor: string | null): Histogram | null {
  const calibration = useStudio((s) => s.precision.calibration?.calibration ?? null);
  const [state, setState] = useState<{ key: string; value: Histogram } | null>(null);
  const key = `${calibration}/${tensor}`;
  useEffect(() => {
    if (calibration === null || tensor === null) return;
    let current = true;
    busy(host().histogram({ calibration, tensor })).then(
      (value) => current && setState({ key, value }),
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [calibration, tensor, key]);
  return state?.key === key && state.value.bins.length > 0 ? state.value : null;
}

/** What a threshold under the pointer would clip, asked of the host while it moves. */
function useTrial(tensor: string, trial: number | null): { clipped: number; sqnr: number | null } | null {
  const calibration = useStudio((s) => s.precision.calibration?.calibration ?? null);
  const [state, setState] = useState<{ at: number; clipped: number; sqnr: number | null } | null>(null);
  useEffect(() => {
    if (calibration === null || trial === null) return;
    let current = true;
    host()
      .threshold({ calibration, tensor, amax: trial })
      .then(
        (r) => current && setState({ at: trial, ...r }),
        () => undefined,
      );
    return () => {
      current = false;
    };
  }, [calibration, tensor, trial]);
  return trial !== null && state !== null ? state : null;
}

const share = (x: number): string => (x === 0 ? 'nothing' : `${Number((100 * x).toPrecision(2))} %`);
const decibels = (x: number | null): string => (x === null ? '–' : `${x.toFixed(1)} dB`);

function Figures({ range, trial }: { range: TensorRange; trial: number | null }) {
  const tried = useTrial(range.tensor, trial);
  const { clipped, sqnr } = tried ?? range;
  const amax = trial ?? range.amax;
  return (
    <div className="stats" data-testid="tensor-figures">
      <Stat label="threshold ±" value={numberText(amax)} title="INT8 represents values up to this" />
      <Stat label="clipped" value={share(clipped)} title="Share of the values beyond the threshold" />
      <Stat label="tensor's SQNR" value={decibels(sqnr)} title="Signal to quantization noise of this tensor alone" />
    </div>
  );
}

/** One tensor: its histogram, where it is clipped, and a handle to clip elsewhere. */
export function TensorDetail() {
  const tensor = useStudio((s) => s.precision.tensor);
  const running = useStudio((s) => s.precision.calibrating !== null);
  const { of, names } = useRanges();
  const name = tensor ?? names[0] ?? null;
  const range = name === null ? undefined : of.get(name);
  const full = useHistogram(running ? null : name);
  const [trial, setTrial] = useState<number | null>(null);
  if (!range)
    return <div className="tensor-detail muted tensor-wait">{running ? 'Waiting for the first samples…' : ''}</div>;
  const bars = full && !running ? barsFor(full.bins, full.width) : { counts: range.bins, top: range.top };
  return (
    <section className="tensor-detail" aria-label={`Range of ${range.tensor}`}>
      <h3 title={range.tensor}>{range.tensor}</h3>
      <Figures range={range} trial={trial} />
      {bars.counts.length > 0 ? (
        <ThresholdChart
          key={range.tensor}
          tensor={range.tensor}
          counts={bars.counts}
          top={bars.top}
          threshold={trial ?? range.amax}
          fixed={running}
          onMove={setTrial}
          onDone={(amax) => {
            setTrial(null);
            setThreshold(range.tensor, amax);
          }}
        />
      ) : (
        <p className="muted tensor-wait">This cache holds no histograms, only the ranges: calibrate to see one.</p>
      )}
      <p className="muted tensor-note">
        {range.count > 0 && (
          <>
            {plural(range.count, 'value')} from {numberText(range.min)} to {numberText(range.max)}
            {full && full.zeros > 0 ? `, ${countText(full.zeros)} of them zero` : ''}.
          </>
        )}
        {range.unusual > 0 && ` ${countText(range.unusual)} are NaN or infinite and left out.`}
        {range.chosen !== null && ` The algorithm chose ±${numberText(range.chosen)}.`}
      </p>
      {range.chosen !== null && (
        <div>
          <CommandButton command="precision.resetThreshold" label="Put it back" />
        </div>
      )}
    </section>
  );
}
