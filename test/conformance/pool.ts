import { type ChildProcess, fork } from 'node:child_process';
import type { Outcome } from './case.ts';
import type { Reply, Request } from './child.ts';

const failure = (reason: string): Outcome => ({ reason, layers: [], types: [], onHost: [] });

/** A case that takes longer has hung. */
const LIMIT_MS = 120_000;

/**
 * Runs requests in child processes, so that a case that crashes or hangs takes only its own process with it: it fails,
 * and a new process goes on. Results come in the order of the requests.
 */
export async function runAll(
  program: string,
  args: readonly string[],
  processes: number,
  requests: readonly Request[],
  onDone: (index: number) => void,
): Promise<Outcome[]> {
  const results = new Array<Outcome>(requests.length).fill(failure('did not run'));
  let next = 0;
  const work = async (id: number): Promise<void> => {
    let child: ChildProcess | null = null;
    for (let i = next++; i < requests.length; i = next++) {
      child ??= fork(program, [...args, '--child', String(id)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
      const { outcome, alive } = await ask(child, requests[i]!);
      results[i] = outcome;
      if (!alive) child = null;
      onDone(i);
    }
    child?.disconnect();
  };
  await Promise.all(Array.from({ length: processes }, (_, id) => work(id)));
  return results;
}

function ask(child: ChildProcess, request: Request): Promise<{ outcome: Outcome; alive: boolean }> {
  return new Promise((done) => {
    const settle = (outcome: Outcome, alive: boolean): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      if (!alive) child.kill('SIGKILL');
      done({ outcome, alive });
    };
    const timer = setTimeout(() => settle(failure(`takes longer than ${LIMIT_MS / 1000} seconds`), false), LIMIT_MS);
    child.once('message', (r: Reply) => settle(r, true));
    child.once('exit', (code, signal) =>
      settle(failure(`crashed the process (${signal ?? `exit code ${code}`})`), false),
    );
    child.once('error', (e) => settle(failure(`the process failed: ${e.message}`), false));
    child.send(request);
  });
}
