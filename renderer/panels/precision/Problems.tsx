import { useState } from 'react';
import { useStudio } from '../../store/store.ts';
import { countText } from '../../ui/format.ts';

const FIRST = 3;

/** Samples that were left out and tensors that are not finite, a sentence each. */
export function Problems() {
  const running = useStudio((s) => s.precision.calibrating !== null);
  const live = useStudio((s) => s.precision.live);
  const calibration = useStudio((s) => s.precision.calibration);
  const [all, setAll] = useState(false);
  const skipped = (running ? live?.skipped : calibration?.skipped) ?? [];
  const warnings = running ? [] : (calibration?.warnings ?? []);
  const lines = [...warnings, ...skipped.map((s) => `Left out: ${s.message}.`)];
  if (lines.length === 0) return null;
  const shown = all ? lines : lines.slice(0, FIRST);
  return (
    <ul className="range-problems" aria-label="Problems of the calibration">
      {shown.map((l) => (
        <li key={l} className="problem">
          {l}
        </li>
      ))}
      {lines.length > FIRST && (
        <li>
          <button type="button" className="link" onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show ${countText(lines.length - FIRST)} more`}
          </button>
        </li>
      )}
    </ul>
  );
}
