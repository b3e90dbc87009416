import { defineCommand } from '../../commands/command.ts';
import { movePass, step } from '../../store/actions/cursor.ts';
import type { StudioState } from '../../store/state.ts';

const here = (s: StudioState): boolean => s.step === 'passes' && s.trace !== null && !s.paletteOpen;

defineCommand({ id: 'passes.next', title: 'Next fusion', menu: 'View', keys: ']', when: here, run: () => step(1) });
defineCommand({
  id: 'passes.previous',
  title: 'Previous fusion',
  menu: 'View',
  keys: '[',
  when: here,
  run: () => step(-1),
});
defineCommand({
  id: 'passes.nextPass',
  title: 'Next pass',
  menu: 'View',
  keys: 'Shift+}',
  when: here,
  run: () => movePass(1),
});
defineCommand({
  id: 'passes.previousPass',
  title: 'Previous pass',
  menu: 'View',
  keys: 'Shift+{',
  when: here,
  run: () => movePass(-1),
});
