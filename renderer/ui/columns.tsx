import type { ReactNode } from 'react';
import type { Column } from './DataTable.tsx';

/** Columns of tables by kind: numbers to the right, texts cut with their whole in the tooltip. */
export function columnsOf<T>() {
  return {
    number: (
      id: string,
      title: string,
      width: string,
      value: (row: T) => number,
      show: (row: T) => ReactNode,
    ): Column<T> => ({ id, title, width, align: 'right', value, cell: show }),
    text: (id: string, title: string, width: string, value: (row: T) => string, mono = false): Column<T> => ({
      id,
      title,
      width,
      value,
      cell: (row) => (
        <span className={mono ? 'mono' : undefined} title={value(row)}>
          {value(row)}
        </span>
      ),
    }),
  };
}
