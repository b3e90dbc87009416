import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { TensorRange } from '../../../electron/ipc/schemas/precision.ts';
import { watchTensors } from '../../store/actions/precision/calibrate.ts';
import { showTensor } from '../../store/actions/precision/ranges.ts';
import { selectLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { middleCut, numberText, shareText } from '../../ui/format.ts';
import { MiniHistogram } from '../../ui/MiniHistogram.tsx';
import { useRanges } from './useRanges.ts';

const ROW = 52;
type Order = 'graph' | 'clipped' | 'noise';
const ORDERS: readonly { readonly id: Order; readonly title: string }[] = [
  { id: 'graph', title: 'Graph' },
  { id: 'clipped', title: 'Clipped' },
  { id: 'noise', title: 'Noise' },
];

function sorted(names: readonly string[], of: ReadonlyMap<string, TensorRange>, order: Order): readonly string[] {
  if (order === 'graph') return names;
  const rank = (n: string): number => {
    const r = of.get(n);
    return order === 'clipped' ? -(r?.clipped ?? 0) : (r?.sqnr ?? Number.POSITIVE_INFINITY);
  };
  return names.toSorted((a, b) => rank(a) - rank(b));
}

function Row({ name, range, room }: { name: string; range: TensorRange | undefined; room: number }) {
  const chosen = useStudio((s) => s.precision.tensor === name);
  return (
    <>
      <span className="tensor-row-name" title={name} data-chosen={chosen}>
        {middleCut(name, room)}
      </span>
      <span className="tensor-row-figures mono">
        {range ? (
          <>
            <span>±{numberText(range.amax)}</span>
            {range.chosen !== null && <span className="tag">moved</span>}
            {range.clipped > 0 && (
              <span className="muted" title="Share of the values that are clipped">
                {shareText(range.clipped)}
              </span>
            )}
          </>
        ) : (
          <span className="muted">waiting</span>
        )}
      </span>
      {range && range.bins.length > 0 && (
        <MiniHistogram label={name} bins={range.bins} top={range.top} threshold={range.amax} />
      )}
    </>
  );
}

/** Every tensor with its histogram; the visible ones fill while samples run. */
export function TensorList() {
  const { names, of } = useRanges();
  const tensor = useStudio((s) => s.precision.tensor);
  const selection = useStudio((s) => s.selection);
  const { ref: box, width } = useElementSize();
  // Letters that fit beside a histogram, at about 7 px each.
  const room = Math.max(12, Math.floor((width - 34) * 0.088));
  const [order, setOrder] = useState<Order>('graph');
  const shown = useMemo(() => sorted(names, of, order), [names, of, order]);
  const list = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => list.current,
    estimateSize: () => ROW,
    overscan: 4,
  });
  const items = virtual.getVirtualItems();
  const visible = items.map((v) => shown[v.index]!);
  useEffect(() => watchTensors([...(tensor === null ? [] : [tensor]), ...visible]));

  // An operator selected elsewhere shows what it makes.
  const made = useMemo(
    () => [...of.values()].find((r) => r.sources.some((s) => selection.has(s)))?.tensor ?? null,
    [of, selection],
  );
  const lastMade = useRef(made);
  useEffect(() => {
    if (made !== null && made !== lastMade.current) showTensor(made);
    lastMade.current = made;
  }, [made]);
  const at = shown.indexOf(tensor ?? '');
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);

  const pick = (name: string): void => {
    showTensor(name);
    const sources = of.get(name)?.sources ?? [];
    if (sources.length > 0) selectLayer(sources);
  };
  const onKey = (e: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[e.key];
    if (by === undefined || shown.length === 0) return;
    e.preventDefault();
    pick(shown[Math.max(0, Math.min(shown.length - 1, at + by))]!);
  };
  return (
    <div className="tensor-list" ref={box}>
      <fieldset className="tensor-order" aria-label="Order of the tensors">
        <legend className="muted">Order</legend>
        {ORDERS.map((o) => (
          <button key={o.id} type="button" aria-pressed={order === o.id} onClick={() => setOrder(o.id)}>
            {o.title}
          </button>
        ))}
      </fieldset>
      <div
        className="tensor-rows"
        ref={list}
        role="listbox"
        aria-label="Tensors"
        tabIndex={0}
        onKeyDown={onKey}
        aria-activedescendant={at >= 0 ? `tensor-${at}` : undefined}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map((v) => {
            const name = shown[v.index]!;
            return (
              <div
                key={name}
                id={`tensor-${v.index}`}
                role="option"
                tabIndex={-1}
                aria-selected={name === tensor}
                data-tensor={name}
                className="tensor-row"
                style={{ transform: `translateY(${v.start}px)` }}
                onClick={() => pick(name)}
                onKeyDown={() => undefined}
              >
                <Row name={name} range={of.get(name)} room={room} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
