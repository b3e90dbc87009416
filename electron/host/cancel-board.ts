const SLOTS = 64;

/**
 * Cancellation flags in memory shared between the host's event loop, which always answers, and the worker thread, which
 * may be deep in a pass: a job owns one slot while it runs.
 */
export class CancelBoard {
  readonly buffer: SharedArrayBuffer;
  private readonly flags: Int32Array;
  private readonly slots = new Map<string, number>();
  private next = 0;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SLOTS * 4)) {
    this.buffer = buffer;
    this.flags = new Int32Array(buffer);
  }
  /** Host: gives a starting job its slot. */
  assign(job: string): number {
    const slot = this.next++ % SLOTS;
    this.slots.set(job, slot);
    Atomics.store(this.flags, slot, 0);
    return slot;
  }
  /** Host: raises the flag; false when the job is not running. */
  cancel(job: string): boolean {
    const slot = this.slots.get(job);
    if (slot === undefined) return false;
    Atomics.store(this.flags, slot, 1);
    return true;
  }
  release(job: string): void {
    this.slots.delete(job);
  }
  /** Worker: whether the flag of a slot is up. */
  isRaised(slot: number): boolean {
    return Atomics.load(this.flags, slot) === 1;
  }
}
