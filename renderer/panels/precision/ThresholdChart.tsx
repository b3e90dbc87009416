import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { numberText } from '../../ui/format.ts';
import { DARK, LIGHT } from '../../ui/tokens.ts';
import { movedByKey } from './bars.ts';

interface Props {
  readonly tensor: string;
  /** Counts of |x| in equal bars from 0 to `top`. */
  readonly counts: Float64Array;
  readonly top: number;
  readonly threshold: number;
  /** While samples run the algorithm moves the line, nobody else. */
  readonly fixed: boolean;
  readonly onMove: (amax: number) => void;
  readonly onDone: (amax: number) => void;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A single value stands this high, so that it is told from none. */
const ONE = 0.4;
const heightOf = (n: number): number => (n > 0 ? ONE + Math.log10(n) : 0);
const POWERS = ['1', '10', '100', '1k', '10k', '100k', '1M', '10M', '100M', '1G', '10G', '100G', '1T'];

/** A histogram on uPlot, logarithmic upwards, with a line to clip at: a slider for pointer and keys. */
export function ThresholdChart({ tensor, counts, top, threshold, fixed, onMove, onDone }: Props) {
  const { ref, width, height } = useElementSize();
  const target = useRef<HTMLDivElement>(null);
  const handle = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [box, setBox] = useState<Box | null>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const tall = Math.max(90, height);
  const bars = counts.length;

  useEffect(() => {
    if (!target.current || width < 40) return;
    const t = dark ? DARK : LIGHT;
    const axis = (values: (v: number) => string, size: number): uPlot.Axis => ({
      stroke: t.muted,
      grid: { stroke: t.border, width: 1 },
      ticks: { show: false },
      font: '11px Inter Variable',
      size,
      values: (_u, splits) => splits.map(values),
    });
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const u = new uPlot(
      {
        width,
        height: tall,
        padding: [8, 12, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => [0, top] },
          y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.05 : 1] },
        },
        axes: [
          axis(numberText, 24),
          {
            ...axis((v) => POWERS[Math.round(v - ONE)] ?? '', 44),
            splits: (_u, _i, _min, max) => POWERS.map((_, i) => i + ONE).filter((v) => v <= max),
          },
        ],
        series: [
          {},
          {
            stroke: t.accent,
            width: 1,
            fill: `${t.accent}44`,
            points: { show: false },
            ...(stepped ? { paths: stepped } : {}),
          },
        ],
      },
      [[], []],
      target.current,
    );
    plot.current = u;
    const { left, top: y, width: w, height: h } = u.bbox;
    const k = devicePixelRatio;
    setBox({ left: left / k, top: y / k, width: w / k, height: h / k });
    return () => {
      plot.current = null;
      u.destroy();
    };
  }, [width, tall, dark, top]);
  useEffect(() => {
    // A chart made anew needs its data again.
    void box;
    const x = Array.from({ length: bars + 1 }, (_, i) => (top * i) / bars);
    const y = [...counts].map(heightOf);
    plot.current?.setData([x, [...y, y.at(-1) ?? 0]]);
  }, [counts, bars, top, box]);

  const share = top > 0 ? Math.min(1, threshold / top) : 0;
  const valueAt = (e: PointerEvent): number => {
    const rect = e.currentTarget.parentElement!.getBoundingClientRect();
    const x = (e.clientX - rect.left) / rect.width;
    return Math.min(1, Math.max(0.005, x)) * top;
  };
  const drag = {
    onPointerDown: (e: PointerEvent) => {
      if (fixed) return;
      e.currentTarget.setPointerCapture(e.pointerId);
      handle.current?.focus();
      e.preventDefault();
    },
    onPointerMove: (e: PointerEvent) => {
      if (e.currentTarget.hasPointerCapture(e.pointerId)) onMove(valueAt(e));
    },
    onPointerUp: (e: PointerEvent) => {
      if (!e.currentTarget.hasPointerCapture(e.pointerId)) return;
      e.currentTarget.releasePointerCapture(e.pointerId);
      onDone(valueAt(e));
    },
  };
  const onKey = (e: KeyboardEvent): void => {
    const next = fixed || e.altKey || e.ctrlKey || e.metaKey ? null : movedByKey(e.key, threshold, top);
    if (next === null) return;
    e.preventDefault();
    e.stopPropagation();
    onDone(next);
  };
  return (
    <div ref={ref} className="threshold-chart">
      <div ref={target} />
      {box && (
        <div className="threshold-area" style={box}>
          <div className="threshold-beyond" style={{ left: `${100 * share}%` }} />
          <div
            ref={handle}
            className="threshold-handle"
            style={{ left: `${100 * share}%` }}
            role="slider"
            tabIndex={fixed ? -1 : 0}
            aria-label={`Threshold of ${tensor}`}
            aria-valuemin={0}
            aria-valuemax={top}
            aria-valuenow={threshold}
            aria-valuetext={`±${numberText(threshold)}`}
            aria-disabled={fixed}
            title={fixed ? undefined : 'Drag, or use the arrow keys: what lies beyond is clipped'}
            onKeyDown={onKey}
            {...drag}
          >
            <i />
          </div>
        </div>
      )}
    </div>
  );
}
