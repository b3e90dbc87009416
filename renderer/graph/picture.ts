import { activeOverlay, colourOf, type Overlay } from '../overlays/overlays.ts';
import type { StudioState } from '../store/state.ts';
import { flopsText, middleCut, plural, shortShape, shortType } from '../ui/format.ts';
import { CATEGORY, inkOn, type Tokens } from '../ui/tokens.ts';
import type { SceneLayout } from './layout/layout.ts';
import { edgePath } from './paths.ts';
import type { Scene, SceneItem } from './scene.ts';

/** What a picture of a graph is drawn with; the same shapes become SVG and pixels. */
export type Shape =
  | {
      readonly kind: 'rect';
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
      readonly radius: number;
      readonly fill: string;
      readonly stroke: string;
    }
  | { readonly kind: 'path'; readonly d: string; readonly stroke: string; readonly width: number }
  | {
      readonly kind: 'text';
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly size: number;
      readonly bold: boolean;
      readonly fill: string;
      readonly anchor: 'start' | 'middle' | 'end';
    };

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  readonly shapes: readonly Shape[];
}

const MARGIN = 32;
const LEGEND = 34;

interface Look {
  readonly tokens: Tokens;
  readonly scheme: 'light' | 'dark';
  readonly overlay: Overlay | null;
}

function itemShapes(item: SceneItem, r: { x: number; y: number; w: number; h: number }, look: Look): Shape[] {
  const { tokens: t, scheme, overlay } = look;
  const text = (
    x: number,
    y: number,
    words: string,
    fill: string,
    rest: Partial<Shape & { kind: 'text' }> = {},
  ): Shape => ({
    kind: 'text',
    x,
    y,
    text: words,
    size: 12,
    bold: false,
    fill,
    anchor: 'start',
    ...rest,
  });
  const box = (fill: string, stroke: string, radius = 6): Shape => ({ kind: 'rect', ...r, radius, fill, stroke });
  if (item.kind === 'frame') {
    return [box('none', t.strongBorder, 10), text(r.x + 12, r.y + 22, item.group.name, t.muted, { bold: true })];
  }
  const sources = item.kind === 'node' ? item.node.sources : item.nodes.flatMap((n) => n.sources);
  const value = overlay?.value(sources) ?? null;
  const heat = overlay ? colourOf(overlay, value) : null;
  const ink = heat ? inkOn(heat) : t.text;
  const soft = heat ? ink : t.muted;
  if (item.kind === 'collapsed') {
    const flops = item.nodes.reduce((n, x) => n + x.flops, 0);
    const detail = `${plural(item.nodes.length, 'operator')}${flops > 0 ? ` · ${flopsText(flops)}` : ''}`;
    return [
      box(heat ?? t.raised, t.strongBorder),
      text(r.x + 14, r.y + 25, middleCut(item.group.name || 'group', 26), ink, { bold: true }),
      text(r.x + 14, r.y + 43, detail, soft),
    ];
  }
  const { node } = item;
  if (node.kind !== 'op') {
    return [
      box(t.sunken, t.strongBorder, r.h / 2),
      text(
        r.x + r.w / 2,
        r.y + r.h / 2 + 4,
        `${middleCut(node.name || node.op, 14)} ${shortShape(node.shape, 15)}`,
        t.text,
        {
          anchor: 'middle',
        },
      ),
    ];
  }
  const hue = CATEGORY[node.category][scheme];
  const right = overlay && value !== null ? overlay.text(value) : '';
  return [
    box(heat ?? t.raised, heat ?? t.strongBorder),
    ...(heat ? [] : [{ kind: 'rect', x: r.x, y: r.y, w: 5, h: r.h, radius: 2, fill: hue, stroke: 'none' } as const]),
    text(
      r.x + 16,
      r.y + 20,
      node.fused && node.sources.length > 1 ? `${node.op} · fused ${node.sources.length}` : node.op,
      ink,
      { bold: true },
    ),
    ...(right === '' ? [] : [text(r.x + r.w - 8, r.y + 20, right, ink, { anchor: 'end' as const, bold: true })]),
    text(r.x + 16, r.y + 36, middleCut(node.name, 25), soft),
    text(r.x + 16, r.y + 51, `${shortShape(node.shape, 20)} ${shortType(node.dtype)}`, soft, { size: 11 }),
  ];
}

