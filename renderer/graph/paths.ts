import type { Rect } from './layout/layout.ts';
import type { Point } from './layout/level.ts';

const CORNER = 14;

/** A smooth line from below one box to above another, by way of `bends`. */
export function edgePath(from: Rect, to: Rect, bends: readonly Point[] = []): string {
  const a = { x: from.x + from.w / 2, y: from.y + from.h };
  const b = { x: to.x + to.w / 2, y: to.y };
  if (bends.length === 0) {
    const reach = Math.max(16, Math.abs(b.y - a.y) / 2);
    return `M${a.x},${a.y} C${a.x},${a.y + reach} ${b.x},${b.y - reach} ${b.x},${b.y}`;
  }
  const points = [a, ...bends, b];
  let d = `M${a.x},${a.y}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [p, q, r] = [points[i - 1]!, points[i]!, points[i + 1]!];
    const before = Math.hypot(q.x - p.x, q.y - p.y) || 1;
    const after = Math.hypot(r.x - q.x, r.y - q.y) || 1;
    const s = Math.min(CORNER, before / 2);
    const t = Math.min(CORNER, after / 2);
    d += ` L${q.x - ((q.x - p.x) / before) * s},${q.y - ((q.y - p.y) / before) * s}`;
    d += ` Q${q.x},${q.y} ${q.x + ((r.x - q.x) / after) * t},${q.y + ((r.y - q.y) / after) * t}`;
  }
  return `${d} L${b.x},${b.y}`;
}
