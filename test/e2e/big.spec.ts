import path from 'node:path';
import { expect, test } from '@playwright/test';
import { bundled } from './support/bundled.ts';
import { launch, scratch } from './support/studio.ts';

test('a graph of 10,000 nodes opens collapsed and stays usable', async () => {
  const file = path.join(scratch(), 'ten-thousand.onnx');
  const { writeBigModel } = await bundled<typeof import('../support/big-model.ts')>('big-model.ts');
  await writeBigModel(file, 10_000);
  const s = await launch({ args: [file] });
  await expect(s.page.getByTestId('group').first()).toBeVisible({ timeout: 60_000 });
  await s.idle();
  // Collapsed: what is mounted is a fraction of what is there.
  expect(await s.page.locator('.react-flow__node').count()).toBeLessThan(400);
  await expect(s.page.getByTestId('headline')).toContainText('10,000 operators');
  await s.shot('20-big-collapsed');

  await s.page.getByTestId('group').first().click();
  await s.idle();
  await expect(s.page.getByTestId('frame').first()).toBeVisible();
  await s.page.getByLabel('Search operators').fill('stage_57/block_3');
  await s.page.getByRole('listbox', { name: 'Operators' }).getByRole('option').first().click();
  await s.idle();
  await expect(s.page.locator('[data-testid="node"][data-selected="true"]')).toHaveCount(1);
  await s.shot('21-big-found');

  // Everything open at once: the canvas takes over where the DOM could not.
  await s.page.getByRole('button', { name: 'Open all' }).click();
  await s.idle();
  await s.page.getByRole('button', { name: 'Fit View' }).click();
  await s.idle();
  expect(await s.page.locator('.react-flow__node').count()).toBeLessThan(1500);
  await s.shot('22-big-open');
  await s.goTo('passes');
  await s.shot('23-big-passes');

  // A build of thousands of layers takes a while: cancelling is answered, and the window stays alive meanwhile.
  await s.page.locator('[data-step="build"]').click();
  await s.page.getByRole('region', { name: 'Build', exact: true }).locator('[data-command="run.build"]').click();
  await expect(s.page.getByRole('progressbar', { name: 'Build progress' })).toBeVisible();
  await s.page.keyboard.press('Control+.');
  await expect(s.page.getByText('No engine yet')).toBeVisible();
  await s.page.keyboard.press('Control+j');
  await expect(s.page.getByRole('list', { name: 'Jobs' })).toContainText('cancelled');
  await s.shot('24-big-cancelled');
  await s.close();
});
