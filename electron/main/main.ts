import { app, BrowserWindow } from 'electron';
import { CHANNEL } from '../ipc/channel.ts';
import { registerAppScheme, serveApp } from './app-protocol.ts';
import { registerCalls } from './calls.ts';
import { modelPathIn } from './open-path.ts';
import { createWindow } from './window.ts';

/* The main process: windows, files and crashes. It never touches a model. */

registerAppScheme();
const pending: string[] = [];
const firstPath = modelPathIn(process.argv.slice(1), process.cwd());
if (firstPath !== null) pending.push(firstPath);

function openInWindow(path: string): void {
  const window = BrowserWindow.getAllWindows()[0];
  if (!window) {
    pending.push(path);
    if (app.isReady()) createWindow(pending);
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
  window.webContents.send(CHANNEL.openPath, path);
}

// Tests and side-by-side checkouts give their own data folder; the lock is per folder.
if (process.env.SINTER_USER_DATA) app.setPath('userData', process.env.SINTER_USER_DATA);

if (!app.requestSingleInstanceLock()) app.quit();
else {
  app.on('second-instance', (_event, argv, cwd) => {
    const path = modelPathIn(argv.slice(1), cwd);
    if (path !== null) openInWindow(path);
    else BrowserWindow.getAllWindows()[0]?.focus();
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    openInWindow(path);
  });
  app.on('window-all-closed', () => app.quit());
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) createWindow(pending);
  });
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.on('will-navigate', (event) => event.preventDefault());
  });
  void app.whenReady().then(() => {
    serveApp();
    registerCalls();
    createWindow(pending);
  });
}
