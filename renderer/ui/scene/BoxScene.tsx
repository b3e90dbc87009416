import { ActionIcon, Tooltip, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconArrowsHorizontal, IconMinus, IconPlus } from '@tabler/icons-react';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { hover } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { DARK, LIGHT } from '../tokens.ts';
import { type Box, boxAt, drawScene, type Frame, fromX, MARGIN, type SceneData } from './draw.ts';

interface Props {
  readonly label: string;
  readonly data: SceneData;
  /** Tallest that the plane is drawn, in pixels. */
  readonly tallest?: number;
  readonly tip: (b: Box) => ReactNode;
  readonly onPick: (b: Box) => void;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Keeps a span inside the axis and no narrower than a ten-thousandth of it. */
function within(span: Span, axis: Span): Span {
  const whole = axis.to - axis.from;
  const width = Math.min(whole, Math.max(whole / 10_000, span.to - span.from));
  const from = Math.min(Math.max(axis.from, span.from), axis.to - width);
  return { from, to: from + width };
}

/** Boxes over an axis on one canvas: zoom with the wheel, drag to pan, arrow keys from box to box. */
export function BoxScene({ label, data, tallest = 4000, tip, onPick }: Props) {
  const { ref, width, height } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const selection = useStudio((s) => s.selection);
  const hovered = useStudio((s) => s.hover);
  const [span, setSpan] = useState<Span>({ from: data.x.from, to: data.x.to });
  const [at, setAt] = useState<{ box: Box; x: number; y: number } | null>(null);
  const drag = useRef<{ x: number; span: Span; moved: boolean } | null>(null);
  useEffect(() => setSpan({ from: data.x.from, to: data.x.to }), [data.x.from, data.x.to]);

  const frame = useMemo(
    (): Frame => ({
      left: MARGIN.left,
      top: MARGIN.top,
      width: Math.max(1, width - MARGIN.left - MARGIN.right),
      height: Math.max(1, Math.min(tallest, height - MARGIN.top - MARGIN.bottom)),
      ...span,
    }),
    [width, height, tallest, span],
  );
  useEffect(() => {
    const c = canvas.current;
    const g = c?.getContext('2d');
    if (!c || !g || width < 1 || height < 1) return;
    const ratio = window.devicePixelRatio;
    c.width = width * ratio;
    c.height = height * ratio;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    drawScene(g, frame, data, dark ? DARK : LIGHT, {
      selected: (b) => selection.size > 0 && b.ids.some((id) => selection.has(id)),
      hovered: (b) => hovered.size > 0 && b.ids.some((id) => hovered.has(id)),
    });
  }, [frame, data, dark, selection, hovered, width, height]);

  // What is selected elsewhere comes into view here.
  const spanNow = useRef(span);
  spanNow.current = span;
  useEffect(() => {
    if (selection.size === 0) return;
    const lit = data.boxes.filter((b) => b.ids.some((id) => selection.has(id)));
    const { from, to } = spanNow.current;
    const first = lit[0];
    if (!first || lit.some((b) => b.x1 > from && b.x0 < to)) return;
    const middle = (first.x0 + first.x1) / 2;
    setSpan(within({ from: middle - (to - from) / 2, to: middle + (to - from) / 2 }, data.x));
  }, [selection, data]);

  const zoom = (by: number, around: number): void =>
    setSpan((s) => within({ from: around - (around - s.from) * by, to: around + (s.to - around) * by }, data.x));
  const zoomAt = useRef(zoom);
  zoomAt.current = zoom;
  const frameNow = useRef(frame);
  frameNow.current = frame;
  useEffect(() => {
    const c = canvas.current;
    if (!c) return;
    // React's own wheel listeners are passive: they could not keep the page from scrolling.
    const onWheel = (e: WheelEvent): void => {
      e.preventDefault();
      const f = frameNow.current;
      const per = (f.to - f.from) / f.width;
      if (Math.abs(e.deltaX) > Math.abs(e.deltaY) || e.shiftKey) {
        const by = (e.deltaX || e.deltaY) * per;
        setSpan((s) => within({ from: s.from + by, to: s.to + by }, data.x));
      } else zoomAt.current(1.0015 ** e.deltaY, fromX(f, e.offsetX));
    };
    c.addEventListener('wheel', onWheel, { passive: false });
    return () => c.removeEventListener('wheel', onWheel);
  }, [data.x]);

  const move = (e: PointerEvent<HTMLCanvasElement>): void => {
    const box = e.currentTarget.getBoundingClientRect();
    const [x, y] = [e.clientX - box.left, e.clientY - box.top];
    const d = drag.current;
    if (d) {
      const by = ((d.x - x) * (d.span.to - d.span.from)) / frame.width;
      if (Math.abs(d.x - x) > 3) d.moved = true;
      if (d.moved) setSpan(within({ from: d.span.from + by, to: d.span.to + by }, data.x));
      return;
    }
    const found = x >= frame.left && x <= frame.left + frame.width ? boxAt(frame, data, x, y) : null;
    if (found?.key !== at?.box.key) hover(found?.ids ?? []);
    setAt(found ? { box: found, x, y } : null);
  };
  const leave = (): void => {
    setAt(null);
    hover([]);
  };
  const onKey = (e: KeyboardEvent): void => {
    const middle = (span.from + span.to) / 2;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (step !== undefined) {
      const now = data.boxes.findIndex((b) => b.ids.some((id) => selection.has(id)));
      const next = data.boxes[Math.max(0, Math.min(data.boxes.length - 1, now + step))];
      if (next) onPick(next);
    } else if (e.key === '+' || e.key === '=') zoom(0.6, middle);
    else if (e.key === '-') zoom(1 / 0.6, middle);
    else if (e.key === '0') setSpan({ from: data.x.from, to: data.x.to });
    else return;
    e.preventDefault();
  };
  const whole = span.from <= data.x.from && span.to >= data.x.to;
  return (
    <div
      ref={ref}
      className="scene"
      role="application"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scene is one tab stop, as the graph is.
      tabIndex={0}
      onKeyDown={onKey}
    >
      <canvas
        ref={canvas}
        style={{ width, height }}
        onPointerDown={(e) => {
          e.currentTarget.setPointerCapture(e.pointerId);
          drag.current = { x: e.nativeEvent.offsetX, span, moved: false };
        }}
        onPointerMove={move}
        onPointerUp={(e) => {
          const moved = drag.current?.moved ?? false;
          drag.current = null;
          const found = moved ? null : boxAt(frame, data, e.nativeEvent.offsetX, e.nativeEvent.offsetY);
          if (found) onPick(found);
        }}
        onPointerLeave={leave}
        onDoubleClick={() => setSpan({ from: data.x.from, to: data.x.to })}
      />
      <div className="scene-buttons">
        <Tooltip label="Closer (+)">
          <ActionIcon size="sm" aria-label="Zoom in" onClick={() => zoom(0.6, (span.from + span.to) / 2)}>
            <IconPlus size={14} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Further (−)">
          <ActionIcon
            size="sm"
            aria-label="Zoom out"
            disabled={whole}
            onClick={() => zoom(1 / 0.6, (span.from + span.to) / 2)}
          >
            <IconMinus size={14} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Everything (0)">
          <ActionIcon
            size="sm"
            aria-label="Show everything"
            disabled={whole}
            onClick={() => setSpan({ from: data.x.from, to: data.x.to })}
          >
            <IconArrowsHorizontal size={14} />
          </ActionIcon>
        </Tooltip>
      </div>
      {at && (
        <div
          className="scene-tip"
          role="tooltip"
          style={{
            left: Math.min(at.x + 14, Math.max(0, width - 300)),
            ...(at.y > height / 2 ? { bottom: height - at.y + 12 } : { top: at.y + 14 }),
          }}
        >
          {tip(at.box)}
        </div>
      )}
    </div>
  );
}
