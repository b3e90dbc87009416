import path from 'node:path';
import { test } from '@playwright/test';
import { bundled } from '../../e2e/support/bundled.ts';
import { launch, type Studio, scratch } from '../../e2e/support/studio.ts';

const say = (what: string, figures: string): void => console.log(`\n| ${what} | ${figures} |`);
const at = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;

/** Seconds of processor time of all of the studio's processes so far. */
async function processor(s: Studio): Promise<number> {
  const each = await s.app.evaluate(({ app }) => app.getAppMetrics().map((m) => m.cpu.cumulativeCPUUsage ?? 0));
  return each.reduce((a, b) => a + b, 0);
}

/** Lengths of the frames of the next `ms`, ascending. */
const frames = (s: Studio, ms: number): Promise<number[]> =>
  s.page.evaluate(
    (length) =>
      new Promise<number[]>((done) => {
        const next = (globalThis as unknown as { requestAnimationFrame(f: (now: number) => void): void })
          .requestAnimationFrame;
        const list: number[] = [];
        let last = performance.now();
        const end = last + length;
        const frame = (now: number): void => {
          list.push(now - last);
          last = now;
          if (now < end) next(frame);
          else done(list.sort((a, b) => a - b));
        };
        next(frame);
      }),
    ms,
  );

test('from start to a usable window', async () => {
  const runs: { ready: number; paint: number; cpu: number }[] = [];
  for (let i = 0; i < 6; i++) {
    const start = performance.now();
    const s = await launch();
    const ready = performance.now() - start;
    await s.idle();
    const paint = await s.page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    );
    // The first start reads the programs from the disk.
    if (i > 0) runs.push({ ready, paint, cpu: await processor(s) });
    await s.close();
  }
  const median = (f: (r: (typeof runs)[number]) => number): number =>
    at(
      runs.map(f).sort((a, b) => a - b),
      0.5,
    );
  say(
    'studio, from start to usable window (the driver attached)',
    `${median((r) => r.ready).toFixed(0)} ms, first paint ${median((r) => r.paint).toFixed(0)} ms after navigation, processor ${median((r) => r.cpu).toFixed(2)} s`,
  );
});

test('a graph of 10,000 operators', async () => {
  const file = path.join(scratch(), 'ten-thousand.onnx');
  const { writeBigModel } = await bundled<typeof import('../../support/big-model.ts')>('big-model.ts');
  await writeBigModel(file, 10_000);
  const s = await launch();
  await s.idle();
  const before = await processor(s);
  const start = performance.now();
  await s.drop(file);
  await s.page.getByTestId('group').first().waitFor();
  say(
    '10,000 operators, from drop to first usable paint',
    `${(performance.now() - start).toFixed(0)} ms, processor ${((await processor(s)) - before).toFixed(2)} s`,
  );
  await s.idle();
  await s.page.getByRole('button', { name: 'Open all' }).click();
  await s.idle();
  const box = (await s.page.locator('.react-flow__pane').boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const report = (what: string, list: readonly number[]): void =>
    say(what, `${(1000 / at(list, 0.5)).toFixed(0)} frames a second, 95 % within ${at(list, 0.95).toFixed(1)} ms`);

  const panned = frames(s, 3000);
  await s.page.mouse.move(x, y);
  await s.page.mouse.down();
  for (let i = 0; i < 100; i++) await s.page.mouse.move(x + Math.sin(i / 5) * 200, y + Math.cos(i / 7) * 150);
  await s.page.mouse.up();
  report('panning all 10,000', await panned);

  const zoomed = frames(s, 3000);
  for (let i = 0; i < 30; i++) await s.page.mouse.wheel(0, i < 15 ? -200 : 200);
  report('zooming in and out', await zoomed);
  await s.close();
});
