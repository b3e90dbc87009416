import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PluginError, type PluginManifest, parseManifest } from './manifest.ts';
import { type PluginOp, pluginOp, type RegisteredPlugin } from './opDef.ts';

/** The library in a registered plugin's folder; the runtime looks for it there (native/core/plugin.cpp). */
export const LIBRARY = 'plugin.so';
/** Likewise its source for GPUs. */
export const CUDA_SOURCE = 'plugin.cu';
export const MANIFEST = 'plugin.json';

/** Where plugins are registered, a folder each: SINTER_PLUGINS, else the user's data folder of this product. */
export function pluginFolder(): string {
  const data = process.env.XDG_DATA_HOME || join(homedir(), '.local/share');
  return process.env.SINTER_PLUGINS || join(data, 'sinter-studio/plugins');
}

/** Reads the plugin in a folder: its manifest, and the digest of everything that decides what it computes. */
export function readPlugin(folder: string): RegisteredPlugin {
  const file = join(folder, MANIFEST);
  if (!existsSync(file)) throw new PluginError(`${folder} has no ${MANIFEST}`);
  const text = readFileSync(file, 'utf8');
  const manifest = parseManifest(text, file);
  return { manifest, digest: digestOf(folder, text, manifest), folder };
}

/** What a plugin's folder holds besides the manifest. */
export const filesOf = (m: PluginManifest): string[] => [...(m.sources ?? [m.library!]), ...(m.cuda ? [m.cuda] : [])];

function digestOf(folder: string, text: string, m: PluginManifest): string {
  const hash = createHash('sha256').update(text);
  for (const name of filesOf(m)) {
    const file = join(folder, name);
    if (!existsSync(file)) throw new PluginError(`the plugin "${m.name}" has no file ${name} in ${folder}`);
    hash.update(`\0${name}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** A plugin that is registered, or a folder among them that cannot be one. */
export type PluginEntry =
  | { readonly ok: true; readonly plugin: RegisteredPlugin }
  | { readonly ok: false; readonly name: string; readonly error: string };

/** All registered plugins, by name. */
export function listPlugins(folder = pluginFolder()): PluginEntry[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((e) => e.isDirectory() && !e.name.startsWith('.'))
    .map((e) => e.name);
  return names.sort().map((name): PluginEntry => {
    try {
      const plugin = readPlugin(join(folder, name));
      if (plugin.manifest.name !== name)
        throw new PluginError(`the folder of the plugin "${plugin.manifest.name}" has another name`);
      if (!existsSync(join(folder, name, LIBRARY)))
        throw new PluginError(`the plugin "${name}" has no ${LIBRARY}: add it again`);
      return { ok: true, plugin };
    } catch (e) {
      if (!(e instanceof PluginError)) throw e;
      return { ok: false, name, error: e.message };
    }
  });
}

let known: { readonly key: string; readonly ops: ReadonlyMap<string, PluginOp> } | null = null;

/** The operator that a registered plugin defines under a name; the folder is read again when it has changed. */
export function findPluginOp(domain: string, op: string): PluginOp | undefined {
  const folder = pluginFolder();
  const at = statSync(folder, { bigint: true, throwIfNoEntry: false });
  if (!at) return undefined;
  const key = `${folder}:${at.ino}:${at.mtimeNs}`;
  if (known?.key !== key) known = { key, ops: operators(folder) };
  return known.ops.get(`${domain}:${op}`);
}

function operators(folder: string): ReadonlyMap<string, PluginOp> {
  const ops = new Map<string, PluginOp>();
  for (const entry of listPlugins(folder)) {
    if (!entry.ok) continue;
    const { domain, op, caffe } = entry.plugin.manifest;
    ops.set(`${domain}:${op}`, pluginOp(entry.plugin, domain, op));
    if (caffe) ops.set(`caffe:${caffe}`, pluginOp(entry.plugin, 'caffe', caffe));
  }
  return ops;
}
