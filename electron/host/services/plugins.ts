import { join } from 'node:path';
import { addPlugin, pluginTools, removePlugin } from '../../../native/napi/plugins.ts';
import { listPlugins, pluginFolder } from '../../../optimizer/ops/plugins/folder.ts';
import type { HostServices } from '../../ipc/contract.ts';
import type { PluginList } from '../../ipc/schemas/plugins.ts';
import { addonPath } from '../parts/addon.ts';

function registered(): PluginList {
  const folder = pluginFolder();
  const plugins = listPlugins(folder).map((e) => {
    if (!e.ok) {
      return {
        name: e.name,
        version: '',
        description: '',
        operators: [],
        folder: join(folder, e.name),
        error: e.error,
      };
    }
    const { name, version, description, domain, op, caffe } = e.plugin.manifest;
    const operators = [`${domain}.${op}`, ...(caffe ? [`caffe.${caffe}`] : [])];
    return { name, version, description: description ?? '', operators, folder: e.plugin.folder, error: null };
  });
  return { folder, plugins };
}

/** Registering users' own operators; models see them when they are opened again. */
export const pluginServices: Pick<HostServices, 'plugins' | 'addPlugin' | 'removePlugin'> = {
  plugins: async () => registered(),
  addPlugin: async ({ folder }) => {
    const addon = addonPath();
    if (addon === null)
      throw new Error('Plugins need the native runtime, which is not built: run "npm run build:native".');
    await addPlugin(folder, pluginTools(addon));
    return registered();
  },
  removePlugin: async ({ name }) => {
    removePlugin(name);
    return registered();
  },
};
