import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { launch, ROOT, type Studio, sample, scratch } from './support/studio.ts';

const run = promisify(execFile);
const sinter = (...args: string[]): Promise<{ stdout: string }> =>
  run(process.execPath, [path.join(ROOT, 'bin/sinter.mjs'), ...args], { cwd: ROOT });

/* The whole way of a model, in one session, as a user goes it. */
test.describe('a model from drop to engine', () => {
  test.describe.configure({ mode: 'serial' });
  const out = scratch();
  const engine = path.join(out, 'tiny-googlenet.sinter');
  let s: Studio;
  test.beforeAll(async () => {
    s = await launch();
  });
  test.afterAll(async () => {
    await s?.close();
  });

  test('starts with the machine, samples and a place to drop', async () => {
    await expect(s.page.getByRole('region', { name: 'This machine' })).toContainText('core');
    await expect(s.page.getByRole('list', { name: 'Sample models' })).toContainText('tiny-googlenet.onnx');
    await s.shot('01-start');
  });

  test('a dropped model shows its graph and one headline', async () => {
    await s.drop(sample('tiny-googlenet.onnx'));
    await expect(s.page.getByTestId('headline')).toContainText(/56 operators → \d+ layers/);
    await s.idle();
    await expect(s.page.locator('[data-testid="node"][data-op="Conv"]').first()).toBeVisible();
    await s.shot('02-model');
  });

  test('search finds an operator and the inspector explains it', async () => {
    await s.page.getByLabel('Search operators').fill('inception_3a conv 3x3');
    await s.page.getByLabel('Search operators').fill('inception_3a/3x3 Conv');
    await s.page.getByRole('listbox', { name: 'Operators' }).getByRole('option').first().click();
    await s.idle();
    const inspector = s.page.getByRole('region', { name: 'Inspector' });
    await expect(inspector.getByRole('region', { name: 'Attributes' })).toContainText('kernel_shape');
    await expect(inspector.getByRole('region', { name: 'Weights' })).toContainText('values');
    await expect(s.page.locator('[data-testid="node"][data-selected="true"]')).toHaveCount(1);
    await s.shot('03-inspector');
  });

  test('fusions are stepped through side by side', async () => {
    await s.page.keyboard.press('Escape');
    await s.goTo('passes');
    await s.page.locator('[data-pass="vertical-fusion"] .pass-title').click();
    await s.idle();
    await expect(s.page.locator('[data-side="before"] [data-mark="removed"]').first()).toBeVisible();
    await expect(s.page.locator('[data-side="after"] [data-mark="added"]').first()).toBeVisible();
    await s.shot('04-pass');
    await s.page.keyboard.press(']');
    await s.idle();
    await expect(s.page.getByTestId('step-count')).toHaveText(/^1 of \d+$/);
    await expect(s.page.locator('[data-side="before"] [data-mark="removed"]')).toHaveCount(2);
    await expect(s.page.locator('[data-side="after"] [data-mark="added"]')).toHaveCount(1);
    await s.page.keyboard.press(']');
    await s.page.keyboard.press(']');
    await s.idle();
    await expect(s.page.getByTestId('step-count')).toHaveText(/^3 of \d+$/);
    await s.shot('05-fusion');
    await s.page.keyboard.press('[');
    await expect(s.page.getByTestId('step-count')).toHaveText(/^2 of \d+$/);
  });

  test('hovering a node lights it on both sides', async () => {
    const node = s.page.locator('[data-side="after"] [data-mark="added"]').first();
    await node.hover();
    await expect(s.page.locator('[data-side="before"] [data-mark="removed"][data-hovered="true"]')).toHaveCount(2);
  });

  test('a selected operator tells why it was not fused', async () => {
    await s.page.locator('[data-pass="horizontal-fusion"] .pass-title').click();
    await s.idle();
    await s.page.locator('[data-side="before"] [data-mark="removed"]').first().click();
    await s.idle();
    await expect(s.page.getByRole('region', { name: 'Why was this not fused?' })).toBeVisible();
    await s.shot('06-why');
    await s.page.keyboard.press('Escape');
  });

  test('switching a pass off changes the graph, and on again brings it back', async () => {
    const headline = s.page.getByTestId('headline');
    const before = await headline.textContent();
    await s.page.getByRole('switch', { name: 'Run Horizontal fusion' }).click({ force: true });
    await expect(headline).not.toHaveText(before ?? '');
    await s.idle();
    await s.shot('07-pass-off');
    await s.page.keyboard.press('Control+z');
    await expect(headline).toHaveText(before ?? '');
    await s.page.getByRole('switch', { name: 'Run Horizontal fusion' }).click({ force: true });
    await expect(headline).not.toHaveText(before ?? '');
    await s.idle();
  });

  test('a build fills the layer table', async () => {
    await s.goTo('build');
    await s.page.getByRole('region', { name: 'Build', exact: true }).locator('[data-command="run.build"]').click();
    const table = s.page.getByRole('grid', { name: 'Layers of the engine' });
    await expect(table).toBeVisible();
    await s.idle();
    // Not by number: timings decide where reformats stand.
    await table.getByRole('row').filter({ hasText: 'MaxPool' }).first().click();
    await expect(s.page.getByRole('complementary', { name: /^Candidates of/ })).toBeVisible();
    await s.shot('08-build');
  });

  test('a kernel that was timed slower is pinned, built with, and let go again', async () => {
    const candidates = s.page.getByRole('complementary', { name: /^Candidates of MaxPool/ });
    const table = s.page.getByRole('grid', { name: 'Layers of the engine' });
    const tactic = table.getByRole('row').filter({ hasText: 'MaxPool' }).first();
    await expect(candidates.getByText(/times the chosen one|as fast as/).first()).toBeVisible();
    const build = s.page.getByRole('region', { name: 'Build', exact: true });
    const pin = candidates.getByRole('button', { name: 'Pin any_maxpool__scalar for MaxPool' }).first();
    await pin.click();
    await expect(pin).toHaveAttribute('aria-pressed', 'true');
    await expect(build.getByText('1 pinned')).toBeVisible();
    await build.locator('.stale-box [data-command="run.build"]').click();
    await expect(tactic).toContainText('any_maxpool__scalar');
    await s.idle();
    await s.shot('08-pinned');
    await s.page.keyboard.press('Control+z');
    await expect(build.getByText('1 pinned')).toBeHidden();
    await build.locator('.stale-box [data-command="run.build"]').click();
    await expect(tactic).not.toContainText('any_maxpool__scalar');
    await s.idle();
  });

  test('a profile sorts layers by time and colours the graph', async () => {
    await s.goTo('profile');
    await s.page.getByRole('region', { name: 'Profile', exact: true }).locator('[data-command="run.profile"]').click();
    await expect(s.page.getByTestId('latency')).toContainText('p99');
    await s.idle();
    await expect(s.page.getByRole('grid', { name: 'Layers by time' }).getByRole('row').nth(1)).toBeVisible();
    await expect(s.page.locator('[data-testid="node"][data-heat="true"]').first()).toBeVisible();
    await s.shot('09-profile');
  });

  test('a changed choice marks the engine as out of date', async () => {
    await s.goTo('passes');
    await s.page.getByRole('switch', { name: 'Run Horizontal fusion' }).click({ force: true });
    await expect(s.page.getByText('The engine is older than your choices')).toBeVisible();
    await s.page.getByRole('button', { name: 'Rebuild' }).first().click();
    await expect(s.page.getByTestId('latency')).toContainText('p99');
    await expect(s.page.getByText('The engine is older than your choices')).toHaveCount(0);
  });

  test('the exported engine and model run on the command line', async () => {
    await s.goTo('export');
    await expect(s.page.getByTestId('command')).toContainText('sinter build');
    await s.saveTo(engine);
    await s.page.locator('[data-command="export.engine"]').click();
    await expect(s.page.getByText(`Wrote ${engine}`)).toBeVisible();
    const onnx = path.join(out, 'optimized.onnx');
    await s.saveTo(onnx);
    await s.page.locator('[data-command="export.onnx"]').click();
    await expect(s.page.getByText(`Wrote ${onnx}`)).toBeVisible();
    await s.shot('10-export');
    expect(statSync(engine).size).toBeGreaterThan(1000);
    await sinter('run', engine, '--output-dir', out);
    expect(existsSync(path.join(out, 'prob.npy'))).toBe(true);
    const { stdout } = await sinter('compare', onnx, engine, '--json');
    const compared: { outputs: { maxAbs: number }[] } = JSON.parse(stdout);
    for (const o of compared.outputs) expect(o.maxAbs).toBeLessThan(1e-4);
  });

  test('a project keeps choices and reopens where it was', async () => {
    const project = path.join(out, 'work.sinterproj');
    await s.goTo('passes');
    await s.page.getByRole('switch', { name: 'Run Vertical fusion' }).click({ force: true });
    await s.idle();
    await s.saveTo(project);
    await s.page.keyboard.press('Control+s');
    await expect(s.page.getByText(`Saved ${project}`)).toBeVisible();
    const again = await launch({ args: [project] });
    await expect(again.page.getByTestId('headline')).toContainText('56 operators');
    await again.idle();
    await expect(again.page.getByRole('switch', { name: 'Run Vertical fusion' })).not.toBeChecked();
    await again.close();
  });

  test('a crash of the engine host costs a reopen, not the window', async () => {
    const headline = await s.page.getByTestId('headline').textContent();
    await s.app.evaluate(({ app }) => {
      const host = app
        .getAppMetrics()
        .find((m) => m.serviceName === 'node.mojom.NodeService' || m.name === 'Sinter engine host');
      if (host) process.kill(host.pid, 'SIGKILL');
    });
    await expect(s.page.getByText(/the model was opened again/)).toBeVisible();
    await expect(s.page.getByTestId('headline')).toHaveText(headline ?? '');
    await s.shot('11-after-crash');
  });
});

