import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { selectNode } from '../../store/actions/select.ts';
import { get, useStudio } from '../../store/store.ts';
import { Loading } from '../../ui/Frame.tsx';
import { countText, middleCut } from '../../ui/format.ts';
import { CATEGORY } from '../../ui/tokens.ts';
import { searchNodes } from './search.ts';

const ROW = 28;

/** Every operator in execution order, searchable; the graph's equal for keyboards and readers. */
export default function Outline() {
  const view = useStudio((s) => s.views['0.0'] ?? null);
  const focus = useStudio((s) => s.focus);
  const selection = useStudio((s) => s.selection);
  const [query, setQuery] = useState('');
  const late = useDeferredValue(query);
  const nodes = useMemo(
    () =>
      view
        ? searchNodes(
            view.nodes.filter((n) => n.kind === 'op'),
            late,
          )
        : [],
    [view, late],
  );
  const list = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => list.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const at = nodes.findIndex((n) => n.id === focus);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at, { align: 'auto' });
  }, [at, rows]);
  if (!view) return get().model ? <Loading text="Reading the graph…" /> : null;
  const onKey = (e: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -nodes.length, End: nodes.length }[e.key];
    if (by === undefined || nodes.length === 0) return;
    e.preventDefault();
    selectNode(nodes[Math.max(0, Math.min(nodes.length - 1, (at < 0 ? -1 : at) + by))]!);
  };
  return (
    <div className="outline">
      <TextInput
        size="xs"
        m={8}
        mb={4}
        leftSection={<IconSearch size={14} />}
        placeholder="Name, operator, dtype or shape"
        aria-label="Search operators"
        value={query}
        onChange={(e) => setQuery(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && nodes[0]) selectNode(nodes[0]);
          if (e.key === 'ArrowDown') list.current?.focus();
        }}
      />
      <div className="outline-count muted">
        {countText(nodes.length)} operators{query !== '' ? ' match' : ''}
      </div>
      <div ref={list} className="outline-list" role="listbox" aria-label="Operators" tabIndex={0} onKeyDown={onKey}>
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((v) => {
            const n = nodes[v.index]!;
            const lit = n.id === focus || n.sources.some((s) => selection.has(s));
            return (
              <div
                key={n.id}
                role="option"
                tabIndex={-1}
                aria-selected={lit}
                className="outline-row"
                style={{ transform: `translateY(${v.start}px)` }}
                onClick={() => selectNode(n)}
                onKeyDown={() => undefined}
                title={n.name}
              >
                <span className="legend-chip" data-category={n.category}>
                  {CATEGORY[n.category].glyph}
                </span>
                <span className="outline-op">{n.op}</span>
                <span className="outline-name">{middleCut(n.name, 30)}</span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
