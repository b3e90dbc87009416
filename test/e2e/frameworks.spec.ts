import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { Net } from '../support/caffe/net.ts';
import { TfGraph } from '../support/tensorflow/graph.ts';
import { writeDenseModel } from '../support/tensorflow/savedModel.ts';
import { launch, type Studio, scratch } from './support/studio.ts';

/** A small Caffe network in two folders that do not know of each other. */
function caffePair(): { network: string; weights: string } {
  const net = new Net('small');
  const y = net.add(
    'Convolution',
    'conv',
    net.input('data', 1, 3, 8, 8),
    { convolution_param: { num_output: 4, kernel_size: [3] } },
    [net.blob([4, 3, 3, 3]), net.blob([4])],
  );
  net.add('ReLU', 'relu', y, {}, [], y);
  const [a, b] = [scratch(), scratch()];
  const [network, weights] = [path.join(a, 'small.prototxt'), path.join(b, 'trained.caffemodel')];
  writeFileSync(network, net.prototxt());
  writeFileSync(weights, net.caffemodel());
  return { network, weights };
}

/** The graph is there, and the passes have run. */
const opened = async (studio: Studio, op: string): Promise<void> => {
  await expect(studio.page.getByTestId('headline')).toContainText(/operators? → \d+ layers?/);
  await studio.idle();
  await expect(studio.page.locator(`[data-testid="node"][data-op="${op}"]`).first()).toBeVisible();
};

test.describe('models of other frameworks', () => {
  let studio: Studio;
  test.beforeEach(async () => {
    studio = await launch();
  });
  test.afterEach(() => studio.close());

  test('both files of a Caffe network dropped together', async () => {
    const { network, weights } = caffePair();
    await studio.drop(network, weights);
    await opened(studio, 'Conv');
  });

  test('a network alone asks for its weights', async () => {
    const { network, weights } = caffePair();
    await studio.openFrom(weights);
    await studio.drop(network);
    await opened(studio, 'Conv');
  });

  test('a graph that does not say the shape of its input asks for it', async () => {
    const g = new TfGraph();
    g.output(g.relu(g.matmul(g.placeholder('image', null), 8, 4)), 'scores');
    const file = path.join(scratch(), 'open.pb');
    writeFileSync(file, g.bytes());
    await studio.drop(file);
    const box = studio.page.getByLabel('image', { exact: true });
    await box.fill('2×8');
    await studio.page.getByRole('button', { name: 'Open', exact: true }).click();
    await opened(studio, 'MatMul');
  });

  test('a SavedModel folder', async () => {
    const folder = path.join(scratch(), 'saved');
    mkdirSync(folder);
    writeDenseModel(folder);
    await studio.drop(folder);
    await opened(studio, 'MatMul');
  });
});
