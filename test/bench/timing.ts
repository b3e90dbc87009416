const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export function median(samples: readonly number[]): number {
  const s = [...samples].sort((a, b) => a - b);
  const mid = s.length >> 1;
  return s.length % 2 === 1 ? s[mid]! : (s[mid - 1]! + s[mid]!) / 2;
}

/** Milliseconds: of the wall, or with --cpu-time of processor time of this process, which other processes take less part in. */
const clock = process.argv.includes('--cpu-time')
  ? (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
  : (): number => performance.now();

/** Times single runs for a while, at least three, after one that does not count. */
export async function timeBlock(run: () => Promise<unknown>, budgetMs: number, into: number[]): Promise<void> {
  await run();
  const end = performance.now() + budgetMs;
  for (let n = 0; n < 3 || performance.now() < end; n++) {
    const start = clock();
    await run();
    into.push(clock() - start);
  }
  // The other side's spinning workers get time to sleep before the next block.
  await pause(60);
}
