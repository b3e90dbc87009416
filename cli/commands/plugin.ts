import { resolve } from 'node:path';
import { addPlugin, pluginTools, removePlugin } from '../../native/napi/plugins.ts';
import { listPlugins, pluginFolder } from '../../optimizer/ops/plugins/folder.ts';
import type { PluginManifest } from '../../optimizer/ops/plugins/manifest.ts';
import { EXIT } from '../exit.ts';
import { addonPath } from '../runtime.ts';
import { table } from '../table.ts';

/** The names by which models call a plugin's operator. */
const operators = (m: PluginManifest): string =>
  [`${m.domain}.${m.op}`, ...(m.caffe ? [`caffe.${m.caffe}`] : [])].join(', ');

export async function pluginAdd(folder: string): Promise<number> {
  const { manifest } = await addPlugin(resolve(folder), pluginTools(addonPath()));
  console.log(`${manifest.name} ${manifest.version} is registered: ${operators(manifest)}`);
  return EXIT.ok;
}

export async function pluginRemove(name: string): Promise<number> {
  removePlugin(name);
  console.log(`${name} is removed`);
  return EXIT.ok;
}

export async function pluginList(flags: { json?: boolean }): Promise<number> {
  const entries = listPlugins();
  const rows = entries.map((e) =>
    e.ok
      ? {
          name: e.plugin.manifest.name,
          version: e.plugin.manifest.version,
          operators: operators(e.plugin.manifest),
          digest: e.plugin.digest,
          folder: e.plugin.folder,
        }
      : { name: e.name, error: e.error },
  );
  if (flags.json) console.log(JSON.stringify({ folder: pluginFolder(), plugins: rows }, null, 2));
  else if (rows.length === 0) console.log('no plugins are registered; add one with `sinter plugin add FOLDER`');
  else
    console.log(
      table(
        ['plugin', 'version', 'operators'],
        rows.map((r) => ('error' in r ? [r.name, '', r.error ?? ''] : [r.name, r.version, r.operators])),
      ),
    );
  return EXIT.ok;
}