test('the palette reaches commands and operators by keyboard alone', async () => {
  const s = await launch({ args: [sample('tiny-googlenet.onnx')] });
  await expect(s.page.getByTestId('headline')).toContainText('56 operators');
  await s.idle();
  await s.page.keyboard.press('Control+k');
  await s.page.getByRole('combobox', { name: 'Command palette' }).fill('go to passes');
  await s.shot('12-palette');
  await s.page.keyboard.press('Enter');
  await expect(s.page.getByRole('main')).toHaveAccessibleName('passes step');
  await s.page.keyboard.press('Control+k');
  await s.page.getByRole('combobox', { name: 'Command palette' }).fill('inception_3b/5x5');
  await s.page.keyboard.press('Enter');
  await s.page.keyboard.press('Control+1');
  await s.idle();
  await expect(s.page.locator('[data-testid="node"][data-selected="true"]')).toHaveCount(1);
  await s.close();
});

test('a model with open shapes asks for them before it builds', async () => {
  const s = await launch({ args: [sample('dynamic-conv.onnx')] });
  await expect(s.page.getByTestId('headline')).toContainText('layers');
  await s.page.keyboard.press('Control+Enter');
  await expect(s.page.getByText(/^Give dimension/)).toBeVisible();
  await s.idle();
  await s.shot('17-open-shapes');
  for (const field of await s.page.getByLabel(/^Dimension /).all()) await field.fill('32');
  await s.page.keyboard.press('Control+Enter');
  await expect(s.page.getByTestId('latency')).toContainText('p99');
  await s.close();
});

