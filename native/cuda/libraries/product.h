#pragma once
#include <optional>
#include <string>

#include "cuda/gemm/problem.h"

namespace sinter::cuda {

/// A layer as one call of a library's matrix product: D = act(alpha · X · Wᵀ + residual + bias), X with one row per pixel or
/// row of a, W with one row per output channel.
struct Product {
    enum class Activation { None, Relu, GeluTanh };
    gemm::Problem shape;
    DType operand = DType::F16;  ///< of X and W
    DType result = DType::F16;   ///< of D, the residual and the bias
    bool tf32 = false;           ///< float32 operands may be rounded to TF32
    double alpha = 1;
    int bias = -1;               ///< input index; -1 = none
    int residual = -1;           ///< input index; -1 = none
    Activation activation = Activation::None;
};

/// Nothing when the layer is not exactly that: other programs (erf's GELU), several outputs, operands that only running gives.
/// Convolutions with windows or groups only where they are asked for.
std::optional<Product> productOf(const LayerDesc& layer, bool windows = false);

/// Layouts, views and packing of the product's operands; no workspace yet.
TacticInfo operandsOf(const LayerDesc& layer, const Product& product);
/// Converts weights and bias as operandsOf says; the bias has the result's type.
void packProduct(const LayerDesc& layer, const Product& product, int input, const void* raw, void* packed);

/// Elements from one row of a matrix to the next: of x (`columns` = channels), a residual or the result.
int64_t rowPitch(const TensorView& v, bool convolution, int64_t columns);

/// Nanoseconds that a good library kernel may take: what its operations and bytes cost at most of the card's speed.
double productEstimate(const LayerDesc& layer, const Product& product, const DeviceProperties& device);

}  // namespace sinter::cuda
