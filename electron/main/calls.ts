import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { app, BrowserWindow, clipboard, dialog, ipcMain, shell } from 'electron';
import * as z from 'zod';
import { CHANNEL } from '../ipc/channel.ts';
import { type InputKind, type ShellCall, shellCalls } from '../ipc/shell.ts';
import { OPENS } from './open-path.ts';
import { addRecent, loadSession, recentFiles, sampleModels } from './recent.ts';
import { loadSettings, saveSettings } from './settings.ts';

type Handlers = { [C in ShellCall]: (p: z.infer<(typeof shellCalls)[C]>, w: BrowserWindow) => unknown };

async function pick(window: BrowserWindow, title: string, name: string, extensions: string[]): Promise<string | null> {
  const filters = [
    { name, extensions },
    { name: 'All files', extensions: ['*'] },
  ];
  const { canceled, filePaths } = await dialog.showOpenDialog(window, { title, properties: ['openFile'], filters });
  return canceled ? null : (filePaths[0] ?? null);
}

async function pickFolder(window: BrowserWindow, title: string): Promise<string | null> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, { title, properties: ['openDirectory'] });
  return canceled ? null : (filePaths[0] ?? null);
}

const FOLDERS = {
  dataFolder: 'Choose a folder of samples',
  pluginFolder: 'Choose the folder of a plugin',
  libraryFolder: 'Choose a folder that holds libcuda.so.1 or libnvrtc.so',
} as const;
const isFolder = (kind: InputKind): kind is keyof typeof FOLDERS => kind in FOLDERS;

const INPUTS: Record<Exclude<InputKind, keyof typeof FOLDERS>, [title: string, name: string, extensions: string[]]> = {
  dataFile: ['Choose samples', 'Samples', ['npy', 'npz', 'csv', 'bin', 'raw', 'dat', 'gz', 'png', 'jpg', 'jpeg']],
  labels: ['Choose labels', 'Labels', ['txt', 'csv', 'npy']],
  weights: ['Choose the weights of this Caffe network', 'Caffe weights', ['caffemodel', 'binaryproto']],
  timings: ['Choose a timing cache', 'Timing caches', ['json', 'timings', 'cache']],
  calibration: ['Open a calibration cache', 'Calibration caches', ['calib', 'cache', 'trt', 'json']],
};

const handlers: Handlers = {
  pickModel: (_p, w) =>
    pick(
      w,
      'Open a model',
      'Models',
      OPENS.map((e) => e.slice(1)),
    ),
  pickProject: (_p, w) => pick(w, 'Open a project', 'Sinter projects', ['sinterproj']),
  pickInput: (p, w) => (isFolder(p.kind) ? pickFolder(w, FOLDERS[p.kind]) : pick(w, ...INPUTS[p.kind])),
  pickProfile: (_p, w) => pick(w, 'Open a profile', 'Sinter profiles', ['sinterprofile']),
  pickSave: async (p, w) => {
    const { canceled, filePath } = await dialog.showSaveDialog(w, {
      title: p.title,
      defaultPath: p.name,
      filters: [{ name: p.kind, extensions: [p.extension] }],
    });
    return canceled ? null : filePath;
  },
  readProject: (p) => {
    if (!p.path.endsWith('.sinterproj')) throw new Error(`${p.path} is not a .sinterproj file`);
    return readFileSync(p.path, 'utf8');
  },
  writeProject: (p) => {
    if (!p.path.endsWith('.sinterproj')) throw new Error(`${p.path} is not a .sinterproj file`);
    writeFileSync(`${p.path}.new`, p.text);
    renameSync(`${p.path}.new`, p.path);
  },
  writePicture: (p) => {
    if (!/\.(svg|png)$/i.test(p.path)) throw new Error(`${p.path} is not the name of a .svg or .png file`);
    writeFileSync(`${p.path}.new`, p.bytes);
    renameSync(`${p.path}.new`, p.path);
  },
  reveal: (p) => shell.showItemInFolder(p.path),
  copy: (p) => clipboard.writeText(p.text),
  recent: () => recentFiles(),
  addRecent: (p) => addRecent(p.path),
  samples: () => sampleModels(),
  about: () => ({
    version: app.getVersion(),
    electron: process.versions.electron ?? '',
    platform: `${process.platform}-${process.arch}`,
  }),
  settings: () => loadSettings(),
  saveSettings: (p) => saveSettings(p),
  loadSession: () => loadSession(),
};

/** Answers the window's requests about files, dialogs and the session; parameters are checked here. */
export function registerCalls(): void {
  ipcMain.handle(CHANNEL.invoke, (event, name: unknown, params: unknown) => {
    const window = BrowserWindow.fromWebContents(event.sender);
    const parsedName = z.enum(Object.keys(shellCalls) as [ShellCall, ...ShellCall[]]).parse(name);
    if (!window) return null;
    const run = handlers[parsedName] as (p: unknown, w: BrowserWindow) => unknown;
    return run(shellCalls[parsedName].parse(params), window);
  });
}
