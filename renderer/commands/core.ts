import { shell } from '../host/shell.ts';
import { redo, undo } from '../store/actions/choices.ts';
import { restartHost } from '../store/actions/connect.ts';
import { build, buildAndProfile, exportEngine, exportOnnx, profile } from '../store/actions/engine.ts';
import { cancelJob, runningJob } from '../store/actions/jobs.ts';
import { optimize } from '../store/actions/model.ts';
import { openPath, saveProject } from '../store/actions/project.ts';
import { clearSelection, walkHistory } from '../store/actions/select.ts';
import { addLibraryFolder } from '../store/actions/settings.ts';
import type { Step, StudioState } from '../store/state.ts';
import { get, set } from '../store/store.ts';
import { defineCommand } from './command.ts';

const hasModel = (s: StudioState): boolean => s.model !== null;
const hasTrace = (s: StudioState): boolean => s.trace !== null;
const hasBuild = (s: StudioState): boolean => s.build !== null;

async function pickAndOpen(pick: () => Promise<string | null>): Promise<void> {
  const path = await pick();
  if (path !== null) await openPath(path);
}

defineCommand({
  id: 'file.open',
  title: 'Open model…',
  menu: 'File',
  keys: 'CmdOrCtrl+O',
  run: () => pickAndOpen(() => shell().pickModel()),
});
defineCommand({
  id: 'file.openProject',
  title: 'Open project…',
  menu: 'File',
  keys: 'CmdOrCtrl+Shift+O',
  run: () => pickAndOpen(() => shell().pickProject()),
});
defineCommand({
  id: 'file.openProfile',
  title: 'Open profile…',
  menu: 'File',
  run: () => pickAndOpen(() => shell().pickProfile()),
});
defineCommand({
  id: 'file.save',
  title: 'Save project',
  menu: 'File',
  keys: 'CmdOrCtrl+S',
  when: hasModel,
  run: saveProject,
});
defineCommand({
  id: 'export.engine',
  title: 'Export engine…',
  menu: 'File',
  keys: 'CmdOrCtrl+E',
  when: hasBuild,
  run: exportEngine,
});
defineCommand({
  id: 'export.onnx',
  title: 'Export optimized ONNX…',
  menu: 'File',
  keys: 'CmdOrCtrl+Shift+E',
  when: hasTrace,
  run: exportOnnx,
});
defineCommand({
  id: 'edit.undo',
  title: 'Undo choice',
  menu: 'Edit',
  keys: 'CmdOrCtrl+Z',
  when: (s) => s.past.length > 0,
  run: undo,
});
defineCommand({
  id: 'edit.redo',
  title: 'Redo choice',
  menu: 'Edit',
  keys: 'CmdOrCtrl+Shift+Z',
  when: (s) => s.future.length > 0,
  run: redo,
});
defineCommand({
  id: 'edit.clearSelection',
  title: 'Clear selection',
  menu: 'Edit',
  keys: 'Escape',
  when: (s) => !s.paletteOpen && (s.focus !== null || s.selection.size > 0),
  run: clearSelection,
});
defineCommand({
  id: 'view.palette',
  title: 'Command palette',
  menu: 'View',
  keys: 'CmdOrCtrl+K',
  run: () => set({ paletteOpen: true }),
});
defineCommand({
  id: 'view.drawer',
  title: 'Jobs, log and problems',
  menu: 'View',
  keys: 'CmdOrCtrl+J',
  run: () => set({ drawerOpen: !get().drawerOpen }),
});
defineCommand({ id: 'view.problems', title: 'Show problems', menu: 'View', run: () => set({ drawerOpen: true }) });
defineCommand({
  id: 'view.back',
  title: 'Previous selection',
  menu: 'View',
  keys: 'Alt+Left',
  run: () => walkHistory(-1),
});
defineCommand({
  id: 'view.forward',
  title: 'Next selection',
  menu: 'View',
  keys: 'Alt+Right',
  run: () => walkHistory(1),
});
defineCommand({
  id: 'run.all',
  title: 'Build and profile here',
  menu: 'Run',
  keys: 'CmdOrCtrl+Enter',
  when: (s) => hasTrace(s) && s.building === null && s.profiling === null,
  run: buildAndProfile,
});
defineCommand({ id: 'run.optimize', title: 'Run passes again', menu: 'Run', when: hasModel, run: optimize });
defineCommand({
  id: 'run.build',
  title: 'Build engine',
  menu: 'Run',
  keys: 'CmdOrCtrl+B',
  when: (s) => hasTrace(s) && s.building === null,
  run: async () => {
    set({ step: 'build' });
    await build();
  },
});
defineCommand({
  id: 'run.profile',
  title: 'Profile engine',
  menu: 'Run',
  keys: 'CmdOrCtrl+P',
  when: (s) => hasBuild(s) && s.profiling === null,
  run: async () => {
    set({ step: 'profile' });
    await profile();
  },
});
defineCommand({
  id: 'run.cancel',
  title: 'Cancel the running job',
  menu: 'Run',
  keys: 'CmdOrCtrl+.',
  when: (s) => runningJob(s.jobs) !== undefined,
  run: async () => {
    const job = runningJob(get().jobs);
    if (job) await cancelJob(job.job);
  },
});
defineCommand({ id: 'host.restart', title: 'Restart the engine host', menu: 'Run', run: restartHost });

defineCommand({
  id: 'machine.addFolder',
  title: 'Look for GPU libraries in a folder…',
  menu: 'Run',
  when: (s) => s.connection === 'ready' && s.building === null && s.profiling === null,
  run: addLibraryFolder,
});

/** The steps of the rail, in their order, with the words and keys that reach them. */
export const RAIL: readonly { readonly step: Step; readonly title: string; readonly hint: string }[] = [
  { step: 'start', title: 'Start', hint: 'Open a model, recent files, this machine' },
  { step: 'model', title: 'Model', hint: 'What is in the model' },
  { step: 'passes', title: 'Passes', hint: 'What the optimizer did, and why' },
  { step: 'precision', title: 'Precision', hint: 'INT8 and FP16 by calibration' },
  { step: 'build', title: 'Build', hint: 'Kernels chosen for this machine' },
  { step: 'profile', title: 'Profile', hint: 'Where the time goes' },
  { step: 'export', title: 'Export', hint: 'Engine, model and command' },
];
for (const [i, r] of RAIL.entries()) {
  defineCommand({
    id: `step.${r.step}`,
    title: `Go to ${r.title}`,
    menu: 'View',
    keys: `CmdOrCtrl+${i}`,
    run: () => set({ step: r.step }),
  });
}
