// Makes the sample models in assets/models: small, seeded, so that running this again changes nothing.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bert } from './modelzoo/bert.mjs';
import { dynamicConv } from './modelzoo/samples/dynamicConv.mjs';
import { tinyGooglenet } from './modelzoo/samples/tinyGooglenet.mjs';
import { tinyResnet } from './modelzoo/samples/tinyResnet.mjs';

const dir = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'assets', 'models');
const SAMPLES = {
  'tiny-googlenet': tinyGooglenet,
  'tiny-resnet': tinyResnet,
  'tiny-transformer': () =>
    bert('tiny_transformer', { layers: 2, tokens: 16, width: 64, heads: 4, inner: 128, vocabulary: 200 }),
  'dynamic-conv': dynamicConv,
};
mkdirSync(dir, { recursive: true });
for (const [name, make] of Object.entries(SAMPLES)) {
  const bytes = make().write(path.join(dir, `${name}.onnx`));
  console.log(`assets/models/${name}.onnx: ${(bytes / 1e3).toFixed(0)} kB`);
}
