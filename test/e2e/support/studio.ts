import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';

export const ROOT = path.resolve(import.meta.dirname, '../../..');
export const ARTIFACTS = path.join(ROOT, 'artifacts');
export const sample = (name: string): string => path.join(ROOT, 'assets/models', name);
export const scratch = (): string => mkdtempSync(path.join(os.tmpdir(), 'sinter-e2e-'));

export interface Studio {
  readonly app: ElectronApplication;
  readonly page: Page;
  /** Waits until nothing is under way and the result is painted. */
  idle(): Promise<void>;
  shot(name: string): Promise<void>;
  goTo(step: string): Promise<void>;
  /** Drops files from outside on the middle of the window. */
  drop(...files: string[]): Promise<void>;
  /** What the next "save as" dialogs answer. */
  saveTo(file: string): Promise<void>;
  /** What the next "open" dialogs answer. */
  openFrom(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the built studio in real Electron with a data folder of its own. */
export async function launch(
  options: { args?: string[]; userData?: string; dark?: boolean; env?: Record<string, string> } = {},
): Promise<Studio> {
  const executablePath = process.env.SINTER_TEST_EXECUTABLE;
  if (!executablePath) throw new Error('run the end-to-end tests with: npm run test:e2e');
  const machine: string[] = JSON.parse(process.env.SINTER_TEST_ARGS ?? '[]');
  const app = await _electron.launch({
    executablePath,
    args: [...machine, '--force-device-scale-factor=1', ...(options.args ?? [])],
    env: { ...process.env, SINTER_USER_DATA: options.userData ?? scratch(), ...options.env } as Record<string, string>,
    colorScheme: options.dark ? 'dark' : 'light',
  });
  const page = await app.firstWindow();
  page.on('pageerror', (e) => console.error(`window: ${e.message}`));
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: options.dark ? 'dark' : 'light' });
  await page.getByRole('navigation', { name: 'Steps' }).waitFor();
  const idle = (): Promise<void> =>
    page.evaluate(() => (globalThis as unknown as { studioIdle(): Promise<void> }).studioIdle());
  return {
    app,
    page,
    idle,
    shot: async (name) => {
      await page.mouse.move(720, 4);
      await idle();
      await page.screenshot({ path: path.join(ARTIFACTS, `${name}.png`) });
    },
    goTo: async (step) => {
      await page.locator(`[data-step="${step}"]`).click();
      await idle();
    },
    drop: async (...files) => {
      const cdp = await page.context().newCDPSession(page);
      const data = { items: [], files, dragOperationsMask: 1 };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        await cdp.send('Input.dispatchDragEvent', { type, x: 700, y: 400, data });
      }
      await cdp.detach();
    },
    saveTo: (file) =>
      app.evaluate(({ dialog }, filePath) => {
        dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
      }, file),
    openFrom: (file) =>
      app.evaluate(({ dialog }, filePath) => {
        dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [filePath] });
      }, file),
    close: () => app.close(),
  };
}
