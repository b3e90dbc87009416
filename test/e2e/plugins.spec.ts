import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { bundled } from './support/bundled.ts';
import { launch, ROOT, type Studio, scratch } from './support/studio.ts';

type Maker = typeof import('../support/pluginModel.ts');

/** Computes where tactics are timed, and dies where the engine runs: the worst that a plugin can do to its user. */
const TRAP = `#include <cstdio>
#include <cstring>
#include "sinter/plugin.h"
static const char* run(const sinter_plugin_call* call) {
    char name[64] = {};
    if (std::FILE* f = std::fopen("/proc/self/comm", "r")) {
        if (!std::fgets(name, sizeof name, f)) name[0] = 0;
        std::fclose(f);
    }
    if (std::strncmp(name, "sinter_tuner", 12) != 0) *(volatile int*)8 = 1;
    std::memset(call->outputs[0].data, 0, 4);
    return nullptr;
}
static const sinter_plugin plugin{SINTER_PLUGIN_ABI, "trap", "1.0.0", run};
extern "C" const sinter_plugin* sinter_plugin_entry(void) { return &plugin; }
`;

test.describe('plugins', () => {
  test.describe.configure({ mode: 'serial' });
  const out = scratch();
  const before = process.env.SINTER_PLUGINS;
  let s: Studio;
  test.beforeAll(async () => {
    process.env.SINTER_PLUGINS = path.join(out, 'registered');
    const { writeUnaryModel } = await bundled<Maker>('pluginModel.ts');
    writeUnaryModel(path.join(out, 'snake.onnx'), 'sinter.examples', 'Snake');
    writeUnaryModel(path.join(out, 'trap.onnx'), 'test', 'Trap');
    mkdirSync(path.join(out, 'trap'));
    writeFileSync(path.join(out, 'trap/trap.cpp'), TRAP);
    const manifest = { name: 'trap', version: '1.0.0', domain: 'test', op: 'Trap', sources: ['trap.cpp'] };
    const shapes = { inputs: [{ name: 'x' }], outputs: [{ name: 'y', shape: 'x' }] };
    writeFileSync(path.join(out, 'trap/plugin.json'), JSON.stringify({ ...manifest, ...shapes }));
    s = await launch({ args: [path.join(out, 'snake.onnx')] });
  });
  test.afterAll(async () => {
    await s?.close();
    if (before === undefined) delete process.env.SINTER_PLUGINS;
    else process.env.SINTER_PLUGINS = before;
  });

  const add = async (folder: string): Promise<void> => {
    await s.openFrom(folder);
    await s.page.locator('[data-command="plugins.add"]').first().click();
  };

  test('a plugin is added in the window, and the open model knows its operator', async () => {
    await s.idle();
    await s.page.locator('.dv-tab', { hasText: 'Plugins' }).click();
    await add(path.join(ROOT, 'assets/plugins/snake'));
    await expect(s.page.getByRole('list', { name: 'Plugins' })).toContainText('sinter.examples.Snake');
    await s.idle();
    await s.shot('71-plugins');
    await s.goTo('build');
    await s.page.locator('[data-command="run.build"]').first().click();
    await expect(s.page.getByText(/plugin__snake/).first()).toBeVisible({ timeout: 60_000 });
  });

  test('one that crashes in its kernel takes neither the window nor the project, and is named', async () => {
    await s.goTo('model');
    await s.drop(path.join(out, 'trap.onnx'));
    await s.idle();
    await s.page.locator('.dv-tab', { hasText: 'Plugins' }).click();
    await add(path.join(out, 'trap'));
    await expect(s.page.getByRole('list', { name: 'Plugins' })).toContainText('test.Trap');
    await s.idle();
    const headline = await s.page.getByTestId('headline').textContent();
    // Timing it crashes nothing here: only what runs the engine does.
    await s.goTo('build');
    await s.page.locator('[data-command="run.build"]').first().click();
    await expect(s.page.getByText(/plugin__trap/).first()).toBeVisible({ timeout: 60_000 });
    await s.goTo('profile');
    await s.page.locator('[data-command="run.profile"]').first().click();
    await expect(
      s.page.getByText(/Restarted after the plugin "trap" crashed in layer "Trap" \(invalid memory access\)/),
    ).toBeVisible({ timeout: 60_000 });
    await s.idle();
    await expect(s.page.getByTestId('headline')).toHaveText(headline ?? '');
    await s.shot('72-plugin-crash');
  });
});
