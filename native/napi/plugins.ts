import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  CUDA_SOURCE,
  filesOf,
  LIBRARY,
  MANIFEST,
  pluginFolder,
  readPlugin,
} from '../../optimizer/ops/plugins/folder.ts';
import { PluginError, type PluginManifest } from '../../optimizer/ops/plugins/manifest.ts';
import type { RegisteredPlugin } from '../../optimizer/ops/plugins/opDef.ts';

/** Time that compiling a plugin, or loading it, may take. */
const COMPILE_MS = 300_000;
const LOAD_MS = 30_000;

/** Where the native parts of this installation lie; both are found from the addon's path. */
export interface PluginTools {
  /** Folder of `sinter/plugin.h`. */
  readonly include: string;
  /** The program that loads a library in a process of its own (native/tuner). */
  readonly checker: string;
}

/** The tools of the installation that an addon belongs to: `…/build/native/sinter.node`. */
export function pluginTools(addon: string): PluginTools {
  const build = dirname(addon);
  return { include: join(build, '../../native/include'), checker: join(build, 'sinter_tuner') };
}

/**
 * Registers the plugin in a folder: compiles its sources with the installed compiler (CXX, else c++), or takes its
 * library, has another process load it, and puts everything into the folder of plugins in one step; an older version of
 * the same name is replaced. Throws PluginError; nothing is registered then.
 */
export async function addPlugin(from: string, tools: PluginTools): Promise<RegisteredPlugin> {
  const { manifest } = readPlugin(from);
  const root = pluginFolder();
  mkdirSync(root, { recursive: true });
  const staged = mkdtempSync(join(root, '.new-'));
  try {
    copyFileSync(join(from, MANIFEST), join(staged, MANIFEST));
    for (const file of filesOf(manifest)) {
      mkdirSync(dirname(join(staged, file)), { recursive: true });
      cpSync(join(from, file), join(staged, file));
    }
    if (manifest.cuda && manifest.cuda !== CUDA_SOURCE)
      copyFileSync(join(from, manifest.cuda), join(staged, CUDA_SOURCE));
    const library = join(staged, LIBRARY);
    if (manifest.sources) await compile(manifest, manifest.sources, from, library, tools);
    else if (manifest.library !== LIBRARY) copyFileSync(join(from, manifest.library!), library);
    await checkLibrary(manifest, library, tools);
    const target = join(root, manifest.name);
    const old = join(root, `.old-${process.pid}-${manifest.name}`);
    if (existsSync(target)) renameSync(target, old);
    renameSync(staged, target);
    rmSync(old, { recursive: true, force: true });
    return readPlugin(target);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

/** Takes a plugin out. Throws PluginError when there is none of that name. */
export function removePlugin(name: string): void {
  const at = join(pluginFolder(), name);
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name) || !existsSync(at))
    throw new PluginError(`no plugin "${name}" is registered`);
  rmSync(at, { recursive: true });
}

async function compile(
  m: PluginManifest,
  sources: readonly string[],
  from: string,
  library: string,
  tools: PluginTools,
): Promise<void> {
  const compiler = process.env.CXX || 'c++';
  // Sources are compiled where they were: they may include files beside them.
  const files = sources.map((s) => join(from, s));
  const flags = ['-std=c++20', '-O2', '-shared', '-fPIC', '-fvisibility=hidden', '-I', tools.include];
  const run = await finished(compiler, [...flags, ...files, '-o', library], COMPILE_MS);
  if (run.error) {
    throw new PluginError(
      `the plugin "${m.name}" cannot be compiled: ${compiler} does not start (${run.error.message}); install a C++ compiler, or give the plugin a prebuilt "library"`,
    );
  }
  if (run.status === 0) return;
  const lines = run.stderr.trim().split('\n');
  const errors = lines.filter((l) => /error|undefined reference/.test(l));
  throw new PluginError(
    `the plugin "${m.name}" does not compile: ${(errors[0] ?? lines[0] ?? `${compiler} failed`).trim()}`,
  );
}

async function checkLibrary(m: PluginManifest, library: string, tools: PluginTools): Promise<void> {
  const run = await finished(tools.checker, ['--check-plugin', library], LOAD_MS);
  const [verb, name, version] = run.stdout.trim().split(' ');
  if (verb === 'plugin' && name === m.name && version === m.version) return;
  const label = `the plugin "${m.name}"`;
  if (run.error) throw new PluginError(`${label} cannot be checked: ${run.error.message}`);
  if (verb === 'plugin')
    throw new PluginError(
      `${label} ${m.version} has a library that calls itself "${name}" ${version}: both must say the same`,
    );
  if (verb === 'error') throw new PluginError(run.stdout.trim().slice('error '.length).replaceAll(library, LIBRARY));
  throw new PluginError(`${label} ends the process that loads it (${run.signal ?? `exit code ${run.status}`})`);
}

interface Finished {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it did not start. */
  readonly error: Error | null;
}

/** Runs a program to its end; one that takes longer is stopped. */
function finished(program: string, args: readonly string[], timeout: number): Promise<Finished> {
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { timeout, maxBuffer: 1 << 24 }, (e, stdout, stderr) => {
      const started = child.pid !== undefined;
      resolve({ status: child.exitCode, signal: child.signalCode, stdout, stderr, error: started ? null : e });
    });
  });
}
