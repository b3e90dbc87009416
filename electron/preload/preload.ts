import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { CHANNEL } from '../ipc/channel.ts';
import type { ShellApi, ShellCall } from '../ipc/shell.ts';

/* The only bridge into the window: typed, no Node, nothing but names of channel.ts crosses. */

declare const window: { postMessage(message: string, origin: string, transfer: readonly unknown[]): void };

const invoke = (name: ShellCall, params: object): Promise<never> =>
  ipcRenderer.invoke(CHANNEL.invoke, name, params) as Promise<never>;

const on =
  (channel: string) =>
  (listener: (text: string) => void): (() => void) => {
    const wrapped = (_event: unknown, text: string): void => listener(text);
    ipcRenderer.on(channel, wrapped);
    return () => ipcRenderer.off(channel, wrapped);
  };

// Paths that arrive before the window listens wait here.
const early: string[] = [];
const keepEarly = (_event: unknown, path: string): void => {
  early.push(path);
};
ipcRenderer.on(CHANNEL.openPath, keepEarly);

// A port cannot pass the context bridge; it is posted to the window itself.
ipcRenderer.on(CHANNEL.port, (event) => window.postMessage(CHANNEL.port, '*', [...event.ports]));

const api: ShellApi = {
  requestHost: (fresh) => ipcRenderer.send(CHANNEL.requestHost, fresh),
  pathOf: (file) => webUtils.getPathForFile(file),
  pickModel: () => invoke('pickModel', {}),
  pickSave: (options) => invoke('pickSave', options),
  pickProject: () => invoke('pickProject', {}),
  pickInput: (kind) => invoke('pickInput', { kind }),
  pickProfile: () => invoke('pickProfile', {}),
  readProject: (path) => invoke('readProject', { path }),
  writeProject: (path, text) => invoke('writeProject', { path, text }),
  writePicture: (path, bytes) => invoke('writePicture', { path, bytes }),
  reveal: (path) => invoke('reveal', { path }),
  copy: (text) => invoke('copy', { text }),
  recent: () => invoke('recent', {}),
  addRecent: (path) => invoke('addRecent', { path }),
  samples: () => invoke('samples', {}),
  about: () => invoke('about', {}),
  settings: () => invoke('settings', {}),
  saveSettings: (settings) => invoke('saveSettings', settings),
  loadSession: () => invoke('loadSession', {}),
  setMenu: (entries) => ipcRenderer.send(CHANNEL.setMenu, entries),
  setTitle: (title, dirty) => ipcRenderer.send(CHANNEL.setTitle, title, dirty),
  saveSession: (text) => ipcRenderer.send(CHANNEL.saveSession, text),
  onCommand: on(CHANNEL.command),
  onHostLost: on(CHANNEL.hostLost),
  onOpenPath: (listener) => {
    const stop = on(CHANNEL.openPath)(listener);
    ipcRenderer.off(CHANNEL.openPath, keepEarly);
    for (const path of early.splice(0)) listener(path);
    return stop;
  },
};

contextBridge.exposeInMainWorld('sinter', api);
