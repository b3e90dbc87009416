// Options of bench:gpu, and the rows that they leave.
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

export const NETWORKS = ['resnet50', 'inception_v1', 'mobilenet_v2', 'vgg16', 'bert_base', 'vit_b16'];

const HELP = `npm run bench:gpu [-- options]
  --only resnet50,bert_base:32,vit_b16:1:fp32,…   rows: network, batch, precision (fp16, int8, fp32, tf32)
  --level 0-5, --batch-level 0-5                  auto-tuning of FP16 and INT8 rows (3), of those at batch 32 (as --level)
  --float-level 0-5                               of FP32 and TF32 rows (1)
  --lanes N                                       engines that are built at a time: they compile side by side and time in turns
  --seconds N                                     for all of it (570); rows that no time is left for are named
  --torch N                                       seconds for PyTorch, eager and as a CUDA graph (150); 0 or --no-torch: without
  --tensorrt N                                    seconds for TensorRT where its Python package is found (half of what is left)
  --compile N                                     seconds for torch.compile with max-autotune, last of all (what is left)
  --device cuda:N, --dir MODELS, --out RESULTS, --python python3`;

const row = (model, batch, precision) => ({ model, batch, precision, name: `${model}-b${batch}-${precision}` });

/** The table's rows, what is aimed at first. */
const ROWS = [
  ...NETWORKS.map((m) => row(m, 1, 'fp16')),
  ...NETWORKS.map((m) => row(m, 32, 'fp16')),
  row('resnet50', 32, 'int8'),
  ...['fp32', 'tf32'].flatMap((kind) => [1, 32].flatMap((batch) => NETWORKS.map((m) => row(m, batch, kind)))),
];

export function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      device: { type: 'string', default: 'cuda:0' },
      level: { type: 'string', default: '3' },
      'batch-level': { type: 'string' },
      'float-level': { type: 'string', default: '1' },
      lanes: { type: 'string', default: String(Math.max(1, Math.min(3, availableParallelism() >> 2))) },
      dir: { type: 'string', default: path.join(tmpdir(), 'sinter-bench-gpu') },
      out: { type: 'string' },
      seconds: { type: 'string', default: '570' },
      python: { type: 'string', default: 'python3' },
      torch: { type: 'string', default: '150' },
      'no-torch': { type: 'boolean', default: false },
      compile: { type: 'string' },
      tensorrt: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const wanted = values.only?.split(',');
  const rows = ROWS.filter(
    (r) => !wanted || wanted.some((o) => `${r.model}:${r.batch}:${r.precision}:`.startsWith(`${o}:`)),
  );
  const torch = values['no-torch'] ? '0' : values.torch;
  return { ...values, torch, rows, out: values.out ?? path.join(values.dir, 'results'), lanes: Number(values.lanes) };
}
