import { shell } from '../../host/shell.ts';
import { get, set } from '../store.ts';
import { restartHost } from './connect.ts';
import { notify, sentence } from './notify.ts';

/** Libraries are opened once in a process: a new engine host looks again. */
async function lookIn(libraryFolders: readonly string[]): Promise<void> {
  try {
    await shell().saveSettings({ libraryFolders: [...libraryFolders] });
    set({ libraryFolders });
    await restartHost();
  } catch (e) {
    notify('error', sentence(e));
  }
}

/** Has GPU libraries looked for in a folder that the user chooses, before all others. */
export async function addLibraryFolder(): Promise<void> {
  const folder = await shell().pickInput('libraryFolder');
  if (folder === null) return;
  const others = get().libraryFolders.filter((f) => f !== folder);
  await lookIn([folder, ...others]);
  const { machine } = get();
  if (machine?.devices.some((d) => d.kind === 'cuda')) return;
  const still = machine?.libraries.filter((l) => l.path === '').map((l) => l.name) ?? [];
  notify('warning', `Still no GPU: ${still.join(', ')} ${still.length === 1 ? 'is' : 'are'} not in ${folder} either.`);
}

export const removeLibraryFolder = (folder: string): Promise<void> =>
  lookIn(get().libraryFolders.filter((f) => f !== folder));
