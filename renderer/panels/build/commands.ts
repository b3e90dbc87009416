import { defineCommand } from '../../commands/command.ts';
import { chooseTuning } from '../../store/actions/tuning.ts';

defineCommand({
  id: 'build.freeTactics',
  title: 'Free all pinned and forbidden kernels',
  menu: 'Run',
  when: (s) => Object.keys(s.choices.tuning.pin).length + s.choices.tuning.forbid.length > 0,
  run: () => chooseTuning({ pin: {}, forbid: [] }),
});
