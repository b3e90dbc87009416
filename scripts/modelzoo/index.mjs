import { alexnet } from './alexnet.mjs';
import { bertBase } from './bert.mjs';
import { densenet121 } from './densenet121.mjs';
import { inceptionV1 } from './inceptionV1.mjs';
import { inceptionV2 } from './inceptionV2.mjs';
import { lstm } from './lstm.mjs';
import { mobilenetV2 } from './mobilenetV2.mjs';
import { resnet50 } from './resnet50.mjs';
import { shufflenet } from './shufflenet.mjs';
import { squeezenet } from './squeezenet.mjs';
import { vgg16, vgg19 } from './vgg.mjs';
import { vitB16 } from './vit.mjs';
import { zfnet512 } from './zfnet512.mjs';

/** File name (without .onnx) → what builds it. */
export const NETWORKS = {
  alexnet,
  bert_base: bertBase,
  densenet121,
  inception_v1: inceptionV1,
  inception_v2: inceptionV2,
  lstm,
  mobilenet_v2: mobilenetV2,
  resnet50,
  shufflenet,
  squeezenet,
  vgg16,
  vgg19,
  vit_b16: vitB16,
  zfnet512,
};
