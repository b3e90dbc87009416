import { ticks } from '../ticks.ts';
import { inkOn, type Tokens } from '../tokens.ts';

/** A rectangle of a scene, in the units of its axes. */
export interface Box {
  readonly key: string;
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly fill: string;
  readonly text: string;
  /** What it is selected and hovered by. */
  readonly ids: readonly string[];
  readonly striped?: boolean;
}
export interface Lane {
  readonly y0: number;
  readonly y1: number;
  readonly text: string;
}
export interface Mark {
  readonly axis: 'x' | 'y';
  readonly at: number;
  readonly text: string;
}
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly text: (v: number) => string;
  readonly whole?: boolean;
  readonly title?: string;
}

export interface SceneData {
  readonly boxes: readonly Box[];
  readonly x: Axis;
  /** Values grow upwards; lanes, where given, run downwards and replace the axis. */
  readonly y: Axis;
  readonly lanes?: readonly Lane[];
  readonly marks?: readonly Mark[];
}

/** Where a scene's plane lies on the canvas, and the part of the horizontal axis that is in view. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
}

export const MARGIN = { left: 84, right: 16, top: 22, bottom: 24 } as const;
const FONT = "11px 'Inter Variable', sans-serif";

export const toX = (f: Frame, v: number): number => f.left + ((v - f.from) / (f.to - f.from)) * f.width;
export const fromX = (f: Frame, px: number): number => f.from + ((px - f.left) / f.width) * (f.to - f.from);

export function toY(f: Frame, d: SceneData, v: number): number {
  const share = (v - d.y.from) / (d.y.to - d.y.from || 1);
  return d.lanes ? f.top + share * f.height : f.top + (1 - share) * f.height;
}

/** A box on the canvas; never thinner than what can be seen. */
export function rectOf(f: Frame, d: SceneData, b: Box): { x: number; y: number; w: number; h: number } {
  const x = toX(f, b.x0);
  const [y0, y1] = [toY(f, d, b.y0), toY(f, d, b.y1)];
  return { x, y: Math.min(y0, y1), w: Math.max(1, toX(f, b.x1) - x), h: Math.max(1, Math.abs(y1 - y0)) };
}

/** The box under a point; the last one drawn wins. */
export function boxAt(f: Frame, d: SceneData, px: number, py: number): Box | null {
  for (let i = d.boxes.length - 1; i >= 0; i--) {
    const r = rectOf(f, d, d.boxes[i]!);
    if (px >= r.x - 1 && px <= r.x + r.w + 1 && py >= r.y && py <= r.y + r.h) return d.boxes[i]!;
  }
  return null;
}

/** What fits of a name, its end first: names share how they begin, not how they end. */
function fitText(g: CanvasRenderingContext2D, text: string, width: number): string {
  if (g.measureText(text).width <= width) return text;
  let most = Math.floor((width / Math.max(1, g.measureText(text).width)) * text.length);
  while (most >= 4 && g.measureText(`…${text.slice(-most)}`).width > width) most--;
  return most < 4 ? '' : `…${text.slice(-most)}`;
}

function drawAxes(g: CanvasRenderingContext2D, f: Frame, d: SceneData, t: Tokens): void {
  g.fillStyle = t.muted;
  g.strokeStyle = t.border;
  g.lineWidth = 1;
  g.textBaseline = 'top';
  g.textAlign = 'center';
  for (const v of ticks(f.from, f.to, Math.max(2, f.width / 96), d.x.whole)) {
    const x = Math.round(toX(f, v)) + 0.5;
    g.beginPath();
    g.moveTo(x, f.top);
    g.lineTo(x, f.top + f.height);
    g.stroke();
    g.fillText(d.x.text(v), Math.min(x, f.left + f.width - 12), f.top + f.height + 7);
  }
  g.textAlign = 'right';
  if (d.x.title) g.fillText(d.x.title, f.left - 10, f.top + f.height + 7);
  g.textBaseline = 'middle';
  if (d.lanes) {
    for (const l of d.lanes) g.fillText(l.text, f.left - 10, (toY(f, d, l.y0) + toY(f, d, l.y1)) / 2);
    return;
  }
  for (const v of ticks(d.y.from, d.y.to, Math.max(2, f.height / 44))) {
    const y = Math.round(toY(f, d, v)) + 0.5;
    g.beginPath();
    g.moveTo(f.left, y);
    g.lineTo(f.left + f.width, y);
    g.stroke();
    g.fillText(d.y.text(v), f.left - 10, y);
  }
}

