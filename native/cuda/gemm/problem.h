#pragma once
#include <cstdint>
#include <optional>

#include "cuda/epilogue.h"

namespace sinter::cuda::gemm {

/// Operand types of the tensor-core kernels, numbered as in prelude_mma.cuh. F32: three TF32 products for each.
enum class Operand : int { F16 = 0, BF16 = 1, I8 = 2, TF32 = 3, F32 = 4 };
const char* operandName(Operand operand);
int64_t operandBytes(Operand operand);
/// Element type of these operands in memory.
DType operandStorage(Operand operand);

/// Where the packed weights of a result column lie: in order; where fragments of products want them whose rows are those of the
/// result (kernels/fragment_rows.cuh), in groups of 64 columns, or its columns (kernels/exchanged_rows.cuh), in groups of 16.
enum class ColumnOrder { Plain, Fragments, Exchanged };

/// A Conv or MatMul layer as a matrix product: rows are output pixels (n, p, q) or rows of a, columns output channels, the
/// reduction runs over filter taps and input channels. `channels` and `columns` are those of one group.
struct Problem {
    Operand operand = Operand::F16;
    bool convolution = false;
    int64_t images = 1, rows = 0, channels = 0, columns = 0, groups = 1;
    int64_t h = 1, w = 1, r = 1, s = 1, p = 1, q = 1;
    int64_t strideH = 1, strideW = 1, padTop = 0, padLeft = 0, dilationH = 1, dilationW = 1;
    ResultShape result;
    bool patches = false;  ///< of patchesOf: rows are gathered from planes first
    ColumnOrder order = ColumnOrder::Plain;
    int parts = 1;         ///< TF32 numbers whose sum a packed weight is: 2 where F32 kernels want them apart

    int64_t bytes() const { return operandBytes(operand); }
    int64_t taps() const { return r * s; }
    int64_t reduction() const { return taps() * channels; }
    /// Elements of a packed weight row: the reduction padded to 16 bytes.
    int64_t weightRow() const { return (reduction() * bytes() + 15) / 16 * 16 / bytes(); }
    /// Widest copy (bytes) that divides the channels of a pixel; 0 when even 4 bytes do not.
    int64_t copyBytes() const { return channels * bytes() % 16 == 0 ? 16 : channels * bytes() % 8 == 0 ? 8 : channels * bytes() % 4 == 0 ? 4 : 0; }
    bool windowed() const { return taps() > 1 || strideH > 1 || strideW > 1 || padTop != 0 || padLeft != 0 || p != h || q != w; }
    bool operator==(const Problem& o) const;
};

/// The shape of a layer: any groups, float32 as TF32 operands. Nothing when it is no 2-D convolution or product with constant
/// weights of types that tensor-core and depthwise kernels know.
std::optional<Problem> geometryOf(const LayerDesc& layer);
/// The problem of a layer for the tensor-core kernels; nothing when it is not one (other ops and types, weights that are not constants, 1-D and 3-D
/// convolutions). A float32 layer is one of TF32 operands, and may be made one of F32.
std::optional<Problem> problemOf(const LayerDesc& layer);

/// The matrix product on image patches of a convolution with few channels whose filters tile the image (stride = filter, no
/// padding); see gather_patches.cuh. Channels are those of a patch.
std::optional<Problem> patchesOf(const LayerDesc& layer);

/// Elements of the input from one pixel (or matrix row) to the next.
int64_t pixelPitch(const TensorView& x, const Problem& problem);
/// The macros CONV_… that kernels are specialized by.
void defineProblem(Source& source, const Problem& problem);

/// Recipe and size of the packed weights: rows of one output channel, taps outermost, channels innermost, each row
/// zero-padded to 16 bytes; int8 weights are followed, at `factorsOffset`, by one float factor per column. With two parts the
/// rows of the rounded weights come first, then those of what rounding left. The rows of columns
/// lie in the problem's order.
Packing packingOf(const Problem& problem);
uint64_t factorsOffset(const Problem& problem);
/// Chooses an order for results of bytes whose columns come in groups of 64; false, and the plain order, for other layers. Fragments
/// serve any epilogue, Exchanged the short form (epilogue_bytes.h) with at most one residual operand.
bool orderColumns(Problem& problem, const LayerDesc& layer, ColumnOrder order);
/// The row of a column's weights where threads hold `run` (8, 16) neighbouring columns of a row's fragment.
int64_t fragmentRow(int64_t column, int64_t run = 16);
void packWeights(const LayerDesc& layer, const Problem& problem, const void* raw, void* packed);
/// What follows the sums of a layer whose weights are packed so.
std::optional<Epilogue> productEpilogue(const LayerDesc& layer, const Problem& problem);

}  // namespace sinter::cuda::gemm
