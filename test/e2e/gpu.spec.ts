import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, type Locator, test } from '@playwright/test';
import { bundled } from './support/bundled.ts';
import { launch, ROOT, type Studio, sample, scratch } from './support/studio.ts';

/* The window with a GPU: here the emulated one, which runs our kernels on the CPU (docs/cuda.md). */
const EMULATOR = path.join(ROOT, 'build/native/emulator');

/** An operator with a kernel for the CPU alone. */
const COPY = `#include <cstring>
#include "sinter/plugin.h"
static const char* run(const sinter_plugin_call* call) {
    std::memcpy(call->outputs[0].data, call->inputs[0].data, 2 * 4 * 4 * sizeof(float));
    return nullptr;
}
static const sinter_plugin plugin{SINTER_PLUGIN_ABI, "copy", "1.0.0", run};
extern "C" const sinter_plugin* sinter_plugin_entry(void) { return &plugin; }
`;

function makePlugin(folder: string): void {
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'copy.cpp'), COPY);
  const manifest = { name: 'copy', version: '1.0.0', domain: 'test', op: 'Copied', sources: ['copy.cpp'] };
  const shapes = { inputs: [{ name: 'x' }], outputs: [{ name: 'y', shape: 'x' }] };
  writeFileSync(path.join(folder, 'plugin.json'), JSON.stringify({ ...manifest, ...shapes }));
}

