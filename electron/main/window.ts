import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrowserWindow, ipcMain, nativeTheme } from 'electron';
import { CHANNEL } from '../ipc/channel.ts';
import { menuEntry } from '../ipc/shell.ts';
import { START_URL } from './app-protocol.ts';
import { EngineHost } from './engine-host.ts';
import { setMenu } from './menu.ts';
import { clearSession, saveSession } from './recent.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Opens the studio's window; `pending` are model paths to open in it, emptied once they are handed over. */
export function createWindow(pending: string[]): BrowserWindow {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 960,
    minHeight: 600,
    show: false,
    title: 'Sinter Studio',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#14171c' : '#f6f7f9',
    icon: path.join(here, '../icons/sinter-256.png'),
    webPreferences: {
      preload: path.join(here, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      spellcheck: false,
    },
  });
  const { webContents } = window;
  const host = new EngineHost(webContents);
  const mine = <A extends unknown[]>(listener: (...args: A) => void) => {
    return (event: Electron.IpcMainEvent, ...args: A) => {
      if (event.sender === webContents) listener(...args);
    };
  };
  const listeners: [string, (event: Electron.IpcMainEvent, ...args: unknown[]) => void][] = [
    [CHANNEL.requestHost, mine((fresh: unknown) => host.connect(fresh === true))],
    [
      CHANNEL.setMenu,
      mine((entries: unknown) => {
        const parsed = menuEntry.array().safeParse(entries);
        if (parsed.success) setMenu(window, parsed.data);
      }),
    ],
    [
      CHANNEL.setTitle,
      mine((title: unknown, dirty: unknown) => {
        if (typeof title === 'string') window.setTitle(title);
        window.setDocumentEdited(dirty === true);
      }),
    ],
    [
      CHANNEL.saveSession,
      mine((text: unknown) => {
        if (typeof text === 'string') saveSession(text);
      }),
    ],
  ];
  for (const [channel, listener] of listeners) ipcMain.on(channel, listener);

  window.once('ready-to-show', () => window.show());
  webContents.on('did-finish-load', () => {
    for (const p of pending.splice(0)) webContents.send(CHANNEL.openPath, p);
  });
  // A crashed window comes back by itself; it finds what was open in its saved session.
  webContents.on('render-process-gone', (_event, details) => {
    if (details.reason !== 'clean-exit') webContents.reload();
  });
  window.on('closed', () => {
    clearSession();
    for (const [channel, listener] of listeners) ipcMain.off(channel, listener);
    host.dispose();
  });
  void window.loadURL(START_URL);
  return window;
}
