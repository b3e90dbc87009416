import { expect, type Locator, test } from '@playwright/test';
import { profileFixture } from '../support/profiles.ts';
import { launch, type Studio } from './support/studio.ts';

/* Profiles that were recorded on a graphics card open here, where there is none. */
test.describe('a profile recorded on a card', () => {
  test.describe.configure({ mode: 'serial' });
  let s: Studio;
  const tab = async (name: string): Promise<void> => {
    await s.page.locator('.dv-tab', { hasText: name }).click();
    await s.idle();
  };
  const panel = (id: string): Locator => s.page.locator(`[data-panel="${id}"]`);
  test.beforeAll(async () => {
    s = await launch({ args: [profileFixture('resnet50-h100-fp16')] });
  });
  test.afterAll(async () => s?.close());

  test('opens with its table, occupancy included, and the engine as a heat map', async () => {
    await expect(s.page.getByTestId('latency')).toContainText('p99');
    await expect(panel('profile')).toContainText('random input');
    await expect(s.page.getByRole('region', { name: 'Device', exact: true })).toContainText('NVIDIA H100');
    await expect(s.page.getByRole('region', { name: 'Device', exact: true })).toContainText('TFLOP/s');
    await s.idle();
    const times = s.page.getByRole('grid', { name: 'Layers by time' });
    await expect(times).toHaveAttribute('aria-rowcount', '57');
    await expect(times.getByRole('columnheader', { name: 'Occupancy' })).toBeAttached();
    await expect(s.page.locator('[data-testid="node"][data-heat="true"]').first()).toBeVisible();
    await times.getByRole('row').nth(1).click();
    await s.idle();
    await expect(s.page.locator('[data-testid="node"][data-selected="true"]')).toHaveCount(1);
    await expect(panel('inspector')).toContainText('Registers a thread');
    await s.shot('90-card-table');
  });

  test('its lanes, roofline and memory plan', async () => {
    await tab('Timeline');
    await expect(s.page.getByRole('application', { name: /^Timeline of one run: 57 layers on 1 lane/ })).toBeVisible();
    await s.shot('91-card-timeline');
    await tab('Roofline');
    expect(await s.page.getByTestId('point').count()).toBeGreaterThan(50);
    await s.shot('92-card-roofline');
    await tab('Memory');
    await expect(s.page.getByRole('complementary', { name: 'Alive at the peak' })).toContainText('alive at the peak');
    await s.shot('93-card-memory');
  });

  test('another network from the card stands beside itself on a CPU, by original operator', async () => {
    await s.drop(profileFixture('googlenet-fp32'));
    await expect(s.page.getByRole('list', { name: 'Profiles' }).getByRole('listitem')).toHaveCount(2);
    await s.drop(profileFixture('googlenet-h100-fp16'));
    await expect(s.page.getByRole('list', { name: 'Profiles' }).getByRole('listitem')).toHaveCount(3);
    // Branches ran beside each other there: two lanes, and what each of them took.
    await expect(s.page.getByTestId('shares')).toContainText(
      /main stream26 layers, .*stream 131 layers, .* of the layers' time/,
    );
    await tab('Timeline');
    await expect(s.page.getByRole('application', { name: /^Timeline of one run: 57 layers on 2 lanes/ })).toBeVisible();
    await s.shot('93-card-streams');
    await s.page.getByRole('checkbox', { name: 'Put resnet50-h100-fp16 side by side' }).uncheck();
    await tab('Side by side');
    const table = s.page.getByRole('grid', { name: 'Profiles side by side' });
    await expect(table).toContainText('conv2/3x3');
    await expect(table.getByRole('row').nth(1)).toContainText(/▲ ×\d/);
    await s.shot('94-card-beside-cpu');
  });

  test('a group that INT8 made slower says why', async () => {
    await s.drop(profileFixture('googlenet-int8'));
    await s.page.getByRole('checkbox', { name: 'Put googlenet-h100-fp16 side by side' }).uncheck();
    await s.idle();
    const why = s.page.getByRole('complementary', { name: 'Why slower' });
    await expect(why).toContainText(/googlenet-int8 is slower in \d+ groups?/);
    await s.shot('95-slower');
    await why.getByRole('button').first().click();
    await s.idle();
    await expect(why).toContainText(/^Why .* takes .* longer in googlenet-int8/);
    await s.shot('96-why-slower');
  });
});
