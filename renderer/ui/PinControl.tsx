import { SegmentedControl, Select } from '@mantine/core';
import type { Storage } from '../../electron/ipc/schemas/precision.ts';
import { pin } from '../store/actions/precision/measure.ts';
import { STORAGE_TITLE } from '../store/precision.ts';
import { useStudio } from '../store/store.ts';

interface Props {
  readonly sources: readonly string[];
  readonly name: string;
  /** In a table's row: a choice that opens. */
  readonly compact?: boolean;
}

/** Which precision the layer of these operators must have; "Free" leaves it to the build. */
export function PinControl({ sources, name, compact = false }: Props) {
  const storages = useStudio((s) => s.precision.storages);
  const pins = useStudio((s) => s.choices.precision.pins);
  const mine = sources.map((s) => pins[s]).find((p) => p !== undefined);
  const data = [{ value: 'free', label: 'Free' }, ...storages.map((s) => ({ value: s, label: STORAGE_TITLE[s] }))];
  const put = (v: string): void => pin(sources, v === 'free' ? null : (v as Storage));
  const label = `Precision of ${name}`;
  if (!compact) {
    return (
      <SegmentedControl size="xs" fullWidth aria-label={label} value={mine ?? 'free'} onChange={put} data={data} />
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only keeps clicks on the control from choosing its row.
    <span className="pin-control" onClick={(e) => e.stopPropagation()} onKeyDown={(e) => e.stopPropagation()}>
      <Select
        size="xs"
        aria-label={label}
        allowDeselect={false}
        data={data}
        value={mine ?? 'free'}
        onChange={(v) => v !== null && put(v)}
        comboboxProps={{ width: 120 }}
        data-pinned={mine !== undefined}
      />
    </span>
  );
}
