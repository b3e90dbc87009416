import { parentPort, workerData } from 'node:worker_threads';
import { systemSentence } from '../../optimizer/systemErrors.ts';
import { serve } from '../ipc/server.ts';
import { CancelBoard } from './cancel-board.ts';
import { realParts } from './parts/real.ts';
import { jobOf } from './relay.ts';
import { createServices } from './services/studio.ts';

/* The thread that holds graphs and does the long work; it speaks the window's protocol, relayed by host.ts. */

const { flags, cache, calibrations } = workerData as { flags: SharedArrayBuffer; cache: string; calibrations: string };
const board = new CancelBoard(flags);
const slots = new Map<string, number>();
const thread = parentPort;
if (!thread) throw new Error('worker.ts runs as a worker thread of the engine host only');

let receive: (message: unknown) => void = () => {};
thread.on('message', ({ message, slot }: { message: unknown; slot: number | null }) => {
  const job = slot === null ? null : jobOf(message);
  if (job && slot !== null) slots.set(job.id, slot);
  receive(message);
});

const services = createServices(realParts(), {
  cacheDir: cache,
  calibrationDir: calibrations,
  isCancelled: (job) => {
    const slot = slots.get(job);
    return slot !== undefined && board.isRaised(slot);
  },
  onJob: (snapshot) => {
    if (snapshot.state !== 'running') slots.delete(snapshot.job);
    served.job(snapshot);
  },
  onLog: (line) => served.log(line),
});
const served = serve(
  {
    post: (m) => thread.postMessage(m),
    listen: (f) => {
      receive = f;
    },
    close: () => {},
  },
  services,
  systemSentence,
);
