import {
  type ColumnDef,
  createSortedRowModel,
  type RowData,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const ROW = 28;

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  readonly width: string;
  readonly align?: 'right';
  readonly value: (row: T) => string | number;
  readonly cell: (row: T) => ReactNode;
}
interface Props<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly sort: { readonly id: string; readonly desc: boolean };
  readonly rowKey: (row: T) => string;
  readonly sourcesOf: (row: T) => readonly string[];
  readonly isLit: (row: T) => boolean;
  readonly onPick: (row: T) => void;
  readonly onHover?: (row: T | null) => void;
  /** Pixels below which the table scrolls sideways. */
  readonly minWidth?: number;
}

/** A sortable, virtualized table; arrows move the selection. */
export function DataTable<T extends RowData>(p: Props<T>) {
  const [sorting, setSorting] = useState<SortingState>([{ id: p.sort.id, desc: p.sort.desc }]);
  const columns = useMemo(
    () =>
      p.columns.map(
        (c): ColumnDef<typeof features, T> => ({
          id: c.id,
          accessorFn: c.value,
          sortFn: (a, b) => {
            const x = c.value(a.original);
            const y = c.value(b.original);
            return typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
          },
        }),
      ),
    [p.columns],
  );
  const data = useMemo(() => [...p.rows], [p.rows]);
  const table = useTable({ features, columns, data, state: { sorting }, onSortingChange: setSorting });
  const rows = table.getRowModel().rows;
  const body = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => body.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const at = rows.findIndex((r) => p.isLit(r.original));
  // A selection made elsewhere comes into view; one that was there before leaves the table at its top.
  const shown = useRef(at);
  useEffect(() => {
    if (at >= 0 && at !== shown.current) virtual.scrollToIndex(at, { align: 'auto' });
    shown.current = at;
  }, [at, virtual]);
  const grid = p.columns.map((c) => c.width).join(' ');
  const onKey = (e: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12 }[e.key];
    if (by === undefined || rows.length === 0) return;
    e.preventDefault();
    p.onPick(rows[Math.max(0, Math.min(rows.length - 1, at + by))]!.original);
  };
  return (
    <div
      className="table"
      role="grid"
      aria-label={p.label}
      aria-rowcount={rows.length}
      tabIndex={0}
      onKeyDown={onKey}
      style={p.minWidth === undefined ? undefined : ({ '--table-width': `${p.minWidth}px` } as CSSProperties)}
    >
      <div className="table-head" role="row" style={{ gridTemplateColumns: grid }}>
        {p.columns.map((c) => {
          const dir = sorting[0]?.id === c.id ? (sorting[0].desc ? 'descending' : 'ascending') : 'none';
          return (
            <button
              key={c.id}
              type="button"
              role="columnheader"
              tabIndex={-1}
              aria-sort={dir}
              data-align={c.align}
              onClick={() =>
                setSorting([{ id: c.id, desc: dir === 'none' ? c.align === 'right' : dir === 'ascending' }])
              }
            >
              {c.title} {dir === 'descending' ? '↓' : dir === 'ascending' ? '↑' : ''}
            </button>
          );
        })}
      </div>
      <div className="table-body" ref={body}>
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((v) => {
            const row = rows[v.index]!.original;
            return (
              <div
                key={p.rowKey(row)}
                role="row"
                tabIndex={-1}
                aria-rowindex={v.index + 1}
                aria-selected={p.isLit(row)}
                data-source-id={p.sourcesOf(row).join(' ')}
                className="table-row"
                style={{ gridTemplateColumns: grid, transform: `translateY(${v.start}px)` }}
                onClick={() => p.onPick(row)}
                onMouseEnter={() => p.onHover?.(row)}
                onMouseLeave={() => p.onHover?.(null)}
                onKeyDown={() => undefined}
              >
                {p.columns.map((c) => (
                  <div key={c.id} role="gridcell" data-align={c.align}>
                    {c.cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
