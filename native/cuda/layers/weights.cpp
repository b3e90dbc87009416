#include "cuda/layers/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/quantized_layer.h"

namespace sinter::cuda {

/// Unsigned weights around their middle are signed ones.
constexpr int kMiddle = 128;

bool isIntegerProduct(const LayerDesc& d) {
    if (d.inputs.size() < 2 || !d.inputs[0].quantized() || d.inputs[0].scale.size() != 1) return false;
    const TensorInfo &x = d.inputs[0], &w = d.inputs[1];
    if ((x.dtype != DType::I8 && x.dtype != DType::U8) || !w.constant) return false;
    if (w.dtype == DType::F32) return true;
    return w.quantized() && ((w.dtype == DType::I8 && w.zeroPoint == 0) || (w.dtype == DType::U8 && w.zeroPoint == kMiddle));
}

IntegerWeights integerWeights(const LayerDesc& d, const void* raw, int64_t columns, const std::function<int64_t(int64_t)>& columnOf) {
    const TensorInfo& w = d.inputs[1];
    const auto count = static_cast<size_t>(w.count());
    IntegerWeights result{std::vector<int8_t>(count), {}};
    std::vector<double> scales(static_cast<size_t>(columns));
    if (w.dtype != DType::F32) {
        std::memcpy(result.values.data(), raw, count);
        if (w.dtype == DType::U8) {
            for (int8_t& v : result.values) v = static_cast<int8_t>(static_cast<uint8_t>(v) - kMiddle);
        }
        for (size_t c = 0; c < scales.size(); ++c) scales[c] = w.scale.size() == 1 ? w.scale[0] : w.scale[c];
    } else {
        const auto* f = static_cast<const float*>(raw);
        std::vector<float> largest(scales.size(), 0.0F);
        for (size_t i = 0; i < count; ++i) {
            float& l = largest[static_cast<size_t>(columnOf(static_cast<int64_t>(i)))];
            l = std::max(l, std::fabs(f[i]));
        }
        for (size_t c = 0; c < scales.size(); ++c) scales[c] = largest[c] > 0 ? static_cast<double>(largest[c]) / 127 : 1.0;
        for (size_t i = 0; i < count; ++i) {
            const double q = std::nearbyint(static_cast<double>(f[i]) / scales[static_cast<size_t>(columnOf(static_cast<int64_t>(i)))]);
            result.values[i] = static_cast<int8_t>(q > -127 ? std::min(q, 127.0) : -127.0);
        }
    }
    const double alpha = d.op == "MatMul" ? d.floatAttr("alpha", 1) : 1;
    for (const double s : scales) result.factors.push_back(static_cast<float>(d.inputs[0].scale[0] * s * alpha));
    if (quant::requantizes(d)) {
        size_t c = 0;
        for (const TensorInfo& y : d.outputs) {
            const int64_t width = d.op == "MatMul" ? y.dims.back() : y.dims[1];
            for (int64_t i = 0; i < width; ++i) result.factors[c++] /= static_cast<float>(y.scale[0]);
        }
    }
    return result;
}

void scatter(const void* raw, void* packed, int64_t count, size_t size, const std::function<int64_t(int64_t)>& place) {
    const auto* from = static_cast<const std::byte*>(raw);
    auto* to = static_cast<std::byte*>(packed);
    for (int64_t i = 0; i < count; ++i) std::memcpy(to + static_cast<size_t>(place(i)) * size, from + static_cast<size_t>(i) * size, size);
}

}  // namespace sinter::cuda
