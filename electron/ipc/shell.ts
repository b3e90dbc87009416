import * as z from 'zod';

/** What the main process offers a window besides the engine host: files, recent projects, the menu. */
export interface ShellApi {
  /**
   * Asks for an engine host; the port arrives as a `sinter:port` window message (again after each restart). `fresh` ends
   * the running one first.
   */
  requestHost(fresh: boolean): void;
  /** Path of a dropped or chosen File, '' when it has none. */
  pathOf(file: File): string;
  pickModel(): Promise<string | null>;
  pickSave(options: SaveOptions): Promise<string | null>;
  pickProject(): Promise<string | null>;
  /** Sample data, labels, a calibration or a timing cache. */
  pickInput(kind: InputKind): Promise<string | null>;
  pickProfile(): Promise<string | null>;
  readProject(path: string): Promise<string>;
  writeProject(path: string, text: string): Promise<void>;
  /** Writes a .svg or .png beside which nothing else is needed. */
  writePicture(path: string, bytes: Uint8Array): Promise<void>;
  reveal(path: string): Promise<void>;
  copy(text: string): Promise<void>;
  recent(): Promise<RecentFile[]>;
  addRecent(path: string): Promise<void>;
  samples(): Promise<RecentFile[]>;
  about(): Promise<AboutInfo>;
  settings(): Promise<Settings>;
  /** Holds for the next engine host. */
  saveSettings(settings: Settings): Promise<void>;
  setMenu(entries: MenuEntry[]): void;
  setTitle(title: string, dirty: boolean): void;
  /** Kept across a crash of the window: what to reopen. */
  saveSession(text: string): void;
  loadSession(): Promise<string | null>;
  onCommand(listener: (id: string) => void): () => void;
  onOpenPath(listener: (path: string) => void): () => void;
  onHostLost(listener: (reason: string) => void): () => void;
}

export const saveOptions = z.object({
  title: z.string(),
  name: z.string(),
  extension: z.string(),
  kind: z.string(),
});
export type SaveOptions = z.infer<typeof saveOptions>;
export const inputKind = z.enum([
  'dataFolder',
  'dataFile',
  'labels',
  'calibration',
  'timings',
  'weights',
  'pluginFolder',
  'libraryFolder',
]);
export type InputKind = z.infer<typeof inputKind>;
export const recentFile = z.object({ path: z.string(), name: z.string(), bytes: z.number() });
export type RecentFile = z.infer<typeof recentFile>;
export const aboutInfo = z.object({ version: z.string(), electron: z.string(), platform: z.string() });
export type AboutInfo = z.infer<typeof aboutInfo>;
/** What the user has set for this machine, whatever the project. */
export const settings = z.object({
  /** Folders that GPU libraries are looked for in before all others. */
  libraryFolders: z.array(z.string().min(1)),
});
export type Settings = z.infer<typeof settings>;
export const menuEntry = z.object({
  id: z.string(),
  menu: z.enum(['File', 'Edit', 'View', 'Run', 'Help']),
  title: z.string(),
  keys: z.string(),
  enabled: z.boolean(),
});
export type MenuEntry = z.infer<typeof menuEntry>;

/** Requests that main answers; parameters are checked there. */
export const shellCalls = {
  pickModel: z.object({}),
  pickSave: saveOptions,
  pickProject: z.object({}),
  pickInput: z.object({ kind: inputKind }),
  pickProfile: z.object({}),
  readProject: z.object({ path: z.string() }),
  writeProject: z.object({ path: z.string(), text: z.string() }),
  writePicture: z.object({ path: z.string(), bytes: z.instanceof(Uint8Array) }),
  reveal: z.object({ path: z.string() }),
  copy: z.object({ text: z.string() }),
  recent: z.object({}),
  addRecent: z.object({ path: z.string() }),
  samples: z.object({}),
  about: z.object({}),
  settings: z.object({}),
  saveSettings: settings,
  loadSession: z.object({}),
} as const;
export type ShellCall = keyof typeof shellCalls;