test.describe('a GPU in the window', () => {
  test.describe.configure({ mode: 'serial' });
  test.skip(!existsSync(path.join(EMULATOR, 'libcuda.so.1')), 'needs the emulated GPU: npm run build:native -- --test');
  const out = scratch();
  const env = { SINTER_PLUGINS: path.join(out, 'registered'), SINTER_KERNEL_CACHE: path.join(out, 'kernels') };
  let s: Studio;
  const panel = (id: string): Locator => s.page.locator(`[data-panel="${id}"]`);
  const tab = async (name: string): Promise<void> => {
    await s.page.locator('.dv-tab', { hasText: name }).click();
    await s.idle();
  };
  const option = async (label: string, value: string | RegExp): Promise<void> => {
    await panel('build').getByRole('combobox', { name: label }).click();
    await s.page.getByRole('option', { name: value }).click();
    await s.idle();
  };
  test.beforeAll(async () => {
    const { writeUnaryModel } = await bundled<typeof import('../support/pluginModel.ts')>('pluginModel.ts');
    writeUnaryModel(path.join(out, 'copied.onnx'), 'test', 'Copied');
    writeUnaryModel(path.join(out, 'relu.onnx'), '', 'Relu');
    makePlugin(path.join(out, 'copy'));
    execFileSync(process.execPath, [path.join(ROOT, 'bin/sinter.mjs'), 'plugin', 'add', path.join(out, 'copy')], {
      env: { ...process.env, ...env },
    });
    // Nothing is found until the user says where.
    s = await launch({ env: { ...env, SINTER_CUDA_PATH: 'none' } });
  });
  test.afterAll(async () => s?.close());

  test('a missing driver is explained: what it costs, where it was looked for', async () => {
    const libraries = s.page.getByRole('list', { name: 'Libraries for GPUs' });
    await expect(libraries).toContainText('No NVIDIA driver');
    await libraries.getByText('Where it was looked for').first().click();
    await s.shot('80-gpu-missing');
  });

  test('a folder of libraries is added, and the GPU is there without starting again', async () => {
    await s.openFrom(EMULATOR);
    await s.page.locator('[data-command="machine.addFolder"]').click();
    await expect(s.page.getByRole('region', { name: 'This machine' })).toContainText('Emulated GPU');
    await expect(s.page.getByRole('list', { name: 'Your folders of GPU libraries' })).toContainText('emulator');
    await s.shot('81-gpu-found');
  });

  test('an engine is built for it', async () => {
    await s.drop(sample('fashion-cnn.onnx'));
    await s.idle();
    await s.goTo('build');
    await option('Device', /^Emulated GPU/);
    await option('Auto-tuning', /^0/);
    await panel('build').getByLabel('Dimension batch').fill('1');
    await panel('build').locator('[data-command="run.build"]').first().click();
    await expect(s.page.getByTestId('built-for')).toHaveText('For Emulated GPU.', { timeout: 60_000 });
    await s.idle();
    await expect(s.page.getByTestId('streams')).toContainText('One stream.');
    const table = s.page.getByRole('grid', { name: 'Layers of the engine' });
    await expect(table).toContainText('__cuda');
    await table.getByRole('row').nth(2).click();
    await s.shot('82-gpu-build');
  });

  test('and profiled there, beside the CPU by operator', async () => {
    await s.goTo('profile');
    await panel('profile').getByLabel('Runs').fill('10');
    await panel('profile').locator('[data-command="run.profile"]').first().click();
    await expect(s.page.getByTestId('latency')).toContainText('p99', { timeout: 60_000 });
    await s.idle();
    await s.shot('83-gpu-profile');
    await s.goTo('build');
    await option('Device', /EPYC|Xeon|CPU|Ryzen|Core|Intel|AMD/);
    await expect(panel('build').locator('.stale-box')).toBeVisible();
    await panel('build').locator('.stale-box [data-command="run.build"]').click();
    await expect(s.page.getByTestId('built-for')).not.toHaveText('For Emulated GPU.', { timeout: 60_000 });
    await s.idle();
    await s.goTo('profile');
    await panel('profile').locator('[data-command="run.profile"]').first().click();
    await expect(s.page.getByRole('list', { name: 'Profiles' }).getByRole('listitem')).toHaveCount(2);
    await s.idle();
    await tab('Side by side');
    await expect(s.page.getByRole('grid', { name: 'Profiles side by side' })).toContainText('×');
    await s.shot('84-gpu-beside-cpu');
  });

  test('the command that builds the same says the device', async () => {
    await s.goTo('build');
    await option('Device', /^Emulated GPU/);
    await s.goTo('export');
    await expect(panel('export')).toContainText('--device cuda:0');
    await s.shot('85-gpu-export');
  });

  test('timings are kept in a file of one’s own, and nothing is timed where that is asked for', async () => {
    const timings = path.join(out, 'mine.json');
    const known = (label: string): Locator => panel('build').locator('.stat', { hasText: label });
    await s.drop(path.join(out, 'relu.onnx'));
    await s.idle();
    await s.goTo('build');
    await option('Device', /^Emulated GPU/);
    await option('Auto-tuning', /^1/);
    await s.saveTo(timings);
    await option('Timing cache', 'a new file…');
    await expect(panel('build').getByRole('combobox', { name: 'Timing cache' })).toHaveValue('mine.json');
    await panel('build').locator('[data-command="run.build"]').first().click();
    await expect(known('Timed now')).toContainText(/[1-9]/, { timeout: 90_000 });
    await s.idle();
    const first = readFileSync(timings, 'utf8');
    expect(first.trimEnd().split('\n').length).toBeGreaterThan(1);

    // From the keyboard; the cache knows everything now, and a level that would time more may not.
    const never = panel('build').getByRole('switch', { name: 'Never time (deterministic)' });
    await never.focus();
    await s.page.keyboard.press('Space');
    await expect(never).toBeChecked();
    await option('Auto-tuning', /^2/);
    await expect(panel('build').locator('.stale-box')).toBeVisible();
    await panel('build').locator('.stale-box [data-command="run.build"]').click();
    await expect(panel('build').locator('.stale-box')).toHaveCount(0, { timeout: 60_000 });
    await s.idle();
    await expect(known('Timed now')).toContainText('0');
    expect(readFileSync(timings, 'utf8')).toBe(first);
    await s.shot('85-gpu-timings');

    const project = path.join(out, 'timings.sinterproj');
    await s.saveTo(project);
    await s.page.keyboard.press('Control+s');
    await expect.poll(() => existsSync(project)).toBe(true);
    expect(JSON.parse(readFileSync(project, 'utf8')).choices.tuning).toMatchObject({
      timings: { file: 'mine.json' },
      deterministic: true,
    });
    await s.goTo('export');
    await expect(panel('export')).toContainText(`--timing-cache ${timings} --deterministic`);
  });

  test('layers that it has no kernel for are shown and counted with their copies', async () => {
    await s.drop(path.join(out, 'copied.onnx'));
    await s.idle();
    await s.goTo('build');
    await option('Device', /^Emulated GPU/);
    await option('Auto-tuning', /^0/);
    await panel('build').locator('[data-command="run.build"]').first().click();
    await expect(s.page.getByTestId('fallbacks')).toHaveText('1 layer runs on the CPU, 2 copies, 256 B a run.', {
      timeout: 60_000,
    });
    await s.idle();
    await s.page.getByRole('list', { name: 'Layers on the CPU' }).getByRole('button').first().click();
    await s.idle();
    await s.shot('86-gpu-fallback');
    await s.goTo('profile');
    await panel('profile').locator('[data-command="run.profile"]').first().click();
    await expect(s.page.getByTestId('on-cpu')).toContainText('1 layer runs on the CPU', { timeout: 60_000 });
    await s.idle();
    await s.shot('87-gpu-fallback-profile');
  });

  test('FP16 and TF32 are chosen for it, and undone', async () => {
    await s.goTo('build');
    await option('Precision', /^FP16/);
    await panel('build').getByRole('switch', { name: 'Fast FP32 (TF32)' }).click({ force: true });
    await s.goTo('export');
    await expect(panel('export')).toContainText('--precision fp16');
    await expect(panel('export')).toContainText('--fast-fp32');
    await s.goTo('precision');
    await expect(panel('tradeoff').getByRole('combobox', { name: 'Device' })).toHaveValue(/^Emulated GPU/);
    await s.shot('88-gpu-precision');
    await s.page.keyboard.press('Control+z');
    await s.goTo('export');
    await expect(panel('export')).not.toContainText('--fast-fp32');
  });
});
