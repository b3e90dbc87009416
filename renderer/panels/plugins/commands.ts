import { defineCommand } from '../../commands/command.ts';
import { pickPlugin } from '../../store/actions/plugins.ts';

defineCommand({
  id: 'plugins.add',
  title: 'Add a plugin…',
  menu: 'File',
  when: (s) => s.connection === 'ready' && !s.addingPlugin,
  run: pickPlugin,
});
