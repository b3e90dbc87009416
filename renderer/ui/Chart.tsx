import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { DARK, LIGHT } from './tokens.ts';

interface Props {
  readonly label: string;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly xText: (v: number) => string;
  readonly yText: (v: number) => string;
  readonly kind: 'line' | 'bars';
  readonly height: number;
  /** Top of the vertical scale; the largest value when absent. */
  readonly yMax?: number;
  /** Bottom of a line's vertical scale; just below the least value when absent. */
  readonly yMin?: number;
  /** Horizontal marks with a word each. */
  readonly marks?: readonly { readonly value: number; readonly text: string }[];
}

const NO_MARKS: NonNullable<Props['marks']> = [];

/** One series on uPlot, in the studio's colours. */
export function Chart({ label, x, y, xText, yText, kind, height, yMax, yMin, marks = NO_MARKS }: Props) {
  const { ref, width } = useElementSize();
  const box = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  useEffect(() => {
    if (!box.current || width < 10) return;
    const t = dark ? DARK : LIGHT;
    const axis = (values: (v: number) => string, size: number): uPlot.Axis => ({
      stroke: t.muted,
      grid: { stroke: t.border, width: 1 },
      ticks: { show: false },
      font: '11px Inter Variable',
      size,
      values: (_u, splits) => splits.map(values),
    });
    const bars = uPlot.paths.bars?.({ size: [0.9, 40] });
    const plot = new uPlot(
      {
        width,
        height,
        padding: [10, 18, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 5 } },
        scales: {
          x: { time: false },
          y: {
            range: (_u, min, max) =>
              kind === 'bars' ? [0, max * 1.05] : [yMin ?? Math.min(min, 0.9 * (yMax ?? max)), yMax ?? max * 1.02],
          },
        },
        axes: [axis(xText, 24), axis(yText, 56)],
        series: [
          {},
          {
            stroke: t.accent,
            width: kind === 'line' ? 1.2 : 0,
            fill: kind === 'bars' ? t.accent : `${t.accent}22`,
            points: { show: false },
            ...(kind === 'bars' && bars ? { paths: bars } : {}),
          },
        ],
        hooks: {
          draw: [
            (u) => {
              const { ctx } = u;
              ctx.save();
              ctx.strokeStyle = t.removed;
              ctx.fillStyle = t.removed;
              ctx.setLineDash([4, 3]);
              ctx.font = `${11 * devicePixelRatio}px Inter Variable`;
              for (const m of marks) {
                const py = u.valToPos(m.value, 'y', true);
                ctx.beginPath();
                ctx.moveTo(u.bbox.left, py);
                ctx.lineTo(u.bbox.left + u.bbox.width, py);
                ctx.stroke();
                ctx.textAlign = 'right';
                const wide = ctx.measureText(m.text).width;
                ctx.fillStyle = t.panel;
                ctx.fillRect(
                  u.bbox.left + u.bbox.width - wide - 8,
                  py - 5 - 12 * devicePixelRatio,
                  wide + 8,
                  14 * devicePixelRatio,
                );
                ctx.fillStyle = t.removed;
                ctx.fillText(m.text, u.bbox.left + u.bbox.width - 4, py - 5);
              }
              ctx.restore();
            },
          ],
        },
      },
      [[...x], [...y]],
      box.current,
    );
    return () => plot.destroy();
  }, [width, height, dark, x, y, xText, yText, kind, marks, yMax, yMin]);
  return (
    <div ref={ref} role="img" aria-label={label}>
      <div ref={box} />
    </div>
  );
}
