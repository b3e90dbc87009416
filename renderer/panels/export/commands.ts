import { defineCommand } from '../../commands/command.ts';
import { threadsOf } from '../../store/actions/engine.ts';
import { exportPicture, exportReport } from '../../store/actions/reports.ts';
import { calibrationStale } from '../../store/precision.ts';
import { rangesKey, type StudioState } from '../../store/state.ts';
import { get } from '../../store/store.ts';
import { cliCommands } from './command.ts';

const hasAny = (s: StudioState): boolean => s.model !== null || s.profile !== null;

defineCommand({
  id: 'export.report',
  title: 'Export report…',
  menu: 'File',
  when: hasAny,
  run: () => {
    const s = get();
    const { exported, calibration } = s.precision;
    const file = exported?.key === rangesKey(s) ? exported.path : null;
    const lines = s.model
      ? cliCommands({ ...s.model, given: s.given }, s.choices, threadsOf(), calibration, file, calibrationStale(s))
          .lines
      : null;
    return exportReport(lines?.join('\n') ?? null);
  },
});
defineCommand({
  id: 'export.svg',
  title: 'Export graph as SVG…',
  menu: 'File',
  when: hasAny,
  run: () => exportPicture('svg'),
});
defineCommand({
  id: 'export.png',
  title: 'Export graph as PNG…',
  menu: 'File',
  when: hasAny,
  run: () => exportPicture('png'),
});
