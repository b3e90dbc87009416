import { showPanel } from '../../app/dockApi.ts';
import { defineCommand } from '../../commands/command.ts';
import { exportProfile } from '../../store/actions/profiles.ts';
import type { StudioState } from '../../store/state.ts';
import { get, set } from '../../store/store.ts';

const hasProfile = (s: StudioState): boolean => s.profile !== null;

const VIEWS: readonly (readonly [panel: string, title: string])[] = [
  ['times', 'Show layers by time'],
  ['timeline', 'Show timeline'],
  ['memory', 'Show memory plan'],
  ['reformats', 'Show reformats'],
  ['roofline', 'Show roofline'],
  ['beside', 'Show profiles side by side'],
];
for (const [panel, title] of VIEWS) {
  defineCommand({ id: `profile.${panel}`, title, menu: 'View', when: hasProfile, run: () => showPanel(panel) });
}

defineCommand({
  id: 'profile.graph',
  title: 'Switch between operators and layers',
  menu: 'View',
  when: (s) => hasProfile(s) && s.trace !== null && s.model?.hash === s.profile?.engine.modelHash,
  run: () => set({ showLayers: !get().showLayers }),
});

defineCommand({
  id: 'export.profile',
  title: 'Save profile…',
  menu: 'File',
  when: hasProfile,
  run: () => exportProfile('sinterprofile'),
});
defineCommand({
  id: 'export.profileCsv',
  title: 'Export layer times as CSV…',
  menu: 'File',
  when: hasProfile,
  run: () => exportProfile('csv'),
});
defineCommand({
  id: 'export.profileJson',
  title: 'Export profile as JSON…',
  menu: 'File',
  when: hasProfile,
  run: () => exportProfile('json'),
});
defineCommand({
  id: 'export.profileTrace',
  title: 'Export timeline as Chrome trace…',
  menu: 'File',
  when: hasProfile,
  run: () => exportProfile('trace'),
});
