import Abs from './abs.ts';
import Acos from './acos.ts';
import Acosh from './acosh.ts';
import Add from './add.ts';
import AffineGrid from './affineGrid.ts';
import And from './and.ts';
import ArgMax from './argMax.ts';
import ArgMin from './argMin.ts';
import Asin from './asin.ts';
import Asinh from './asinh.ts';
import Atan from './atan.ts';
import Atanh from './atanh.ts';
import Attention from './attention.ts';
import AveragePool from './averagePool.ts';
import BatchNormalization from './batchNormalization.ts';
import Bernoulli from './bernoulli.ts';
import BitShift from './bitShift.ts';
import BitwiseAnd from './bitwiseAnd.ts';
import BitwiseNot from './bitwiseNot.ts';
import BitwiseOr from './bitwiseOr.ts';
import BitwiseXor from './bitwiseXor.ts';
import BlackmanWindow from './blackmanWindow.ts';
import CaffeDetectionOutput from './caffeDetectionOutput.ts';
import Cast from './cast.ts';
import CastLike from './castLike.ts';
import Ceil from './ceil.ts';
import Celu from './celu.ts';
import CenterCropPad from './centerCropPad.ts';
import Clip from './clip.ts';
import Col2Im from './col2Im.ts';
import Compress from './compress.ts';
import Concat from './concat.ts';
import ConcatFromSequence from './concatFromSequence.ts';
import Constant from './constant.ts';
import ConstantOfShape from './constantOfShape.ts';
import Conv from './conv.ts';
import ConvInteger from './convInteger.ts';
import ConvTranspose from './convTranspose.ts';
import Cos from './cos.ts';
import Cosh from './cosh.ts';
import CumProd from './cumProd.ts';
import CumSum from './cumSum.ts';
import DeformConv from './deformConv.ts';
import DepthToSpace from './depthToSpace.ts';
import DequantizeLinear from './dequantizeLinear.ts';
import Det from './det.ts';
import DFT from './dft.ts';
import Div from './div.ts';
import Dropout from './dropout.ts';
import DynamicQuantizeLinear from './dynamicQuantizeLinear.ts';
import Einsum from './einsum.ts';
import Elu from './elu.ts';
import Equal from './equal.ts';
import Erf from './erf.ts';
import Exp from './exp.ts';
import Expand from './expand.ts';
import EyeLike from './eyeLike.ts';
import Flatten from './flatten.ts';
import Floor from './floor.ts';
import Gather from './gather.ts';
import GatherElements from './gatherElements.ts';
import GatherND from './gatherND.ts';
import Gelu from './gelu.ts';
import Gemm from './gemm.ts';
import GlobalAveragePool from './globalAveragePool.ts';
import GlobalLpPool from './globalLpPool.ts';
import GlobalMaxPool from './globalMaxPool.ts';
import Greater from './greater.ts';
import GreaterOrEqual from './greaterOrEqual.ts';
import GridSample from './gridSample.ts';
import GroupNormalization from './groupNormalization.ts';
import GRU from './gru.ts';
import HammingWindow from './hammingWindow.ts';
import HannWindow from './hannWindow.ts';
import Hardmax from './hardmax.ts';
import HardSigmoid from './hardSigmoid.ts';
import HardSwish from './hardSwish.ts';
import Identity from './identity.ts';
import If from './if.ts';
import InstanceNormalization from './instanceNormalization.ts';
import IsInf from './isInf.ts';
import IsNaN from './isNaN.ts';
import LayerNormalization from './layerNormalization.ts';
import LeakyRelu from './leakyRelu.ts';
import Less from './less.ts';
import LessOrEqual from './lessOrEqual.ts';
import Log from './log.ts';
import LogSoftmax from './logSoftmax.ts';
import Loop from './loop.ts';
import LpNormalization from './lpNormalization.ts';
import LpPool from './lpPool.ts';
import LRN from './lrn.ts';
import LSTM from './lstm.ts';
import MatMul from './matMul.ts';
import MatMulInteger from './matMulInteger.ts';
import Max from './max.ts';
import MaxPool from './maxPool.ts';
import MaxRoiPool from './maxRoiPool.ts';
import MaxUnpool from './maxUnpool.ts';
import Mean from './mean.ts';
import MeanVarianceNormalization from './meanVarianceNormalization.ts';
import MelWeightMatrix from './melWeightMatrix.ts';
import Min from './min.ts';
import Mish from './mish.ts';
import Mod from './mod.ts';
import MsBiasGelu from './msBiasGelu.ts';
import MsDequantizeLinear from './msDequantizeLinear.ts';
import MsFastGelu from './msFastGelu.ts';
import MsFusedConv from './msFusedConv.ts';
import MsFusedGemm from './msFusedGemm.ts';
import MsFusedMatMul from './msFusedMatMul.ts';
import MsGelu from './msGelu.ts';
import MsQuantizeLinear from './msQuantizeLinear.ts';
import MsQuickGelu from './msQuickGelu.ts';
import MsSkipLayerNormalization from './msSkipLayerNormalization.ts';
import Mul from './mul.ts';
import Multinomial from './multinomial.ts';
import Neg from './neg.ts';
import NegativeLogLikelihoodLoss from './negativeLogLikelihoodLoss.ts';
import NonMaxSuppression from './nonMaxSuppression.ts';
import NonZero from './nonZero.ts';
import Not from './not.ts';
import OneHot from './oneHot.ts';
import type { OpDef } from './op.ts';
import Optional from './optional.ts';
import OptionalGetElement from './optionalGetElement.ts';
import OptionalHasElement from './optionalHasElement.ts';
import Or from './or.ts';
import Pad from './pad.ts';
import Pow from './pow.ts';
import PRelu from './pRelu.ts';
import QLinearConv from './qLinearConv.ts';
import QLinearMatMul from './qLinearMatMul.ts';
import QuantizeLinear from './quantizeLinear.ts';
import RandomNormal from './randomNormal.ts';
import RandomNormalLike from './randomNormalLike.ts';
import RandomUniform from './randomUniform.ts';
import RandomUniformLike from './randomUniformLike.ts';
import Range from './range.ts';
import Reciprocal from './reciprocal.ts';
import ReduceL1 from './reduceL1.ts';
import ReduceL2 from './reduceL2.ts';
import ReduceLogSum from './reduceLogSum.ts';
import ReduceLogSumExp from './reduceLogSumExp.ts';
import ReduceMax from './reduceMax.ts';
import ReduceMean from './reduceMean.ts';
import ReduceMin from './reduceMin.ts';
import ReduceProd from './reduceProd.ts';
import ReduceSum from './reduceSum.ts';
import ReduceSumSquare from './reduceSumSquare.ts';
import Relu from './relu.ts';
import Reshape from './reshape.ts';
import Resize from './resize.ts';
import ReverseSequence from './reverseSequence.ts';
import RMSNormalization from './rMSNormalization.ts';
import RNN from './rnn.ts';
import RoiAlign from './roiAlign.ts';
import RotaryEmbedding from './rotaryEmbedding.ts';
import Round from './round.ts';
import Scan from './scan.ts';
import Scatter from './scatter.ts';
import ScatterElements from './scatterElements.ts';
import ScatterND from './scatterND.ts';
import Selu from './selu.ts';
import SequenceAt from './sequenceAt.ts';
import SequenceConstruct from './sequenceConstruct.ts';
import SequenceEmpty from './sequenceEmpty.ts';
import SequenceErase from './sequenceErase.ts';
import SequenceInsert from './sequenceInsert.ts';
import SequenceLength from './sequenceLength.ts';
import SequenceMap from './sequenceMap.ts';
import Shape from './shape.ts';
import Shrink from './shrink.ts';
import Sigmoid from './sigmoid.ts';
import Sign from './sign.ts';
import SimplifiedLayerNormalization from './simplifiedLayerNormalization.ts';
import Sin from './sin.ts';
import Sinh from './sinh.ts';
import Size from './size.ts';
import Slice from './slice.ts';
import Softmax from './softmax.ts';
import SoftmaxCrossEntropyLoss from './softmaxCrossEntropyLoss.ts';
import Softplus from './softplus.ts';
import Softsign from './softsign.ts';
import SpaceToDepth from './spaceToDepth.ts';
import Split from './split.ts';
import SplitToSequence from './splitToSequence.ts';
import Sqrt from './sqrt.ts';
import Squeeze from './squeeze.ts';
import STFT from './stft.ts';
import Sub from './sub.ts';
import Sum from './sum.ts';
import Swish from './swish.ts';
import Tan from './tan.ts';
import Tanh from './tanh.ts';
import TensorScatter from './tensorScatter.ts';
import ThresholdedRelu from './thresholdedRelu.ts';
import Tile from './tile.ts';
import TopK from './topK.ts';
import Transpose from './transpose.ts';
import Trilu from './trilu.ts';
import Unique from './unique.ts';
import Unsqueeze from './unsqueeze.ts';
import Upsample from './upsample.ts';
import Where from './where.ts';
import Xor from './xor.ts';

