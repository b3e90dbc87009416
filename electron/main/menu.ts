import { type BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron';
import { CHANNEL } from '../ipc/channel.ts';
import type { MenuEntry } from '../ipc/shell.ts';

const MENUS = ['File', 'Edit', 'View', 'Run', 'Help'] as const;
const EXTRA: Partial<Record<(typeof MENUS)[number], MenuItemConstructorOptions[]>> = {
  File: [{ type: 'separator' }, { role: 'quit' }],
  Edit: [{ type: 'separator' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' }],
  View: [{ type: 'separator' }, { role: 'togglefullscreen' }, { role: 'toggleDevTools' }],
};

/** Builds the application menu from the window's commands, so that every action has an entry and a shortcut. */
export function setMenu(window: BrowserWindow, entries: readonly MenuEntry[]): void {
  const item = (e: MenuEntry): MenuItemConstructorOptions => ({
    id: e.id,
    label: e.title,
    enabled: e.enabled,
    // The window handles its own keys; the menu only shows them.
    ...(e.keys === '' ? {} : { accelerator: e.keys, registerAccelerator: false }),
    click: () => window.webContents.send(CHANNEL.command, e.id),
  });
  const template = MENUS.map((label) => ({
    label,
    submenu: [...entries.filter((e) => e.menu === label).map(item), ...(EXTRA[label] ?? [])],
  })).filter((m) => m.submenu.length > 0);
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
