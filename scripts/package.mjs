// `npm run package`: the studio as a folder that runs without this checkout, in build/package.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build, Platform } from 'electron-builder';
import { buildParts } from './build.mjs';
import { resolveElectron } from './electron.mjs';
import { say } from './lib/log.mjs';
import { ROOT } from './lib/run.mjs';
import { ensureSystemDeps } from './system-deps.mjs';

ensureSystemDeps(['native', 'window']);
await buildParts();
const electron = await resolveElectron();
const output = path.join(ROOT, 'build/package');

const made = await build({
  targets: Platform.current().createTarget('dir'),
  projectDir: ROOT,
  config: {
    appId: 'studio.sinter',
    productName: 'Sinter Studio',
    executableName: 'sinter-studio',
    electronVersion: electron.version,
    electronDist: path.dirname(electron.executable),
    directories: { output },
    // Everything of node_modules that is needed is inside the bundles, except what has native libraries of its own: it lies
    // beside the archive, where Node looks for it.
    extraResources: ['sharp', '@img', 'detect-libc', 'semver'].map((name) => ({
      from: `node_modules/${name}`,
      to: `node_modules/${name}`,
    })),
    files: [
      'dist/{electron,renderer,icons}/**',
      'assets/**',
      'build/native/sinter.node',
      'build/native/sinter_tuner',
      // What plugins are compiled against.
      'native/include/**',
      'package.json',
      '!node_modules',
      '!**/*.map',
    ],
    asar: true,
    asarUnpack: ['build/native/**', 'native/include/**', 'assets/**'],
    npmRebuild: false,
    icon: path.join(ROOT, 'dist/icons/sinter-512.png'),
    fileAssociations: [
      { ext: 'onnx', name: 'ONNX model', role: 'Editor' },
      { ext: 'sinterproj', name: 'Sinter project', role: 'Editor' },
    ],
    linux: { category: 'Development' },
    // The fallback Electron's loader must not stand beside the packaged app.
    afterPack: ({ appOutDir }) => rmSync(path.join(appOutDir, 'resources/app'), { recursive: true, force: true }),
  },
});
say(`packaged into ${path.relative(ROOT, output)}${made.length > 0 ? `: ${made.join(', ')}` : ''}`);
