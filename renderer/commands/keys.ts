import { get } from '../store/store.ts';
import { allCommands, type Command } from './command.ts';

const isMac = typeof navigator !== 'undefined' && navigator.platform.startsWith('Mac');
const NAMES: Record<string, string> = {
  left: 'arrowleft',
  right: 'arrowright',
  up: 'arrowup',
  down: 'arrowdown',
  space: ' ',
};

/** Whether a key press is the one that "CmdOrCtrl+Shift+B" names. */
export function matches(
  keys: string,
  e: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>,
): boolean {
  if (keys === '') return false;
  const parts = keys.toLowerCase().split('+');
  const key = parts.pop()!;
  const main = parts.includes('cmdorctrl');
  const wanted = NAMES[key] ?? key;
  return (
    e.key.toLowerCase() === wanted &&
    (isMac ? e.metaKey : e.ctrlKey) === main &&
    e.altKey === parts.includes('alt') &&
    e.shiftKey === parts.includes('shift')
  );
}
/** "CmdOrCtrl+Shift+B" → "Ctrl+Shift+B", as a tooltip shows it. */
export const keysText = (keys: string): string =>
  keys
    .replace('CmdOrCtrl', isMac ? '⌘' : 'Ctrl')
    .replace('Left', '←')
    .replace('Right', '→')
    .replace('Up', '↑')
    .replace('Down', '↓');

const inText = (t: EventTarget | null): boolean =>
  t instanceof HTMLElement && (t.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(t.tagName));

function commandFor(e: KeyboardEvent): Command | undefined {
  const plain = !e.ctrlKey && !e.metaKey && !e.altKey;
  if (plain && inText(e.target)) return undefined;
  return allCommands().find((c) => matches(c.keys, e) && c.when(get()));
}

/** Routes key presses of the window to commands. */
export function listenForKeys(): () => void {
  const listener = (e: KeyboardEvent): void => {
    const command = commandFor(e);
    if (!command) return;
    e.preventDefault();
    void command.run();
  };
  window.addEventListener('keydown', listener);
  return () => window.removeEventListener('keydown', listener);
}
