import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, type Locator, test } from '@playwright/test';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { clothes, SIDE, writeClothes } from '../support/clothes.ts';
import { launch, ROOT, type Studio, sample, scratch } from './support/studio.ts';

const run = promisify(execFile);
const MODEL = sample('fashion-cnn.onnx');
const COUNT = 1200;

/* The Precision step in one session, as a user goes it: samples, ranges, thresholds, pins, plans, accuracy, files. */
test.describe('INT8 from samples to engine', () => {
  test.describe.configure({ mode: 'serial' });
  const out = scratch();
  const photos = path.join(out, 'photos');
  const arrays = path.join(out, 'clothes.npy');
  let s: Studio;

  const panel = (name: string): Locator => s.page.locator(`section.panel[aria-label="${name}"]`);
  const figures = (): Locator => s.page.getByTestId('tensor-figures');
  const summary = (): Locator => s.page.getByTestId('calibration-summary');
  const start = (): Promise<void> => panel('Calibration').locator('[data-command="precision.start"]').click();

  test.beforeAll(async () => {
    mkdirSync(photos);
    await writeClothes(photos, 120, MODEL);
    writeFileSync(path.join(photos, readdirSync(photos).sort()[0]!, '0-broken.png'), 'no image');
    const values = new Float32Array(COUNT * SIDE * SIDE);
    for (let i = 0; i < COUNT; i++)
      values.set(
        Float32Array.from(clothes(i % 200), (p) => p / 255),
        i * SIDE * SIDE,
      );
    writeNpy(arrays, { dtype: 'float32', shape: [COUNT, 1, SIDE, SIDE], bytes: new Uint8Array(values.buffer) });
    s = await launch({ args: [MODEL] });
    await expect(s.page.getByTestId('headline')).toContainText('30 operators');
  });
  test.afterAll(async () => {
    await s?.close();
  });

  test('samples are chosen and seen as the network sees them', async () => {
    await s.goTo('precision');
    await expect(panel('Ranges')).toContainText('Choose samples');
    await s.openFrom(photos);
    await panel('Calibration').locator('[data-command="precision.dataFolder"]').click();
    await expect(s.page.getByTestId('data-summary')).toHaveText('121 images in photos');
    await s.idle();
    await expect(panel('Calibration').getByText('labelled', { exact: true })).toBeVisible();
    await expect(panel('Calibration').getByRole('list', { name: 'Samples' }).locator('canvas')).toHaveCount(5);
    await expect(panel('Calibration').getByText(/0-broken\.png cannot be read as an image/)).toBeVisible();
    const values = panel('Calibration').getByLabel('Range of the numbers that are fed');
    await expect(values).toContainText('0 …');
    await s.page.getByRole('textbox', { name: 'Mean' }).fill('0.5');
    await expect(values).toContainText('-0.5 …');
    await s.page.getByRole('textbox', { name: 'Mean' }).fill('0.5, x');
    await expect(panel('Calibration').getByText('Numbers, separated by commas')).toBeVisible();
    await s.page.keyboard.press('Tab');
    await s.page.keyboard.press('Control+z');
    await expect(values).not.toContainText('-0.5 …');
    await s.shot('20-samples');
  });

  test('histograms fill while it runs; it pauses and goes on', async () => {
    await s.drop(arrays);
    await expect(s.page.getByTestId('data-summary')).toHaveText(`${COUNT} samples in clothes.npy`);
    await s.idle();
    await start();
    const progress = s.page.getByRole('status', { name: 'Calibration progress' });
    await expect(progress).toContainText(/\d+ \/ 1,200 samples/);
    await s.page.keyboard.press('Control+Shift+P');
    await expect(progress).toContainText('paused');
    await expect(s.page.getByRole('option').first().getByRole('img')).toBeVisible();
    await s.page.waitForTimeout(300);
    const done = await progress.locator('b').textContent();
    await s.page.screenshot({ path: path.join(ROOT, 'artifacts/21-calibrating.png') });
    await s.page.waitForTimeout(300);
    expect(await progress.locator('b').textContent()).toBe(done);
    await s.page.keyboard.press('Control+Shift+P');
    await expect(progress).not.toContainText('paused');
    await expect(summary()).toContainText('1,200 samples');
    await s.idle();
    await s.shot('22-calibrated');
  });

  test('stopping keeps what was seen, and it goes on from there, a crash of the host included', async () => {
    await start();
    const progress = s.page.getByRole('status', { name: 'Calibration progress' });
    await expect(progress).toContainText(/[1-9]\d* \/ 1,200 samples/);
    await progress.getByRole('button', { name: 'Stop' }).click();
    await expect(summary()).toContainText(/stopped at [\d,]+ of 1,200/);
    await summary().getByRole('button', { name: 'Go on' }).click();
    await expect(progress).toContainText(/[1-9]\d* \/ 1,200 samples/);
    await s.app.evaluate(({ app }) => {
      const host = app
        .getAppMetrics()
        .find((m) => m.serviceName === 'node.mojom.NodeService' || m.name === 'Sinter engine host');
      if (host) process.kill(host.pid, 'SIGKILL');
    });
    await expect(s.page.getByText(/the model was opened again/)).toBeVisible();
    await expect(summary()).toContainText('1,200 samples');
    await expect(summary()).not.toContainText('stopped');
    await s.idle();
  });

  test('a threshold is moved by keys and by hand, and undone', async () => {
    await s.page.locator('[data-tensor="stem.relu"]').click();
    const slider = s.page.getByRole('slider', { name: 'Threshold of stem.relu' });
    await expect(slider).toBeVisible();
    const chosen = await figures().textContent();
    await slider.focus();
    for (let i = 0; i < 3; i++) await s.page.keyboard.press('PageDown');
    await s.idle();
    await expect(s.page.locator('[data-tensor="stem.relu"]')).toContainText('moved');
    expect(await figures().textContent()).not.toBe(chosen);
    await s.page.keyboard.press('Control+z');
    await s.idle();
    await expect(figures()).toHaveText(chosen ?? '');
    const box = (await slider.boundingBox())!;
    await s.page.mouse.move(box.x + box.width / 2, box.y + 40);
    await s.page.mouse.down();
    await s.page.mouse.move(box.x - 60, box.y + 50, { steps: 4 });
    await expect(figures()).not.toHaveText(chosen ?? '');
    await s.page.mouse.up();
    await s.idle();
    await expect(s.page.locator('[data-tensor="stem.relu"]')).toContainText('moved');
    await s.shot('23-threshold');
    await panel('Ranges').locator('[data-command="precision.resetThreshold"]').click();
    await s.idle();
    await expect(figures()).toHaveText(chosen ?? '');
  });

  test('pinned layers are built in what they are pinned to; accuracy is that of the command line', async () => {
    await s.goTo('build');
    await s.page.getByLabel('Dimension batch').fill('1');
    await s.goTo('precision');
    await s.page.locator('[data-tensor="down.relu"]').click();
    await s.page.keyboard.press('Alt+8');
    await s.page
      .getByRole('tab', { name: 'Inspector' })
      .or(s.page.locator('.dv-tab', { hasText: 'Inspector' }))
      .first()
      .click();
    const pin = panel('Inspector').getByRole('radiogroup', { name: /^Precision of/ });
    await expect(pin.getByRole('radio', { name: 'INT8' })).toBeChecked();
    await s.shot('24-pinned');
    await s.page.keyboard.press('Control+b');
    await expect(s.page.getByTestId('built-in')).toContainText('in INT8');
    await s.page.keyboard.press('Control+z');
    await expect(s.page.getByText('The engine is older than your choices')).toBeVisible();
    await s.page.keyboard.press('Control+Shift+Z');
    await expect(s.page.getByText('The engine is older than your choices')).toHaveCount(0);

    await s.goTo('precision');
    await s.page.locator('.dv-tab', { hasText: 'Plans' }).click();
    await s.openFrom(photos);
    await panel('Plans').locator('[data-command="precision.testFolder"]').click();
    await expect(s.page.getByTestId('test-summary')).toContainText('121 images in photos');
    await panel('Plans').locator('[data-command="precision.evaluate"]').click();
    await expect(s.page.getByTestId('accuracy')).toContainText('120');
    const engine = path.join(out, 'int8.sinter');
    await s.saveTo(engine);
    await s.page.keyboard.press('Control+e');
    await expect(s.page.getByText(`Wrote ${engine}`)).toBeVisible();
    const args = ['evaluate', engine, '--data', photos, '--channels', 'gray', '--json'];
    const { stdout } = await run(process.execPath, [path.join(ROOT, 'bin/sinter.mjs'), ...args], { cwd: out });
    const cli: { top1: number; top5: number } = JSON.parse(stdout);
    await expect(s.page.getByTestId('accuracy')).toContainText(`${(100 * cli.top1).toFixed(2)} %`);
    await expect(s.page.getByTestId('accuracy')).toContainText(`${(100 * cli.top5).toFixed(2)} %`);
  });

  test('layers are ranked, plans compared, and one is taken', async () => {
    await s.page.locator('[data-command="precision.rank"]').first().click();
    const table = s.page.getByRole('grid', { name: 'Layers by accuracy' });
    await expect(table.getByRole('row').nth(4)).toBeVisible();
    await expect(table).toContainText('dB');
    await panel('Plans').getByText('Cosine', { exact: true }).click();
    await panel('Plans').locator('[data-command="precision.plans"]').click();
    await expect(s.page.getByRole('group', { name: 'Accuracy against latency' }).getByRole('button')).not.toHaveCount(
      0,
      {
        timeout: 60_000,
      },
    );
    await s.idle();
    const plans = panel('Plans').getByRole('list', { name: 'Plans' });
    for (const title of ['FP32', 'FP16', 'INT8', 'Your pins']) await expect(plans).toContainText(title);
    await s.shot('25-plans');
    await plans.locator('[data-plan-row="bf16"]').click();
    await plans.getByRole('button', { name: 'Build this plan' }).click();
    await expect(
      panel('Plans').getByRole('radiogroup', { name: 'Precision of the build' }).getByRole('radio', { name: 'BF16' }),
    ).toBeChecked();
    await s.page.keyboard.press('Control+z');
    await expect(
      panel('Plans')
        .getByRole('radiogroup', { name: 'Precision of the build' })
        .getByRole('radio', { name: 'INT8', exact: true }),
    ).toBeChecked();
    await s.page.locator('.dv-tab', { hasText: 'Graph' }).click();
    await s.page.getByRole('radiogroup', { name: 'Colour by' }).getByText('SQNR').click();
    await s.idle();
    await expect(s.page.locator('[data-testid="node"][data-heat="true"]').first()).toContainText('dB');
    await s.shot('26-sqnr');
    await s.page.locator('.dv-tab', { hasText: 'Ranges' }).click();
  });

  test('caches go out and come in, ours and TensorRT’s; the project keeps it all', async () => {
    const ours = path.join(out, 'fashion.calib');
    const theirs = path.join(out, 'fashion.cache');
    await s.goTo('export');
    await expect(s.page.getByTestId('command')).toContainText('sinter calibrate');
    const commands = (await s.page.getByTestId('command').innerText()).split('\n');
    expect(commands).toHaveLength(2);
    for (const c of commands) {
      const args = c.replace(/^npx sinter /, '').split(' ');
      await run(process.execPath, [path.join(ROOT, 'bin/sinter.mjs'), ...args], { cwd: out });
    }
    // The commands make the engine that the window made.
    const kernels = async (engine: string): Promise<string[]> => {
      const args = [path.join(ROOT, 'bin/sinter.mjs'), 'inspect', engine, '--json'];
      const { stdout } = await run(process.execPath, args, { cwd: out, maxBuffer: 1 << 26 });
      const { layers }: { layers: { tactic: string }[] } = JSON.parse(stdout);
      return layers.map((l) => l.tactic);
    };
    expect(await kernels('fashion-cnn.sinter')).toEqual(await kernels('int8.sinter'));
    await s.saveTo(ours);
    await s.page.locator('[data-command="export.calibration"]').first().click();
    await expect(s.page.getByText(`Wrote ${ours}`)).toBeVisible();
    await s.saveTo(theirs);
    await s.page.locator('[data-command="export.tensorrt"]').first().click();
    await expect(s.page.getByText(`Wrote ${theirs}`)).toBeVisible();
    expect(readFileSync(theirs, 'utf8')).toMatch(/^TRT-8601-EntropyCalibration2\nimage: [0-9a-f]{8}\n/);
    const qdq = path.join(out, 'fashion.qdq.onnx');
    await s.saveTo(qdq);
    await s.page.locator('[data-command="export.qdq"]').click();
    await expect(s.page.getByText(/^Wrote .*fashion\.qdq\.onnx \([\d.]+ MB, \d+ quantized tensors\)/)).toBeVisible();
    const evaluated = await run(
      process.execPath,
      [path.join(ROOT, 'bin/sinter.mjs'), 'evaluate', qdq, '--data', photos, '--channels', 'gray', '--json'],
      { cwd: out },
    );
    expect(JSON.parse(evaluated.stdout).count).toBe(120);
    await s.shot('27-export');
    await s.goTo('precision');
    await s.drop(theirs);
    await expect(s.page.getByText(/^Read ranges for \d+ tensors\.$/)).toBeVisible();
    await expect(summary()).toContainText('from fashion.cache');
    await s.drop(path.join(ROOT, 'package.json'));
    await expect(panel('Calibration').getByText(/package\.json is not data that can be read/)).toBeVisible();
    await s.page.keyboard.press('Control+z');
    await expect(s.page.getByTestId('data-summary')).toHaveText(`${COUNT} samples in clothes.npy`);
    await s.idle();

    const project = path.join(out, 'int8.sinterproj');
    await s.saveTo(project);
    await s.page.keyboard.press('Control+s');
    await expect(s.page.getByText(`Saved ${project}`)).toBeVisible();
    const again = await launch({ args: [project] });
    await expect(again.page.getByTestId('calibration-summary')).toContainText('from fashion.cache');
    await expect(again.page.getByTestId('data-summary')).toHaveText(`${COUNT} samples in clothes.npy`);
    await again.close();
  });
});
