import { defineCommand } from '../../commands/command.ts';
import { pickTest } from '../../store/actions/precision/data.ts';
import { comparePlans, evaluate, takePlan } from '../../store/actions/precision/measure.ts';
import { measuring, shownPlan } from '../../store/precision.ts';
import { set } from '../../store/store.ts';

defineCommand({
  id: 'precision.plans',
  title: 'Compare plans',
  menu: 'Run',
  keys: 'CmdOrCtrl+Shift+A',
  when: (s) => s.precision.calibration !== null && s.choices.precision.data !== null && !measuring(s),
  run: async () => {
    set({ step: 'precision' });
    await comparePlans();
  },
});
defineCommand({
  id: 'precision.takePlan',
  title: 'Build the plan looked at',
  menu: 'Run',
  keys: 'CmdOrCtrl+Shift+B',
  when: (s) => shownPlan(s) !== null,
  run: takePlan,
});
for (const [id, kind, title] of [
  ['precision.testFolder', 'dataFolder', 'Measure on a folder of samples…'],
  ['precision.testFile', 'dataFile', 'Measure on a file of samples…'],
] as const) {
  defineCommand({
    id,
    title,
    menu: 'File',
    when: (s) => s.choices.precision.data !== null,
    run: () => pickTest(kind),
  });
}
defineCommand({
  id: 'precision.evaluate',
  title: 'Evaluate the engine',
  menu: 'Run',
  keys: 'CmdOrCtrl+Shift+V',
  when: (s) => s.build !== null && s.choices.precision.data !== null && !measuring(s),
  run: async () => {
    set({ step: 'precision' });
    await evaluate();
  },
});
