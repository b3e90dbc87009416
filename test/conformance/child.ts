import { join } from 'node:path';
import { createNativeRuntime } from '../../native/napi/runtime.ts';
import { type CaseOptions, type Outcome, runCase } from './case.ts';

/** What the parent asks, one case at a time. */
export interface Request {
  readonly folder: string;
  readonly operators: readonly string[];
}
export type Reply = Outcome;

/** The child process: runs cases until the parent lets go of it. */
export function serve(root: string, options: CaseOptions): void {
  const runtime = createNativeRuntime(join(root, 'build/native/sinter.node'));
  process.on('message', (r: Request) => {
    runCase(runtime, r.folder, r.operators, options)
      .catch((e: unknown): Outcome => {
        const reason = e instanceof Error ? e.message.split('\n')[0]! : String(e);
        return { reason, layers: [], types: [], onHost: [] };
      })
      .then((reply) => process.send?.(reply satisfies Reply));
  });
  process.on('disconnect', () => process.exit(0));
}
