/** Lets a person stop long work for a while: `pass` waits while the gate is closed. */
export class PauseGate {
  private waiting: (() => void)[] = [];
  private closed = false;

  get paused(): boolean {
    return this.closed;
  }
  pause(): void {
    this.closed = true;
  }
  resume(): void {
    this.closed = false;
    for (const go of this.waiting.splice(0)) go();
  }
  /** Resolves when the gate is open, or the signal aborts. */
  async pass(stop?: AbortSignal): Promise<void> {
    while (this.closed && !stop?.aborted) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          stop?.removeEventListener('abort', go);
          resolve();
        };
        this.waiting.push(go);
        stop?.addEventListener('abort', go, { once: true });
      });
    }
  }
}
