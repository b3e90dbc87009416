import type { StudioState } from '../store/state.ts';

export type MenuName = 'File' | 'Edit' | 'View' | 'Run' | 'Help';

/** One action of the studio: a menu entry, a palette entry, a shortcut, a tooltip and an error's button in one. */
export interface Command {
  readonly id: string;
  readonly title: string;
  readonly menu: MenuName;
  /** Electron's notation: "CmdOrCtrl+Shift+B"; '' for none. */
  readonly keys: string;
  readonly when: (s: StudioState) => boolean;
  readonly run: () => void | Promise<void>;
}
type Definition = Pick<Command, 'id' | 'title' | 'menu' | 'run'> & Partial<Pick<Command, 'keys' | 'when'>>;

const commands = new Map<string, Command>();

/** Registers a command; a later definition of the same id replaces the first (hot reload). */
export function defineCommand(d: Definition): Command {
  const command: Command = { keys: '', when: () => true, ...d };
  commands.set(command.id, command);
  return command;
}
export const allCommands = (): Command[] => [...commands.values()];
export const findCommand = (id: string): Command | undefined => commands.get(id);
