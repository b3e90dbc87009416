import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, type Locator, test } from '@playwright/test';
import { profileFixture } from '../support/profiles.ts';
import { launch, ROOT, type Studio, scratch } from './support/studio.ts';

const sinter = (...args: string[]) =>
  promisify(execFile)(process.execPath, [path.join(ROOT, 'bin/sinter.mjs'), ...args], { cwd: ROOT });
const out = scratch();

test.describe
  .serial('a saved profile, without its model and device', () => {
    let s: Studio;
    const tab = async (name: string): Promise<void> => {
      await s.page.locator('.dv-tab', { hasText: name }).click();
      await s.idle();
    };
    const panel = (id: string): Locator => s.page.locator(`[data-panel="${id}"]`);
    test.beforeAll(async () => {
      s = await launch({ args: [profileFixture('googlenet-fp32')] });
    });
    test.afterAll(async () => s.close());

    test('opens from the command line with its table and the engine as a heat map', async () => {
      await expect(s.page.getByTestId('latency')).toContainText('p99');
      await expect(s.page.getByText(/144 operators in 57 layers/)).toBeVisible();
      await expect(s.page.getByRole('region', { name: 'Device', exact: true })).toContainText('GFLOP/s');
      await s.idle();
      await expect(s.page.locator('[data-testid="node"][data-heat="true"]').first()).toBeVisible();
      const times = s.page.getByRole('grid', { name: 'Layers by time' });
      await expect(times).toHaveAttribute('aria-rowcount', '57');
      await times.getByRole('row').nth(1).click();
      await s.idle();
      await expect(s.page.locator('[data-testid="node"][data-selected="true"]')).toHaveCount(1);
      await expect(panel('inspector')).toContainText('Of ceiling');
      await s.shot('30-profile-file');
    });

    test('the timeline shows the selected layer and picks another', async () => {
      await tab('Timeline');
      const scene = s.page.getByRole('application', { name: /^Timeline of one run: 57 layers on 1 lane/ });
      await expect(scene).toBeVisible();
      await scene.focus();
      await s.page.keyboard.press('ArrowRight');
      await s.page.keyboard.press('+');
      const box = (await scene.boundingBox())!;
      await s.page.mouse.move(box.x + box.width / 2, box.y + 50);
      await expect(s.page.getByRole('tooltip').filter({ hasText: 'alive while it runs' })).toContainText('Median');
      await s.page.mouse.click(box.x + box.width / 2, box.y + 50);
      await s.idle();
      await expect(s.page.locator('[data-testid="node"][data-selected="true"]')).toHaveCount(1);
      await s.shot('31-timeline');
    });

    test('the roofline has a point per computing layer, and they select like everything else', async () => {
      await tab('Roofline');
      const points = s.page.getByTestId('point');
      expect(await points.count()).toBeGreaterThan(50);
      await s.page.keyboard.press('Escape');
      await panel('roofline').getByRole('complementary').getByRole('button').first().click();
      await expect(s.page.locator('[data-testid="point"][data-selected="true"]')).toHaveCount(1);
      await s.shot('32-roofline');
    });

    test('the memory plan names what is alive at the peak', async () => {
      await tab('Memory');
      await expect(s.page.getByRole('application', { name: /^Memory plan/ })).toBeVisible();
      const peak = s.page.getByRole('complementary', { name: 'Alive at the peak' });
      await expect(peak).toContainText('alive at the peak');
      await peak.getByRole('button').first().click();
      await expect(peak.getByRole('button', { pressed: true }).first()).toBeVisible();
      await s.shot('33-memory');
    });

    test('a second profile dropped on the window stands beside the first, by operator', async () => {
      await s.drop(profileFixture('googlenet-int8'));
      await expect(s.page.getByRole('list', { name: 'Profiles' }).getByRole('listitem')).toHaveCount(2);
      await tab('Side by side');
      const table = s.page.getByRole('grid', { name: 'Profiles side by side' });
      await expect(table.getByRole('row').nth(1)).toContainText(/×\d/);
      await table.getByRole('row').nth(1).click();
      await expect(table.getByRole('row', { selected: true })).toHaveCount(1);
      await s.shot('34-side-by-side');
      // The boxes on the left decide what is compared.
      await s.page.getByRole('checkbox', { name: 'Put googlenet-fp32 side by side' }).uncheck();
      await expect(s.page.getByText(/^Two to four profiles stand side by side/)).toBeVisible();
      await s.page.getByRole('checkbox', { name: 'Put googlenet-fp32 side by side' }).check();
    });

    test('reformats say what mixing element types costs', async () => {
      await tab('Reformats');
      const table = s.page.getByRole('grid', { name: 'Reformats' });
      await expect(table.getByRole('row').nth(1)).toContainText('int8');
      await expect(s.page.getByRole('complementary', { name: 'Reformats by kind' })).toContainText('reformat');
      await table.getByRole('row').nth(1).click();
      await tab('Graph');
      await expect(s.page.locator('[data-testid="node"][data-selected="true"][data-op="Copy"]')).toHaveCount(1);
      await s.shot('35-reformats');
    });

    test('a panel is reached by keyboard alone', async () => {
      await s.page.keyboard.press('Control+k');
      await s.page.getByRole('combobox', { name: 'Command palette' }).fill('show roofline');
      await s.page.keyboard.press('Enter');
      await s.idle();
      await expect(s.page.getByTestId('point').first()).toBeVisible();
    });

    test('a crash of the engine host loses none of it', async () => {
      await s.app.evaluate(({ app }) => {
        const host = app
          .getAppMetrics()
          .find((m) => m.serviceName === 'node.mojom.NodeService' || m.name === 'Sinter engine host');
        if (host) process.kill(host.pid, 'SIGKILL');
      });
      await expect(s.page.getByText(/what was open was opened again/)).toBeVisible();
      await s.idle();
      await expect(s.page.getByRole('list', { name: 'Profiles' }).getByRole('listitem')).toHaveCount(2);
      await expect(s.page.getByTestId('point').first()).toBeVisible();
    });

    test('leaves as table, trace, report and picture', async () => {
      await s.goTo('export');
      const write = async (command: string, name: string): Promise<string> => {
        const file = path.join(out, name);
        await s.saveTo(file);
        await s.page.locator(`[data-command="${command}"]`).click();
        await expect(s.page.getByText(`Wrote ${file}`)).toBeVisible();
        expect(existsSync(file)).toBe(true);
        return file;
      };
      await s.shot('36-export-profile');
      const csv = readFileSync(await write('export.profileCsv', 'layers.csv'), 'utf8');
      expect(csv.split('\r\n')[0]).toContain('median_ns');
      expect(
        JSON.parse(readFileSync(await write('export.profileTrace', 'run.trace.json'), 'utf8')).traceEvents,
      ).toBeTruthy();
      expect(readFileSync(await write('export.report', 'report.html'), 'utf8')).toContain('<h2>Roofline</h2>');
      const svg = readFileSync(await write('export.svg', 'graph.svg'), 'utf8');
      expect(svg).toContain('conv2/3x3');
      const png = readFileSync(await write('export.png', 'graph.png'));
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      const saved = await write('export.profile', 'again.sinterprofile');
      const { stdout } = await sinter('profile', saved, '--top', '3');
      expect(stdout).toContain('reformats take');
    });
  });
