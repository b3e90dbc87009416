// Style (Biome) and the import directions of the architecture, TypeScript and C++ alike.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bin, ROOT, run } from './lib/run.mjs';

/** Folder → folders it may import from besides itself. The first match wins, so longer paths come first. */
const MAY_IMPORT = [
  ['optimizer/ir', []],
  ['optimizer/runtime.ts', ['optimizer/ir']],
  ['optimizer/ops', ['optimizer/ir']],
  // What the window and the command line say alike: it computes with plain data alone.
  ['optimizer/engine/profile/compare', ['optimizer/engine (types)']],
  ['optimizer/engine', ['optimizer/ir', 'optimizer/runtime.ts']],
  ['optimizer/importers', ['optimizer/ir', 'optimizer/ops', 'optimizer/runtime.ts', 'optimizer/userCache.ts']],
  [
    'optimizer/exporters',
    [
      'optimizer/ir',
      'optimizer/ops',
      'optimizer/runtime.ts',
      'optimizer/systemErrors.ts',
      'optimizer/engine',
      'optimizer/importers',
    ],
  ],
  ['optimizer/passes', ['optimizer/ir', 'optimizer/ops', 'optimizer/runtime.ts']],
  ['optimizer/calibration', ['optimizer/ir', 'optimizer/ops', 'optimizer/runtime.ts']],
  ['optimizer/builder', ['optimizer']],
  ['electron/ipc', ['optimizer (types)']],
  ['electron/host', ['electron/ipc', 'optimizer', 'native/napi', 'assets/proto']],
  ['electron/main', ['electron/ipc']],
  ['electron/preload', ['electron/ipc']],
  ['cli', ['optimizer', 'native/napi', 'assets/proto']],
  ['renderer', ['electron/ipc', 'optimizer (types)', 'optimizer/engine/profile/compare']],
  ['native/napi', ['optimizer']],
];
/** Native folder → what its #include "…" may name. */
const MAY_INCLUDE = {
  include: [],
  core: ['include'],
  cpu: ['core', 'include'],
  cuda: ['core', 'include'],
  napi: ['cpu', 'cuda', 'core', 'include'],
};
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function* filesUnder(dir, pattern) {
  let entries = [];
  try {
    entries = readdirSync(path.join(ROOT, dir), { withFileTypes: true });
  } catch {
    return;
  }
  for (const e of entries) {
    const p = `${dir}/${e.name}`;
    if (e.isDirectory()) yield* filesUnder(p, pattern);
    else if (pattern.test(e.name)) yield p;
  }
}

const under = (file, folder) => file === folder || file.startsWith(`${folder}/`);

/** Why `from` may not import `to`, or null. */
export function forbidden(from, to, typesOnly) {
  const row = MAY_IMPORT.find(([folder]) => under(from, folder));
  if (!row || under(to, row[0])) return null;
  const allowed = row[1].some((a) => (a.endsWith(' (types)') ? typesOnly && under(to, a.slice(0, -8)) : under(to, a)));
  if (allowed) return null;
  return `${from} imports ${to}: ${row[0]} may import ${row[1].join(', ') || 'nothing else'} only`;
}

function importErrors() {
  const errors = [];
  for (const top of ['optimizer', 'electron', 'cli', 'renderer', 'native/napi']) {
    for (const file of filesUnder(top, /\.(ts|tsx|mjs)$/)) {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      for (const m of text.matchAll(IMPORT)) {
        const spec = m[2] ?? m[3];
        const typesOnly = m[1] !== undefined;
        if (spec.startsWith('.')) {
          const to = path.posix.normalize(path.posix.join(path.posix.dirname(file), spec));
          const error = forbidden(file, to, typesOnly);
          if (error) errors.push(error);
        } else if (under(file, 'renderer') && (spec.startsWith('node:') || spec === 'electron')) {
          errors.push(`${file} imports ${spec}: the window has no Node`);
        } else if (under(file, 'optimizer') && spec === 'electron') {
          errors.push(`${file} imports electron: the optimizer knows no Electron`);
        }
      }
    }
  }
  for (const [folder, allowed] of Object.entries(MAY_INCLUDE)) {
    for (const file of filesUnder(`native/${folder}`, /\.(h|hpp|cpp|cc|cu)$/)) {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      for (const [, to] of text.matchAll(/^\s*#include\s+"([a-z]+)\//gm)) {
        if (to in MAY_INCLUDE && to !== folder && !allowed.includes(to)) {
          errors.push(
            `${file} includes ${to}/: native/${folder} may include ${allowed.join(', ') || 'nothing else'} only`,
          );
        }
      }
      if (folder !== 'napi' && /#include\s+[<"]napi\.h[>"]/.test(text)) errors.push(`${file} includes napi.h`);
    }
  }
  return errors;
}

/** @returns {Promise<{passed: number, failed: number}>} */
export async function lint() {
  const errors = importErrors();
  for (const e of errors) console.error(e);
  const biome = await run(bin('biome'), ['check', '--max-diagnostics=40', '--diagnostic-level=warn', '.']);
  return {
    passed: (errors.length === 0 ? 1 : 0) + (biome.code === 0 ? 1 : 0),
    failed: (errors.length === 0 ? 0 : 1) + (biome.code === 0 ? 0 : 1),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit((await lint()).failed === 0 ? 0 : 1);