test('open dimensions get ranges in optimization profiles, and the Profile step runs the chosen one', async () => {
  const s = await launch({ args: [sample('dynamic-conv.onnx')] });
  await expect(s.page.getByTestId('headline')).toContainText('layers');
  await s.goTo('build');
  // All of them are there once the last is; `all` does not wait.
  await expect(s.page.getByRole('textbox', { name: 'Dimension width' })).toBeVisible();
  for (const field of await s.page.getByLabel(/^Dimension /).all()) await field.fill('16');
  await s.page.getByText('Ranges', { exact: true }).click();
  await s.page.getByLabel('Most width, profile 0').fill('32');
  await s.page.getByRole('button', { name: 'Add a profile' }).click();
  await s.page.getByLabel('Most height, profile 1').fill('48');
  await s.page.getByLabel('Best height, profile 1').fill('40');
  await s.idle();
  await s.shot('17-ranges');
  await s.page.keyboard.press('Control+Enter');
  await expect(s.page.getByTestId('latency')).toContainText('p99');
  await s.page.getByRole('combobox', { name: 'Optimization profile' }).click();
  await s.page.getByRole('option', { name: /^1 · .*height 1…40…48/ }).click();
  await s.page.keyboard.press('Control+p');
  await s.idle();
  await s.goTo('build');
  await expect(s.page.getByText(/batch 1…16…16, height 1…40…48, width 1…16…32: \d+ layers/)).toBeVisible();
  await s.shot('17-profiles');
  await s.close();
});

test('the graph is walked with arrow keys', async () => {
  const s = await launch({ args: [sample('tiny-googlenet.onnx')] });
  await expect(s.page.getByTestId('headline')).toContainText('56 operators');
  await s.idle();
  await s.page.getByRole('application', { name: /^Graph/ }).focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await s.page.keyboard.press(key);
  await s.idle();
  await expect(s.page.locator('[data-testid="node"][data-selected="true"]')).toHaveAttribute('data-op', 'Relu');
  await s.close();
});

