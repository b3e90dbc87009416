import { useMemo } from 'react';
import { useStudio } from '../../store/store.ts';
import { Chart } from '../../ui/Chart.tsx';
import { percentText } from '../../ui/format.ts';

const count = (v: number): string => String(Math.round(v));
const percent = (v: number): string => `${Number(v.toPrecision(2))} %`;

/** How far ranges still move: when the line has come down, more samples change little. */
export function Convergence() {
  const live = useStudio((s) => s.precision.live);
  const y = useMemo(() => live?.largest.map((x) => 100 * x) ?? new Float64Array(), [live]);
  if (!live || live.at.length < 2) {
    return <p className="muted run-note">How far the ranges still move shows here in a moment.</p>;
  }
  const last = live.largest.at(-1) ?? 0;
  const middle = live.middle.at(-1) ?? 0;
  return (
    <div className="convergence">
      <div className="convergence-chart">
        <Chart
          label="Largest movement of a range, in percent, by samples seen"
          kind="line"
          x={live.at}
          y={y}
          xText={count}
          yText={percent}
          height={84}
          yMin={0}
        />
      </div>
      <p className="muted">
        Since it was last looked at, the range that moved most moved by {percentText(last)}, the middle one by{' '}
        {percentText(middle)}. Once both stay small, more samples change little.
      </p>
    </div>
  );
}
