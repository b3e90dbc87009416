import { rmSync } from 'node:fs';
import path from 'node:path';
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

function openInWindow(file: string): void {
  const window = BrowserWindow.getAllWindows()[0];
  if (!window) {
    pending.push(file);
    if (app.isReady()) createWindow(pending);
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
  window.webContents.send(CHANNEL.openPath, file);
}

// Tests and side-by-side checkouts give their own data folder; the lock is per folder.
if (process.env.SINTER_USER_DATA) app.setPath('userData', process.env.SINTER_USER_DATA);

if (!app.requestSingleInstanceLock()) app.quit();
else {
  app.on('second-instance', (_event, argv, cwd) => {
    const file = modelPathIn(argv.slice(1), cwd);
    if (file !== null) openInWindow(file);
    else BrowserWindow.getAllWindows()[0]?.focus();
  });
  app.on('open-file', (event, file) => {
    event.preventDefault();
    openInWindow(file);
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
    // Results belong to a session: engines that were wanted have been exported.
    rmSync(path.join(app.getPath('userData'), 'results'), { recursive: true, force: true });
    serveApp();
    registerCalls();
    createWindow(pending);
  });
}
