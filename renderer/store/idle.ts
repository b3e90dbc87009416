/* What is still under way (host calls, layouts): tests and screenshots wait for none. */

let pending = 0;
const waiters: (() => void)[] = [];

/** Counts `work` as under way until it settles. */
export async function busy<T>(work: Promise<T>): Promise<T> {
  pending++;
  try {
    return await work;
  } finally {
    pending--;
    if (pending === 0) setTimeout(settle, 60);
  }
}

function settle(): void {
  if (pending > 0) return;
  for (const w of waiters.splice(0)) requestAnimationFrame(() => requestAnimationFrame(w));
}

/** Resolves when nothing is under way and the result has been painted. */
export const idle = (): Promise<void> =>
  new Promise((resolve) => {
    waiters.push(resolve);
    setTimeout(settle, 60);
  });

declare global {
  interface Window {
    studioIdle: typeof idle;
  }
}
if (typeof window !== 'undefined') window.studioIdle = idle;
