import type { Storage } from '../../../electron/ipc/schemas/precision.ts';
import { defineCommand } from '../../commands/command.ts';
import { clearPins, pin, rankLayers } from '../../store/actions/precision/measure.ts';
import { measuring, STORAGE_TITLE } from '../../store/precision.ts';
import type { StudioState } from '../../store/state.ts';
import { get, set } from '../../store/store.ts';

defineCommand({
  id: 'precision.rank',
  title: 'Rank layers by accuracy',
  menu: 'Run',
  keys: 'CmdOrCtrl+Shift+R',
  when: (s) => s.precision.calibration !== null && s.choices.precision.data !== null && !measuring(s),
  run: async () => {
    set({ step: 'precision' });
    await rankLayers();
  },
});

const PINS: readonly [Storage, string][] = [
  ['fp32', 'Alt+3'],
  ['fp16', 'Alt+1'],
  ['bf16', 'Alt+2'],
  ['int8', 'Alt+8'],
];
const selected = (s: StudioState): boolean => s.model !== null && s.selection.size > 0;
for (const [storage, keys] of PINS) {
  defineCommand({
    id: `pin.${storage}`,
    title: `Pin the selected layer to ${STORAGE_TITLE[storage]}`,
    menu: 'Edit',
    keys,
    when: (s) => selected(s) && s.precision.storages.includes(storage),
    run: () => pin([...get().selection], storage),
  });
}
defineCommand({
  id: 'pin.free',
  title: 'Leave the precision of the selected layer free',
  menu: 'Edit',
  keys: 'Alt+0',
  when: (s) => selected(s) && [...s.selection].some((x) => s.choices.precision.pins[x] !== undefined),
  run: () => pin([...get().selection], null),
});
defineCommand({
  id: 'pin.clear',
  title: 'Remove all pins',
  menu: 'Edit',
  when: (s) => Object.keys(s.choices.precision.pins).length > 0,
  run: clearPins,
});