/** A whole scene as a picture: groups as they are open, colours of the active overlay, its legend below. */
export function graphPicture(
  scene: Scene,
  layout: SceneLayout,
  state: StudioState,
  look: Omit<Look, 'overlay'>,
): Picture {
  const overlay = activeOverlay(state);
  const { tokens: t } = look;
  const shapes: Shape[] = [];
  const at = (id: string) => {
    const r = layout.rects.get(id);
    return r && { x: r.x + MARGIN, y: r.y + MARGIN, w: r.w, h: r.h };
  };
  const items = [...scene.items.values()];
  const draw = (list: readonly SceneItem[]): void => {
    for (const item of list) {
      const r = at(item.id);
      if (r) shapes.push(...itemShapes(item, r, { ...look, overlay }));
    }
  };
  draw(items.filter((i) => i.kind === 'frame'));
  for (const e of scene.edges) {
    const [a, b] = [at(e.from), at(e.to)];
    if (e.hub || !a || !b) continue;
    const bends = layout.bends.get(e.id)?.map((p) => ({ x: p.x + MARGIN, y: p.y + MARGIN }));
    shapes.push({ kind: 'path', d: edgePath(a, b, bends), stroke: t.edge, width: 1.4 });
  }
  draw(items.filter((i) => i.kind !== 'frame'));
  const height = layout.height + 2 * MARGIN + (overlay ? LEGEND : 0);
  if (overlay) {
    const words = `Colour: ${overlay.title}, largest ${overlay.text(overlay.max)}`;
    shapes.push({
      kind: 'text',
      x: MARGIN,
      y: height - 18,
      text: words,
      size: 12,
      bold: false,
      fill: t.muted,
      anchor: 'start',
    });
  }
  return { width: Math.max(420, layout.width + 2 * MARGIN), height, background: t.page, shapes };
}

const escaped = (s: string): string =>
  s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const FONT = "'Inter Variable', Inter, system-ui, sans-serif";
const n = (v: number): string => String(Math.round(v * 10) / 10);

export function pictureSvg(p: Picture): string {
  const body = p.shapes.map((s) => {
    if (s.kind === 'rect')
      return `<rect x="${n(s.x)}" y="${n(s.y)}" width="${n(s.w)}" height="${n(s.h)}" rx="${n(s.radius)}" fill="${s.fill}" stroke="${s.stroke}"/>`;
    if (s.kind === 'path') return `<path d="${s.d}" fill="none" stroke="${s.stroke}" stroke-width="${s.width}"/>`;
    const weight = s.bold ? ' font-weight="600"' : '';
    return `<text x="${n(s.x)}" y="${n(s.y)}" font-size="${s.size}"${weight} fill="${s.fill}" text-anchor="${s.anchor}">${escaped(s.text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${n(p.width)}" height="${n(p.height)}" viewBox="0 0 ${n(p.width)} ${n(p.height)}" font-family="${FONT}">
<rect width="100%" height="100%" fill="${p.background}"/>
${body.join('\n')}
</svg>
`;
}

/** Most that a canvas holds, in pixels a side and altogether. */
const SIDE = 16_000;
const AREA = 200_000_000;

/** Twice the size of the screen where that fits; a larger graph gets as many pixels as a canvas has. */
export async function picturePng(p: Picture): Promise<Uint8Array> {
  const scale = Math.min(2, SIDE / Math.max(p.width, p.height), Math.sqrt(AREA / (p.width * p.height)));
  const canvas = new OffscreenCanvas(Math.ceil(p.width * scale), Math.ceil(p.height * scale));
  const g = canvas.getContext('2d');
  if (!g) throw new Error('This window cannot draw pictures.');
  g.fillStyle = p.background;
  g.fillRect(0, 0, canvas.width, canvas.height);
  g.scale(scale, scale);
  for (const s of p.shapes) {
    if (s.kind === 'rect') {
      g.beginPath();
      g.roundRect(s.x, s.y, s.w, s.h, s.radius);
      g.fillStyle = s.fill;
      if (s.fill !== 'none') g.fill();
      g.strokeStyle = s.stroke;
      g.lineWidth = 1;
      if (s.stroke !== 'none') g.stroke();
    } else if (s.kind === 'path') {
      g.strokeStyle = s.stroke;
      g.lineWidth = s.width;
      g.stroke(new Path2D(s.d));
    } else {
      g.font = `${s.bold ? 600 : 400} ${s.size}px ${FONT}`;
      g.fillStyle = s.fill;
      g.textAlign = s.anchor === 'middle' ? 'center' : s.anchor;
      g.fillText(s.text, s.x, s.y);
    }
  }
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new Uint8Array(await blob.arrayBuffer());
}
