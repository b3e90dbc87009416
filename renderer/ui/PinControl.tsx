import { SegmentedControl } from '@mantine/core';
import type { Storage } from '../../electron/ipc/schemas/precision.ts';
import { pin } from '../store/actions/precision/measure.ts';
import { STORAGE_TITLE } from '../store/precision.ts';
import { useStudio } from '../store/store.ts';

/** Which precision the layer of these operators must have; "Free" leaves it to the build. */
export function PinControl({ sources, name }: { sources: readonly string[]; name: string }) {
  const storages = useStudio((s) => s.precision.storages);
  const pins = useStudio((s) => s.choices.precision.pins);
  const mine = sources.map((s) => pins[s]).find((p) => p !== undefined);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only keeps clicks on the control from choosing its row.
    <span className="pin-control" onClick={(e) => e.stopPropagation()} onKeyDown={(e) => e.stopPropagation()}>
      <SegmentedControl
        size="xs"
        aria-label={`Precision of ${name}`}
        value={mine ?? 'free'}
        onChange={(v) => pin(sources, v === 'free' ? null : (v as Storage))}
        data={[{ value: 'free', label: 'Free' }, ...storages.map((s) => ({ value: s, label: STORAGE_TITLE[s] }))]}
      />
    </span>
  );
}
