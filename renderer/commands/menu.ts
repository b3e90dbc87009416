import { shell } from '../host/shell.ts';
import { useStudio } from '../store/store.ts';
import { allCommands, findCommand } from './command.ts';

/** Keeps the application menu in step with the commands, and runs what is chosen there. */
export function shareCommandsWithMenu(): void {
  let sent = '';
  const send = (): void => {
    const s = useStudio.getState();
    const entries = allCommands().map(({ id, menu, title, keys, when }) => ({
      id,
      menu,
      title,
      keys,
      enabled: when(s),
    }));
    const text = JSON.stringify(entries);
    if (text === sent) return;
    sent = text;
    shell().setMenu(entries);
  };
  let scheduled = false;
  useStudio.subscribe(() => {
    if (scheduled) return;
    scheduled = true;
    setTimeout(() => {
      scheduled = false;
      send();
    }, 200);
  });
  send();
  shell().onCommand((id) => {
    const command = findCommand(id);
    if (command?.when(useStudio.getState())) void command.run();
  });
}
