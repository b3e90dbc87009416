// The module `sinter:operators`: every operator definition of optimizer/ops, so that adding one is adding its file.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

const NAME = 'sinter:operators';
const FOLDER = path.join(ROOT, 'optimizer/ops');
/** Files of the folder that define no operator. */
const OTHERS = new Set(['cost.ts', 'index.ts', 'infer.ts', 'op.ts']);

function source() {
  const files = readdirSync(FOLDER, { withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.ts') && !e.name.endsWith('.d.ts') && !OTHERS.has(e.name))
    .map((e) => e.name)
    .sort();
  const imports = files.map((f, i) => `import op${i} from ${JSON.stringify(path.join(FOLDER, f))};`);
  return `${imports.join('\n')}\nexport const OPS = [${files.map((_, i) => `op${i}`).join(', ')}];\n`;
}

/** For esbuild. */
export const esbuildOperators = {
  name: 'operators',
  setup(build) {
    build.onResolve({ filter: /^sinter:operators$/ }, () => ({ path: NAME, namespace: 'operators' }));
    build.onLoad({ filter: /.*/, namespace: 'operators' }, () => ({
      contents: source(),
      resolveDir: FOLDER,
      watchDirs: [FOLDER],
    }));
  },
};

/** For Vite and Vitest. */
export const viteOperators = {
  name: 'operators',
  resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
  load: (id) => (id === `\0${NAME}` ? source() : undefined),
};
