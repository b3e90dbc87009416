#!/usr/bin/env node
// The command line. In a checkout the native runtime and the bundle are built on first use.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const entry = path.join(root, 'dist/cli/main.js');
if (existsSync(path.join(root, 'cli/main.ts'))) {
  const { buildParts } = await import('../scripts/build.mjs');
  if (!existsSync(path.join(root, 'build/native/sinter.node'))) {
    const { ensureSystemDeps } = await import('../scripts/system-deps.mjs');
    ensureSystemDeps(['native']);
    await buildParts(['native']);
  }
  await buildParts(['cli']);
}
await import(pathToFileURL(entry).href);
