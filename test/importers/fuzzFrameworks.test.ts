import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fcn, lstmNet, mobileNetSsd } from '../support/caffe/zoo.ts';
import { writeDenseModel } from '../support/tensorflow/savedModel.ts';
import { bert, mobilenet } from '../support/tensorflow/zoo.ts';
import { scratch } from './make.ts';
import { importOrRefuse, random } from './refuse.ts';

const dir = scratch();
const ssd = mobileNetSsd(8, 64);
const lstm = lstmNet();
const segment = fcn(16, 32);

/** A good file, where it stands, and what is opened. */
const FILES: [string, () => { good: Uint8Array; damaged: string; open: string }][] = [
  ...[ssd, lstm, segment].flatMap((net): (typeof FILES)[number][] => [
    [
      `${net.name}.prototxt`,
      () => {
        const at = join(dir, `${net.name}-text`);
        mkdirSync(at, { recursive: true });
        const path = net.write(at);
        return { good: readFileSync(path), damaged: path, open: path };
      },
    ],
    [
      `${net.name}.caffemodel`,
      () => {
        const at = join(dir, `${net.name}-weights`);
        mkdirSync(at, { recursive: true });
        const path = net.write(at);
        const damaged = join(at, `${net.name}.caffemodel`);
        return { good: readFileSync(damaged), damaged, open: path };
      },
    ],
  ]),
  ...(['mobilenet', 'bert'] as const).map((name): (typeof FILES)[number] => [
    `${name}.pb`,
    () => {
      const path = join(dir, `${name}.pb`);
      return { good: (name === 'bert' ? bert() : mobilenet()).bytes(), damaged: path, open: path };
    },
  ]),
  ...['saved_model.pb', 'variables/variables.index'].map((file): (typeof FILES)[number] => [
    file,
    () => {
      const at = join(dir, `saved-${file.replace('/', '-')}`);
      mkdirSync(at, { recursive: true });
      writeDenseModel(at);
      return { good: readFileSync(join(at, file)), damaged: join(at, file), open: at };
    },
  ]),
];

describe.each(FILES)('damaged copies of %s', (_name, make) => {
  const { good, damaged, open } = make();
  it('the good one opens', async () => {
    writeFileSync(damaged, good);
    expect(await importOrRefuse(open)).toBe(true);
  });
  it('cut off, changed, with pieces doubled and removed', async () => {
    const draw = random(5);
    const at = (): number => Math.floor(draw() * good.length);
    for (let i = 0; i < 120; i++) {
      const bytes = Uint8Array.from(good);
      const [from, n] = [at(), Math.floor(draw() * 40)];
      const forms = [
        () => bytes.subarray(0, from),
        () => {
          bytes[from] = Math.floor(draw() * 256);
          return bytes;
        },
        () => Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + n)]),
        () => Buffer.concat([bytes.subarray(0, from + n), bytes.subarray(from)]),
      ];
      writeFileSync(damaged, forms[i % forms.length]!());
      await importOrRefuse(open);
    }
  });
});