/* The registry: an operator is one file in this folder and its line here. */

/** Every operator the optimizer knows, by name. */
export const OPS: readonly OpDef[] = [
  Abs,
  Acos,
  Acosh,
  Add,
  AffineGrid,
  And,
  ArgMax,
  ArgMin,
  Asin,
  Asinh,
  Atan,
  Atanh,
  Attention,
  AveragePool,
  BatchNormalization,
  Bernoulli,
  BitShift,
  BitwiseAnd,
  BitwiseNot,
  BitwiseOr,
  BitwiseXor,
  BlackmanWindow,
  Cast,
  CaffeDetectionOutput,
  CastLike,
  Ceil,
  Celu,
  CenterCropPad,
  Clip,
  Col2Im,
  Compress,
  Concat,
  Constant,
  ConstantOfShape,
  Conv,
  ConvInteger,
  ConvTranspose,
  Cos,
  Cosh,
  CumProd,
  CumSum,
  DFT,
  DeformConv,
  DepthToSpace,
  DequantizeLinear,
  Det,
  Div,
  Dropout,
  DynamicQuantizeLinear,
  Einsum,
  Elu,
  Equal,
  Erf,
  Exp,
  Expand,
  EyeLike,
  Flatten,
  Floor,
  GRU,
  Gather,
  GatherElements,
  GatherND,
  Gelu,
  Gemm,
  GlobalAveragePool,
  GlobalLpPool,
  GlobalMaxPool,
  Greater,
  GreaterOrEqual,
  GridSample,
  GroupNormalization,
  HammingWindow,
  HannWindow,
  HardSigmoid,
  HardSwish,
  Hardmax,
  Identity,
  If,
  InstanceNormalization,
  IsInf,
  IsNaN,
  LRN,
  LSTM,
  LayerNormalization,
  LeakyRelu,
  Less,
  LessOrEqual,
  Log,
  LogSoftmax,
  Loop,
  LpNormalization,
  LpPool,
  MatMul,
  MatMulInteger,
  Max,
  MaxPool,
  MaxRoiPool,
  MaxUnpool,
  Mean,
  MeanVarianceNormalization,
  MelWeightMatrix,
  Min,
  Mish,
  Mod,
  MsBiasGelu,
  MsDequantizeLinear,
  MsFastGelu,
  MsFusedConv,
  MsFusedGemm,
  MsFusedMatMul,
  MsGelu,
  MsQuantizeLinear,
  MsQuickGelu,
  MsSkipLayerNormalization,
  Mul,
  Multinomial,
  Neg,
  NegativeLogLikelihoodLoss,
  NonMaxSuppression,
  NonZero,
  Not,
  OneHot,
  Or,
  PRelu,
  Pad,
  Pow,
  QLinearConv,
  QLinearMatMul,
  QuantizeLinear,
  RMSNormalization,
  RNN,
  RandomNormal,
  RandomNormalLike,
  RandomUniform,
  RandomUniformLike,
  Range,
  Reciprocal,
  ReduceL1,
  ReduceL2,
  ReduceLogSum,
  ReduceLogSumExp,
  ReduceMax,
  ReduceMean,
  ReduceMin,
  ReduceProd,
  ReduceSum,
  ReduceSumSquare,
  Relu,
  Reshape,
  Resize,
  ReverseSequence,
  RoiAlign,
  RotaryEmbedding,
  Round,
  STFT,
  Scan,
  Scatter,
  ScatterElements,
  ScatterND,
  Selu,
  Shape,
  Shrink,
  Sigmoid,
  Sign,
  SimplifiedLayerNormalization,
  Sin,
  Sinh,
  Size,
  Slice,
  Softmax,
  SoftmaxCrossEntropyLoss,
  Softplus,
  Softsign,
  SpaceToDepth,
  Split,
  Sqrt,
  Squeeze,
  Sub,
  Sum,
  Swish,
  Tan,
  Tanh,
  TensorScatter,
  ThresholdedRelu,
  Tile,
  TopK,
  Transpose,
  Trilu,
  Unique,
  Unsqueeze,
  Upsample,
  Where,
  SequenceEmpty,
  SequenceConstruct,
  SequenceInsert,
  SequenceErase,
  SequenceAt,
  SequenceLength,
  ConcatFromSequence,
  SplitToSequence,
  Optional,
  OptionalHasElement,
  OptionalGetElement,
  SequenceMap,
  Xor,
];

const byKey = new Map(OPS.map((d) => [`${d.domain ?? ''}:${d.op}`, d]));

/** Definition of an operator; the default domain is '' (also written 'ai.onnx'). */
export function findOp(domain: string, op: string): OpDef | undefined {
  return byKey.get(`${domain === 'ai.onnx' ? '' : domain}:${op}`);
}
