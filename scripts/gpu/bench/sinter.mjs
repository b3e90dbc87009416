// The command line as a child process.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../../lib/run.mjs';

/** Runs `sinter …`: the parsed JSON it prints, or the sentence that it failed with, and the seconds it took. */
export function sinter(args, { seconds = 150, env = {} } = {}) {
  const before = performance.now();
  const child = spawn(process.execPath, [path.join(ROOT, 'bin/sinter.mjs'), ...args], {
    env: { ...process.env, ...env },
    timeout: Math.ceil(Math.max(1, seconds) * 1000),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let words = '';
  child.stdout.on('data', (d) => (out += d));
  child.stderr.on('data', (d) => (words += d));
  return new Promise((resolve) => {
    const end = (code, problem) => {
      let json = null;
      try {
        json = JSON.parse(out);
      } catch {
        // Not JSON: what went wrong is on the other stream.
      }
      const error = json ? null : (problem ?? words.trim().split('\n').pop()) || `exit code ${code}`;
      resolve({ json, error, seconds: (performance.now() - before) / 1000 });
    };
    child.on('error', (e) => end(null, e.message));
    child.on('close', (code, signal) => end(code, signal ? `ended by ${signal}` : undefined));
  });
}
