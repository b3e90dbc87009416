import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { PlanPoint } from '../../../electron/ipc/schemas/precision.ts';
import { timeText } from '../../ui/format.ts';
import { DARK, LIGHT } from '../../ui/tokens.ts';
import { around, keptBy, type Measure, tickText } from './axis.ts';

interface Props {
  readonly points: readonly PlanPoint[];
  readonly measure: Measure;
  readonly chosen: string | null;
  readonly automatic: string | null;
  readonly onChoose: (id: string) => void;
}
interface Spot {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}
const HEIGHT = 190;

/** Accuracy upwards, latency to the right: each point is an engine that was built and run. */
export function PlanChart({ points, measure, chosen, automatic, onChoose }: Props) {
  const { ref, width } = useElementSize();
  const target = useRef<HTMLDivElement>(null);
  const [spots, setSpots] = useState<readonly Spot[]>([]);
  const dark = useComputedColorScheme('light') === 'dark';
  useEffect(() => {
    if (!target.current || width < 60) return;
    const t = dark ? DARK : LIGHT;
    const axis = (label: string, size: number): uPlot.Axis => ({
      stroke: t.muted,
      grid: { stroke: t.border, width: 1 },
      ticks: { show: false },
      font: '11px Inter Variable',
      label,
      labelFont: '11px Inter Variable',
      labelSize: 16,
      labelGap: 0,
      size,
      values: (_u, splits) => splits.map(tickText(splits)),
    });
    const sorted = points.toSorted((a, b) => a.latency - b.latency);
    const x = sorted.map((p) => p.latency / 1e6);
    const y = sorted.map((p) => keptBy(p, measure));
    const u = new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [10, 14, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => around(x, 0.12, 1e-4) },
          y: { range: () => around(y, 0.15, measure === 'top1' ? 0.1 : 1e-7) },
        },
        axes: [axis('latency, ms', 28), axis(measure === 'top1' ? 'top-1, %' : 'cosine to FP32', 62)],
        series: [{}, { stroke: 'transparent', points: { show: false } }],
        // Scales are known once it has drawn.
        hooks: {
          draw: [
            (drawn) => {
              const k = devicePixelRatio;
              const at = (i: number): Omit<Spot, 'id'> => ({
                x: drawn.valToPos(x[i]!, 'x', true) / k,
                y: drawn.valToPos(y[i]!, 'y', true) / k,
              });
              setSpots(sorted.map((p, i) => ({ id: p.id, ...at(i) })));
            },
          ],
        },
      },
      [x, y],
      target.current,
    );
    return () => u.destroy();
  }, [points, measure, width, dark]);
  return (
    <div ref={ref} className="plan-chart" role="group" aria-label="Accuracy against latency">
      <div ref={target} />
      {spots.map((s) => {
        const p = points.find((x) => x.id === s.id);
        if (!p) return null;
        const kept = measure === 'top1' ? `${keptBy(p, measure).toFixed(2)} %` : p.cosine.toFixed(6);
        return (
          <button
            key={s.id}
            type="button"
            className="plan-spot"
            style={{ left: s.x, top: s.y }}
            data-plan={p.id}
            data-kind={
              p.choice.kind === 'fp32' ? 'fp32' : Object.keys(p.choice.pins).length > 0 ? 'mixed' : p.choice.kind
            }
            data-automatic={p.id === automatic}
            aria-pressed={p.id === chosen}
            aria-label={`${p.title}: ${timeText(p.latency)}, ${kept}`}
            title={`${p.title}: ${timeText(p.latency)}, ${kept}`}
            onClick={() => onChoose(p.id)}
          />
        );
      })}
    </div>
  );
}
