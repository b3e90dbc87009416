import { ceilingOf, type ProfileDocument, type ProfileLayer } from '../../engine/profile/document.ts';
import { bytesText, html, type Markup, percentText, px, rateText, timeText } from './text.ts';

const WIDTH = 860;

/** The name that tells a layer from the others. */
export function titleOf(d: ProfileDocument): (l: ProfileLayer) => string {
  const names = new Map(d.sources.map((s) => [s.id, s.name || s.op]));
  return (l) =>
    l.conversion ? `${l.conversion.from} → ${l.conversion.to}` : (names.get(l.sources[0] ?? '') ?? l.name);
}

const svg = (height: number, label: string, body: readonly Markup[]): Markup =>
  html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${body}</svg>`;

/** The slowest layers as bars. */
export function layerBars(d: ProfileDocument, most: number): Markup {
  const layers = d.layers.toSorted((a, b) => b.median - a.median).slice(0, most);
  const slowest = Math.max(1, layers[0]?.median ?? 1);
  const sum = d.layers.reduce((s, l) => s + l.median, 0) || 1;
  const title = titleOf(d);
  const [row, left, right] = [22, 300, 130];
  const rows = layers.map((l, i) => {
    const y = i * row;
    const w = ((WIDTH - left - right) * l.median) / slowest;
    const name = `${l.layer + 1} · ${title(l)}`;
    return html`<text x="${left - 10}" y="${y + 15}" text-anchor="end">${name.length > 44 ? `${name.slice(0, 43)}…` : name}</text>
<rect class="bar" x="${left}" y="${y + 4}" width="${px(Math.max(1, w))}" height="${row - 8}"><title>${l.tactic}</title></rect>
<text class="muted" x="${px(left + w + 8)}" y="${y + 15}">${timeText(l.median)}, ${percentText(l.median / sum)}</text>`;
  });
  return svg(layers.length * row, `The ${layers.length} slowest layers`, rows);
}

/** Latency of every run. */
export function runs(d: ProfileDocument): Markup {
  const [height, left] = [130, 110];
  const top = d.latency.p90 * 1.4 || 1;
  const x = (i: number): number => left + (i / Math.max(1, d.samples.length - 1)) * (WIDTH - left - 10);
  const y = (ns: number): number => height - 20 - (Math.min(ns, top) / top) * (height - 30);
  const path = d.samples.map((s, i) => `${i === 0 ? 'M' : 'L'}${px(x(i))},${px(y(s))}`).join('');
  const { median, p90 } = d.latency;
  const marks = [0, median, ...(y(median) - y(p90) > 16 ? [p90] : [])];
  const lines = marks.map(
    (v) => html`<line class="grid" x1="${left}" x2="${WIDTH - 10}" y1="${px(y(v))}" y2="${px(y(v))}"/>
<text class="muted" x="${left - 8}" y="${px(y(v) + 4)}" text-anchor="end">${v === 0 ? '0' : `${v === median ? 'median' : 'p90'} ${timeText(v)}`}</text>`,
  );
  return svg(height, 'Latency of each run', [...lines, html`<path class="line" d="${path}"/>`]);
}

/** Layers under the ceilings of the device; nothing where they were not measured. */
export function roofline(d: ProfileDocument): Markup | null {
  const { ceilings } = d;
  const points = d.layers.filter((l) => l.flops > 0 && l.bytes > 0 && l.median > 0);
  if (!ceilings || ceilings.bandwidth <= 0 || points.length === 0) return null;
  const [height, left, bottom, top] = [380, 90, 40, 16];
  const used = [...new Set(points.map((l) => l.dtype))];
  const roofs = used.map((dtype) => ({ dtype, rate: ceilingOf(ceilings, dtype) })).filter((r) => r.rate > 0);
  const rate = (l: ProfileLayer): number => (l.flops / l.median) * 1e9;
  const xs = [...points.map((l) => l.flops / l.bytes), ...roofs.map((r) => r.rate / ceilings.bandwidth)];
  const ys = [...points.map(rate), ...roofs.map((r) => r.rate)];
  const [x0, x1, y0, y1] = [Math.min(...xs) / 2, Math.max(...xs) * 2, Math.min(...ys) / 2, Math.max(...ys) * 2.2];
  const at = (v: number, a: number, b: number): number => Math.log(v / a) / Math.log(b / a);
  const x = (v: number): number => left + at(v, x0, x1) * (WIDTH - left - 20);
  const y = (v: number): number => top + (1 - at(v, y0, y1)) * (height - top - bottom);
  const decades = (a: number, b: number): number[] => {
    const out: number[] = [];
    for (let e = Math.ceil(Math.log10(a)); e <= Math.log10(b); e++) out.push(10 ** e);
    return out;
  };
  const grid = [
    ...decades(x0, x1).map(
      (v) => html`<line class="grid" x1="${px(x(v))}" x2="${px(x(v))}" y1="${top}" y2="${height - bottom}"/>