test('a window that is loaded again comes back with the model open', async () => {
  const s = await launch({ args: [sample('tiny-resnet.onnx')] });
  await expect(s.page.getByTestId('headline')).toContainText('layers');
  await s.goTo('passes');
  // The session is saved a moment after a change.
  await s.page.waitForTimeout(600);
  await s.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.reload());
  await expect(s.page.getByTestId('headline')).toContainText('layers');
  await expect(s.page.getByRole('main')).toHaveAccessibleName('passes step');
  await s.close();
});

test('every command stands in the application menu with its keys', async () => {
  const s = await launch({ args: [sample('tiny-googlenet.onnx')] });
  await expect(s.page.getByTestId('headline')).toContainText('56 operators');
  const entries = (): Promise<string[]> =>
    s.app.evaluate(({ Menu }) =>
      (Menu.getApplicationMenu()?.items ?? []).flatMap((m) =>
        (m.submenu?.items ?? []).filter((i) => i.enabled).map((i) => `${m.label}/${i.label}/${i.accelerator ?? ''}`),
      ),
    );
  await expect.poll(entries).toContain('File/Open model…/CmdOrCtrl+O');
  await expect.poll(entries).toContain('Run/Build and profile here/CmdOrCtrl+Enter');
  await expect.poll(entries).toContain('View/Command palette/CmdOrCtrl+K');
  await s.close();
});

test('dark scheme', async () => {
  const s = await launch({ args: [sample('tiny-resnet.onnx')], dark: true });
  await expect(s.page.getByTestId('headline')).toContainText('layers');
  await s.shot('13-dark-model');
  await s.goTo('passes');
  await s.shot('14-dark-passes');
  await s.page.locator('[data-command="run.all"]').first().click();
  await expect(s.page.getByTestId('latency')).toContainText('p99');
  await s.shot('15-dark-profile');
  await s.close();
});

test('a model whose file has gone says so in words, and another one opens without that', async () => {
  const s = await launch();
  const file = path.join(scratch(), 'gone.onnx');
  copyFileSync(sample('tiny-googlenet.onnx'), file);
  await s.drop(file);
  await expect(s.page.getByTestId('headline')).toContainText('56 operators');
  await s.idle();
  rmSync(file);
  await s.goTo('build');
  await s.page.getByRole('region', { name: 'Build', exact: true }).locator('[data-command="run.build"]').click();
  await expect(s.page.locator('.notice[role="alert"]')).toContainText('gone.onnx does not exist');
  await s.drop(sample('dynamic-conv.onnx'));
  await expect(s.page.getByTestId('headline')).not.toContainText('56 operators');
  await expect(s.page.locator('.notice[role="alert"]')).toHaveCount(0);
  await s.close();
});

test('what is not a model is refused in one sentence', async () => {
  const s = await launch();
  await s.drop(path.join(ROOT, 'package.json'));
  await expect(s.page.getByRole('alert')).toBeVisible();
  await expect(s.page.getByRole('alert')).toContainText('package.json');
  await s.shot('16-error');
  // The next attempt replaces what was said of the last one; what opens leaves nothing behind.
  const refused = async (name: string, bytes: Uint8Array | string, words: RegExp): Promise<void> => {
    const file = path.join(scratch(), name);
    writeFileSync(file, bytes);
    await s.drop(file);
    const alert = s.page.locator('.notice[role="alert"]');
    await expect(alert).toHaveText(words);
    await expect(alert).toHaveCount(1);
  };
  await refused(
    'cut.onnx',
    readFileSync(sample('tiny-googlenet.onnx')).subarray(0, 20_000),
    /cut\.onnx ends in the middle/,
  );
  await refused('half.sinterproj', '{"format": 1', /half\.sinterproj is not a project/);
  await refused('net.sinter', 'SINTER\0\x01', /net\.sinter is an engine/);
  await s.drop(sample('tiny-googlenet.onnx'), sample('dynamic-conv.onnx'));
  await expect(s.page.getByTestId('headline')).toContainText('56 operators');
  await expect(s.page.locator('.notice[role="alert"]')).toHaveCount(0);
  await expect(s.page.getByText('this is tiny-googlenet.onnx; drop the others one by one')).toBeVisible();
  await s.close();
});
