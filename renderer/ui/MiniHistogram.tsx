import { useMemo } from 'react';
import { numberText } from './format.ts';
import { histogramPath } from './histogramPath.ts';

interface Props {
  readonly label: string;
  /** Counts in equal bins from 0 to `top`. */
  readonly bins: Float64Array;
  readonly top: number;
  /** Where values are clipped. */
  readonly threshold: number;
}
const H = 24;
const W = 100;

/** A small histogram of |x| on a logarithmic scale, its threshold drawn and what lies beyond it shaded. */
export function MiniHistogram({ label, bins, top, threshold }: Props) {
  const path = useMemo(() => histogramPath(bins, W, H), [bins]);
  const at = top > 0 ? Math.min(1, threshold / top) * W : 0;
  return (
    <svg
      className="mini-histogram"
      viewBox={`0 0 ${W} ${H}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: values up to ${numberText(top)}, clipped at ${numberText(threshold)}`}
    >
      {top > 0 && at < W && <rect className="mini-beyond" x={at} y={0} width={W - at} height={H} />}
      <path d={path} />
      {top > 0 && <line x1={at} x2={at} y1={0} y2={H} />}
    </svg>
  );
}