<text class="muted" x="${px(x(v))}" y="${height - bottom + 16}" text-anchor="middle">${Number(v.toPrecision(1))}</text>`,
    ),
    ...decades(y0, y1).map(
      (v) => html`<line class="grid" x1="${left}" x2="${WIDTH - 20}" y1="${px(y(v))}" y2="${px(y(v))}"/>
<text class="muted" x="${left - 8}" y="${px(y(v) + 4)}" text-anchor="end">${rateText(v, 'FLOP/s')}</text>`,
    ),
  ];
  const ridge = Math.max(...roofs.map((r) => r.rate), 1) / ceilings.bandwidth;
  const slope = html`<line class="roof" x1="${px(x(x0))}" y1="${px(y(ceilings.bandwidth * x0))}" x2="${px(x(ridge))}" y2="${px(y(ceilings.bandwidth * ridge))}"/>`;
  const flats = roofs.map(
    (
      r,
    ) => html`<line class="roof" x1="${px(x(r.rate / ceilings.bandwidth))}" x2="${WIDTH - 20}" y1="${px(y(r.rate))}" y2="${px(y(r.rate))}"/>
<text class="roof-text" x="${WIDTH - 26}" y="${px(y(r.rate) - 5)}" text-anchor="end">${r.dtype} ${rateText(r.rate, 'FLOP/s')}</text>`,
  );
  const slowest = Math.max(...points.map((l) => l.median));
  const title = titleOf(d);
  const circles = points
    .toSorted((a, b) => b.median - a.median)
    .map(
      (l) =>
        html`<circle class="point" cx="${px(x(l.flops / l.bytes))}" cy="${px(y(rate(l)))}" r="${px(3 + 11 * Math.sqrt(l.median / slowest))}"><title>${l.layer + 1} · ${title(l)}: ${timeText(l.median)}, ${rateText(rate(l), 'FLOP/s')}</title></circle>`,
    );
  return svg(height, 'Roofline', [
    html`<clipPath id="plane"><rect x="${left}" y="${top}" width="${WIDTH - left - 20}" height="${height - top - bottom}"/></clipPath>`,
    ...grid,
    html`<g clip-path="url(#plane)">${slope}${flats}${circles}</g>`,
    html`<text class="muted" x="${WIDTH / 2}" y="${height - 6}" text-anchor="middle">FLOP per byte; copy reaches ${rateText(ceilings.bandwidth, 'B/s')}</text>`,
  ]);
}

/** The arena: addresses upwards, layers to the right. */
export function memoryPlan(d: ProfileDocument): Markup | null {
  const { blocks, arena, peak } = d.memory;
  if (blocks.length === 0 || arena === 0) return null;
  const [height, left] = [240, 90];
  const n = Math.max(1, d.layers.length);
  const x = (t: number): number => left + (t / n) * (WIDTH - left - 10);
  const y = (a: number): number => height - 24 - (a / arena) * (height - 44);
  const rects = blocks.map(
    (b) =>
      html`<rect class="${b.kind}" x="${px(x(b.from))}" y="${px(y(b.offset + b.bytes))}" width="${px(Math.max(1, x(b.to + 1) - x(b.from)))}" height="${px(Math.max(0.5, y(b.offset) - y(b.offset + b.bytes)))}"><title>${b.name}: ${bytesText(b.bytes)}</title></rect>`,
  );
  const at = x(peak.layer + 0.5);
  return svg(height, 'Memory plan', [
    ...[0, arena / 2, arena].map(
      (v) => html`<line class="grid" x1="${left}" x2="${WIDTH - 10}" y1="${px(y(v))}" y2="${px(y(v))}"/>
<text class="muted" x="${left - 8}" y="${px(y(v) + 4)}" text-anchor="end">${bytesText(v)}</text>`,
    ),
    ...rects,
    html`<line class="roof" x1="${px(at)}" x2="${px(at)}" y1="16" y2="${height - 24}"/>
<text class="roof-text" x="${px(Math.min(at + 6, WIDTH - 150))}" y="12">peak ${bytesText(peak.bytes)}, layer ${peak.layer + 1}</text>
<text class="muted" x="${WIDTH / 2}" y="${height - 6}" text-anchor="middle">layers in order</text>`,
  ]);
}
