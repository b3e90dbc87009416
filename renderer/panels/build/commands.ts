import { defineCommand } from '../../commands/command.ts';
import { chooseTimings, chooseTuning } from '../../store/actions/tuning.ts';

defineCommand({
  id: 'build.freeTactics',
  title: 'Free all pinned and forbidden kernels',
  menu: 'Run',
  when: (s) => Object.keys(s.choices.tuning.pin).length + s.choices.tuning.forbid.length > 0,
  run: () => chooseTuning({ pin: {}, forbid: [] }),
});

defineCommand({
  id: 'build.openTimings',
  title: 'Choose a timing cache…',
  menu: 'Run',
  when: (s) => s.model !== null && s.choices.tuning.level > 0,
  run: () => chooseTimings('existing'),
});
defineCommand({
  id: 'build.newTimings',
  title: 'New timing cache…',
  menu: 'Run',
  when: (s) => s.model !== null && s.choices.tuning.level > 0,
  run: () => chooseTimings('new'),
});
