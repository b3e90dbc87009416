import { host } from '../../host/connection.ts';
import { shell } from '../../host/shell.ts';
import { busy } from '../idle.ts';
import { get, set } from '../store.ts';
import { notify, sentence } from './notify.ts';
import { projectText, restoreProject } from './project.ts';

/** Reads which plugins are registered. */
export async function loadPlugins(): Promise<void> {
  try {
    set({ plugins: await busy(host().plugins({})) });
  } catch (e) {
    notify('error', sentence(e));
  }
}

/** Compiles and registers the plugin in a folder that the user chooses. */
export async function pickPlugin(): Promise<void> {
  const folder = await shell().pickInput('pluginFolder');
  if (folder === null) return;
  set({ addingPlugin: true });
  await change(() => host().addPlugin({ folder }));
  set({ addingPlugin: false });
}

export const removePlugin = (name: string): Promise<void> => change(() => host().removePlugin({ name }));

/** The open model is opened again: other operators are known now. */
async function change(run: () => ReturnType<ReturnType<typeof host>['plugins']>): Promise<void> {
  try {
    set({ plugins: await busy(run()) });
    // What was said about unknown operators is said anew where it still holds.
    set({ notices: get().notices.filter((n) => n.command !== 'view.problems') });
    const session = projectText('');
    if (session !== null) await restoreProject(session, '');
  } catch (e) {
    notify('error', sentence(e));
  }
}
