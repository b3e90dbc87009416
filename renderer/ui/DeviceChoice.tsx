import { Select } from '@mantine/core';
import { choose } from '../store/actions/choices.ts';
import { useStudio } from '../store/store.ts';
import { sentenceText } from './format.ts';

/** Which device of this machine engines are built for and measured on. */
export function DeviceChoice() {
  const chosen = useStudio((s) => s.choices.device);
  const devices = useStudio((s) => s.machine?.devices) ?? [];
  const data = devices.map((d) => ({ value: d.id, label: d.kind === 'cpu' ? d.name : `${d.name} (${d.id})` }));
  const here = devices.some((d) => d.id === chosen);
  // A project may come from a machine with other devices.
  if (!here) data.push({ value: chosen, label: `${chosen}, not on this machine` });
  const notes = devices.find((d) => d.id === chosen && d.kind === 'cuda')?.notes ?? [];
  const gpus = devices.some((d) => d.kind === 'cuda');
  return (
    <Select
      label="Device"
      description={gpus ? notes.map(sentenceText).join('. ') : 'No GPU can be used here; the Start step says why'}
      error={here ? undefined : 'Choose a device that is here'}
      size="xs"
      allowDeselect={false}
      data={data}
      value={chosen}
      onChange={(device) => device !== null && choose({ device })}
    />
  );
}
