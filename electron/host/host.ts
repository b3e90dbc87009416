import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { MessagePortMain } from 'electron';
import { CancelBoard } from './cancel-board.ts';
import { jobOf, lostDevice } from './relay.ts';

/*
 * The engine host process. Import, passes, planning and builds run in a worker thread; this event loop always answers:
 * it relays messages between the window's port and the worker, and raises cancellation flags at once.
 */

const board = new CancelBoard();
const worker = new Worker(path.join(path.dirname(fileURLToPath(import.meta.url)), 'worker.js'), {
  workerData: {
    flags: board.buffer,
    cache: process.env.SINTER_CACHE ?? '',
    calibrations: process.env.SINTER_CALIBRATIONS ?? '',
  },
});
let port: MessagePortMain | null = null;

worker.on('message', (message: unknown) => {
  const job = jobOf(message);
  if (job?.ended) board.release(job.id);
  port?.postMessage(message);
  const lost = lostDevice(message);
  if (lost !== null) giveUp(lost);
});

/** Ends this process: the window tells why, starts another one and reopens what was open. */
function giveUp(why: string): void {
  const note = process.env.SINTER_CRASH_NOTE;
  if (note) writeFileSync(note, why);
  process.exit(71);
}

// A defect in the worker ends this process: the window restarts the host and reopens what was open.
worker.on('error', (e) => {
  console.error(e);
  process.exit(70);
});

process.parentPort.on('message', (event) => {
  const next = event.ports[0];
  if (!next) return;
  port?.close();
  port = next;
  next.on('message', ({ data }: { data: unknown }) => {
    const job = jobOf(data);
    if (job?.cancel) board.cancel(job.id);
    worker.postMessage({ message: data, slot: job?.starts ? board.assign(job.id) : null });
  });
  next.start();
});