function stripes(g: CanvasRenderingContext2D, r: { x: number; y: number; w: number; h: number }, colour: string): void {
  g.save();
  g.beginPath();
  g.rect(r.x, r.y, r.w, r.h);
  g.clip();
  g.strokeStyle = colour;
  g.lineWidth = 1;
  g.beginPath();
  for (let x = r.x - r.h; x < r.x + r.w; x += 7) {
    g.moveTo(x, r.y + r.h);
    g.lineTo(x + r.h, r.y);
  }
  g.stroke();
  g.restore();
}

function drawMarks(g: CanvasRenderingContext2D, f: Frame, d: SceneData, t: Tokens): void {
  g.strokeStyle = t.removed;
  g.fillStyle = t.removed;
  g.setLineDash([4, 3]);
  for (const m of d.marks ?? []) {
    g.beginPath();
    g.textBaseline = 'bottom';
    if (m.axis === 'x') {
      const x = toX(f, m.at);
      if (x < f.left || x > f.left + f.width) continue;
      g.moveTo(x, f.top);
      g.lineTo(x, f.top + f.height);
      // Above the plane, where no box can lie under it.
      g.textAlign = x < f.left + 60 ? 'left' : x > f.left + f.width - 60 ? 'right' : 'center';
      g.fillText(m.text, x, f.top - 4);
    } else {
      const y = toY(f, d, m.at);
      g.moveTo(f.left, y);
      g.lineTo(f.left + f.width, y);
      g.textAlign = 'right';
      g.textBaseline = 'top';
      g.fillText(m.text, f.left + f.width - 6, y + 4);
    }
    g.stroke();
  }
  g.setLineDash([]);
}

/** Draws a scene: grid, boxes with their names where there is room, what is lit, marks on top. */
export function drawScene(
  g: CanvasRenderingContext2D,
  f: Frame,
  d: SceneData,
  t: Tokens,
  lit: { readonly selected: (b: Box) => boolean; readonly hovered: (b: Box) => boolean },
): void {
  g.font = FONT;
  drawAxes(g, f, d, t);
  const any = d.boxes.some(lit.selected);
  g.save();
  g.beginPath();
  g.rect(f.left, f.top, f.width, f.height);
  g.clip();
  g.textBaseline = 'middle';
  g.textAlign = 'left';
  for (const b of d.boxes) {
    const r = rectOf(f, d, b);
    if (r.x > f.left + f.width || r.x + r.w < f.left) continue;
    const selected = lit.selected(b);
    g.globalAlpha = any && !selected ? 0.35 : 1;
    g.fillStyle = b.fill;
    const gap = r.w > 3 ? 0.5 : 0;
    g.fillRect(r.x, r.y, r.w - gap, r.h - (r.h > 3 ? 0.5 : 0));
    if (b.striped) stripes(g, r, t.panel);
    // Pale boxes would make pale text: what is not selected then shows its colour only.
    if (r.w > 34 && r.h > 13 && b.text !== '' && (!any || selected)) {
      const ink = b.striped ? t.text : inkOn(b.fill);
      const from = Math.max(r.x, f.left);
      g.fillStyle = ink;
      g.fillText(fitText(g, b.text, r.x + r.w - from - 10), from + 5, r.y + Math.min(r.h / 2, r.h - 8));
    }
    if (selected || lit.hovered(b)) {
      g.globalAlpha = 1;
      g.strokeStyle = selected ? t.text : t.accent;
      g.lineWidth = selected ? 2 : 1.5;
      g.strokeRect(r.x + 0.5, r.y + 0.5, Math.max(1, r.w - 1), Math.max(1, r.h - 1));
    }
  }
  g.restore();
  g.globalAlpha = 1;
  drawMarks(g, f, d, t);
  g.strokeStyle = t.strongBorder;
  g.lineWidth = 1;
  g.strokeRect(f.left - 0.5, f.top - 0.5, f.width + 1, f.height + 1);
}
