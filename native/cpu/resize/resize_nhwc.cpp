// Linear and cubic Resize of the last two axes, channels last, float32: an output row is a weighted sum of input rows,
// an output pixel a weighted sum of that row's pixels.
#include <algorithm>
#include <memory>
#include <stdexcept>

#include "core/thread_pool.h"
#include "cpu/resize/kernels.h"
#include "cpu/resize/taps.h"
#include "cpu/simd/isa_family.h"

namespace sinter::resize {
namespace {

using simd::IsaFamily;

std::optional<ResizeGeometry> planOf(const LayerDesc& d) {
    if (!d.program.empty() || d.inputs.empty() || d.opInputs != 1 || d.outputs.size() != 1 || d.inputs[0].dims.size() != 4) return std::nullopt;
    if (d.inputs[0].dtype != DType::F32 || d.outputs[0].dtype != DType::F32) return std::nullopt;
    auto g = ResizeGeometry::of(d);
    if (!g || g->mode() == "nearest" || g->coordinate() == ResizeGeometry::Coordinate::CropAndResize) return std::nullopt;
    if (!g->untouched(g->axes()[0]) || !g->untouched(g->axes()[1])) return std::nullopt;
    return g;
}

class Resize final : public Kernel {
public:
    Resize(const LayerDesc& d, CombineFn combine)
        : name_(d.name), channels_(d.inputs[0].dims[1]), width_(d.inputs[0].dims[3]), rows_(tapsOf(*planOf(d), 2)), columns_(tapsOf(*planOf(d), 3)), combine_(combine) {}

    static int64_t scratchFloats(const LayerDesc& d) { return (d.inputs[0].dims[1] * d.inputs[0].dims[3] + 15) / 16 * 16; }

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        if (channels_ > 1 && (x.strides[1] != 1 || y.strides[1] != 1)) throw std::runtime_error("layer \"" + name_ + "\" wants its tensors channels last");
        if (y.count() == 0) return;
        const int64_t height = y.dims[2], scratch = (channels_ * width_ + 15) / 16 * 16;
        const auto body = [&](int64_t begin, int64_t end, int worker) {
            float* line = static_cast<float*>(args.workspace) + worker * scratch;
            std::vector<const float*> from;
            for (int64_t r = begin; r < end; ++r) runRow(x, y, r / height, r % height, line, from);
        };
        if (args.pool) args.pool->parallelFor(x.dims[0] * height, 1, body);
        else body(0, x.dims[0] * height, 0);
    }

private:
    void runRow(const TensorView& x, const TensorView& y, int64_t n, int64_t o, float* line, std::vector<const float*>& from) const {
        const FloatTap& row = rows_[static_cast<size_t>(o)];
        const float* image = x.as<const float>() + n * x.strides[0] + row.first * x.strides[2];
        const bool dense = x.strides[3] == channels_ || width_ == 1;
        for (int64_t w = 0; w < (dense ? 1 : width_); ++w) {
            from.clear();
            for (size_t t = 0; t < row.weights.size(); ++t) from.push_back(image + static_cast<int64_t>(t) * x.strides[2] + w * x.strides[3]);
            combine_(from.data(), row.weights.data(), static_cast<int>(from.size()), dense ? width_ * channels_ : channels_, line + w * channels_);
        }
        float* out = y.as<float>() + n * y.strides[0] + o * y.strides[2];
        for (const FloatTap& column : columns_) {
            from.clear();
            for (size_t t = 0; t < column.weights.size(); ++t) from.push_back(line + (column.first + static_cast<int64_t>(t)) * channels_);
            combine_(from.data(), column.weights.data(), static_cast<int>(from.size()), channels_, out);
            out += y.strides[3];
        }
    }

    std::string name_;
    int64_t channels_, width_;
    std::vector<FloatTap> rows_, columns_;
    CombineFn combine_;
};

KernelRow row(const IsaFamily& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Resize";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& d, int threads) -> std::optional<TacticInfo> {
        if (!planOf(d)) return std::nullopt;
        TacticInfo info;
        info.inputLayouts = info.outputLayouts = {"nhwc"};
        info.packing.resize(1);
        info.inputViews = info.outputViews = {1};
        info.workspace = static_cast<uint64_t>(Resize::scratchFloats(d) * std::max(1, threads)) * sizeof(float);
        const double moved = 4 * static_cast<double>(d.inputs[0].count() + 2 * d.outputs[0].count());
        const double pixels = static_cast<double>(d.outputs[0].count() / std::max<int64_t>(d.outputs[0].dims[1], 1));
        info.estimate = (moved / f.bytesPerNs + pixels * 5) / threads + 1500;
        return info;
    };
    r.make = [&f](const LayerDesc& d, int) -> std::unique_ptr<Kernel> {
        return std::make_unique<Resize>(d, f.isa == Isa::Avx2 ? combineAvx2() : combineAvx512());
    };
    return r;
}

SINTER_KERNEL(f32_resize_avx2){row(simd::kAvx2, "f32_resize2d__avx2")};
SINTER_KERNEL(f32_resize_avx512){row(simd::kAvx512, "f32_resize2d__avx512")};

}  // namespace
}  // namespace sinter::resize
