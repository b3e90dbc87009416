import { defineCommand } from '../../commands/command.ts';
import { setAllGroups } from '../../store/actions/groups.ts';
import { type OverlayId, profileOnGraph, type StudioState } from '../../store/state.ts';
import { set } from '../../store/store.ts';

defineCommand({
  id: 'graph.openAll',
  title: 'Open all groups',
  menu: 'View',
  when: (s) => s.model !== null,
  run: () => setAllGroups(true),
});
defineCommand({
  id: 'graph.closeAll',
  title: 'Close all groups',
  menu: 'View',
  when: (s) => s.model !== null,
  run: () => setAllGroups(false),
});

const OVERLAYS: readonly [OverlayId, string][] = [
  ['none', 'Colour by operator category'],
  ['time', 'Colour by time'],
  ['memory', 'Colour by activation memory'],
  ['flops', 'Colour by FLOPs'],
  ['bytes', 'Colour by bytes moved'],
  ['sqnr', 'Colour by SQNR'],
  ['precision', 'Colour by precision'],
];
const NEEDS: Partial<Record<OverlayId, (s: StudioState) => boolean>> = {
  time: (s) => profileOnGraph(s) !== null,
  memory: (s) => profileOnGraph(s) !== null,
  sqnr: (s) => s.precision.sensitivity !== null,
  precision: (s) => s.build !== null || profileOnGraph(s) !== null,
};
for (const [overlay, title] of OVERLAYS) {
  defineCommand({
    id: `overlay.${overlay}`,
    title,
    menu: 'View',
    when: (s) => (s.model !== null || s.profile !== null) && (NEEDS[overlay]?.(s) ?? true),
    run: () => set({ overlay }),
  });
}
