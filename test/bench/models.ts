import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where `npm run models` puts the full-size networks. */
export const modelDir = (): string =>
  process.env.SINTER_MODELS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sinter-studio', 'models');

export interface BenchModel {
  /** Row title. */
  readonly title: string;
  /** File in the model folder. */
  readonly file: string;
  /** Shapes for open dimensions, by input name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** One of the rows of targets.md's geometric mean (the others are only checked and shown). */
  readonly counted: boolean;
}

/** The rows of the bench table, in the order of targets.md. */
export const BENCH_MODELS: readonly BenchModel[] = [
  { title: 'AlexNet', file: 'alexnet.onnx', counted: true },
  { title: 'DenseNet-121', file: 'densenet121.onnx', counted: true },
  { title: 'GoogLeNet', file: 'inception_v1.onnx', counted: true },
  { title: 'Inception-v2', file: 'inception_v2.onnx', counted: true },
  { title: 'ResNet-50', file: 'resnet50.onnx', counted: true },
  { title: 'ShuffleNet', file: 'shufflenet.onnx', counted: true },
  { title: 'SqueezeNet', file: 'squeezenet.onnx', counted: true },
  { title: 'VGG-19', file: 'vgg19.onnx', counted: true },
  { title: 'ZFNet-512', file: 'zfnet512.onnx', counted: true },
  { title: 'MobileNet-v2', file: 'mobilenet_v2.onnx', counted: true },
  { title: 'BERT-base, 128', file: 'bert_base.onnx', counted: true },
];
