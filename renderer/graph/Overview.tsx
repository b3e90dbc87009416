import type { Viewport } from '@xyflow/react';
import { type MouseEvent, useEffect, useRef } from 'react';
import { activeOverlay, colourOf } from '../overlays/overlays.ts';
import { useStudio } from '../store/store.ts';
import { CATEGORY } from '../ui/tokens.ts';
import type { SceneItem } from './scene.ts';
import type { LaidOut } from './useLayout.ts';

interface Props {
  readonly laidOut: LaidOut;
  readonly viewport: Viewport;
  readonly width: number;
  readonly height: number;
  readonly dark: boolean;
  onPick(item: SceneItem): void;
}

/** The whole scene on one canvas: for graphs and zooms where a DOM node per operator would be too much. */
export function Overview({ laidOut, viewport, width, height, dark, onPick }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const overlay = useStudio(activeOverlay);
  const selection = useStudio((s) => s.selection);
  useEffect(() => {
    const c = canvas.current;
    const g = c?.getContext('2d');
    if (!c || !g) return;
    const ratio = window.devicePixelRatio;
    c.width = width * ratio;
    c.height = height * ratio;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    const { x, y, zoom } = viewport;
    const { rects } = laidOut.layout;
    const css = getComputedStyle(c);
    g.strokeStyle = css.getPropertyValue('--edge');
    g.lineWidth = Math.max(0.4, zoom);
    g.beginPath();
    for (const e of laidOut.scene.edges) {
      const a = rects.get(e.from);
      const b = rects.get(e.to);
      if (e.hub || !a || !b) continue;
      g.moveTo((a.x + a.w / 2) * zoom + x, (a.y + a.h) * zoom + y);
      g.lineTo((b.x + b.w / 2) * zoom + x, b.y * zoom + y);
    }
    g.stroke();
    for (const item of laidOut.scene.items.values()) {
      const r = rects.get(item.id);
      if (!r) continue;
      const left = r.x * zoom + x;
      const top = r.y * zoom + y;
      const w = Math.max(1, r.w * zoom);
      const h = Math.max(1, r.h * zoom);
      if (left > width || top > height || left + w < 0 || top + h < 0) continue;
      if (item.kind === 'frame') {
        g.strokeStyle = css.getPropertyValue('--border');
        g.strokeRect(left, top, w, h);
        continue;
      }
      const nodes = item.kind === 'node' ? [item.node] : item.nodes;
      const heat = overlay ? colourOf(overlay, overlay.value(nodes.flatMap((n) => n.sources))) : null;
      const lit = selection.size > 0 && nodes.some((n) => n.sources.some((s) => selection.has(s)));
      const hue = CATEGORY[nodes[0]!.category];
      g.fillStyle = lit
        ? css.getPropertyValue('--accent')
        : (heat ?? (item.kind === 'collapsed' ? css.getPropertyValue('--strong-border') : dark ? hue.dark : hue.light));
      g.fillRect(left, top, w, h);
    }
  }, [laidOut, viewport, width, height, dark, overlay, selection]);
  const pick = (e: MouseEvent<HTMLCanvasElement>): void => {
    const box = e.currentTarget.getBoundingClientRect();
    const px = (e.clientX - box.left - viewport.x) / viewport.zoom;
    const py = (e.clientY - box.top - viewport.y) / viewport.zoom;
    const slack = 4 / viewport.zoom;
    for (const item of laidOut.scene.items.values()) {
      const r = laidOut.layout.rects.get(item.id);
      if (!r || item.kind === 'frame') continue;
      if (px >= r.x - slack && px <= r.x + r.w + slack && py >= r.y - slack && py <= r.y + r.h + slack) onPick(item);
      return;
    }
  };
  return (
    <canvas
      ref={canvas}
      className="overview"
      style={{ width, height }}
      aria-label="Overview of the graph"
      role="img"
      onClick={pick}
    />
  );
}
