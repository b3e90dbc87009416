/* What is still under way (host calls, layouts): tests and screenshots wait for none. */

const QUIET_MS = 150;
let pending = 0;
let lastChange = 0;

/** Counts `work` as under way until it settles. */
export async function busy<T>(work: Promise<T>): Promise<T> {
  pending++;
  try {
    return await work;
  } finally {
    pending--;
    lastChange = performance.now();
  }
}

/** Resolves once nothing has been under way for a while (what was done may start the next) and it has been painted. */
export const idle = (): Promise<void> =>
  new Promise((resolve) => {
    lastChange = performance.now();
    const check = (): void => {
      if (pending > 0 || performance.now() - lastChange < QUIET_MS) setTimeout(check, 30);
      else requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
    };
    check();
  });

declare global {
  interface Window {
    studioIdle: typeof idle;
  }
}
if (typeof window !== 'undefined') window.studioIdle = idle;
