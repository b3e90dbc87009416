// Col2Im: columns of blocks added up where they lie in the image.
#include "cpu/reference/dense.h"
#include "cpu/reference/row.h"

namespace sinter::ref {
namespace {

/// Inputs: columns[N, C · block, positions], the image's spatial shape (not read), the block's shape. Result [N, C, image…].
class Col2Im final : public Kernel {
public:
    static std::optional<double> estimate(const LayerDesc& d) {
        if (!hasInput(d, 0) || !hasInput(d, 2) || d.outputs.size() != 1) return std::nullopt;
        const auto &x = d.inputs[0], &y = d.outputs[0];
        if (x.dims.size() != 3 || y.dims.size() < 3 || x.dims[0] != y.dims[0] || y.dims[1] < 1 || x.dims[1] % y.dims[1] != 0) return std::nullopt;
        if (!isFloatType(x.dtype) || y.dtype != x.dtype || d.inputs[2].dtype != DType::I64 || d.inputs[2].count() != static_cast<int64_t>(y.dims.size()) - 2) return std::nullopt;
        return static_cast<double>(x.count()) * kOperationNs;
    }
    explicit Col2Im(const LayerDesc& d) {
        const size_t axes = d.outputs[0].dims.size() - 2;
        strides_ = intsOr(d, "strides", axes, 1);
        dilations_ = intsOr(d, "dilations", axes, 1);
        pads_ = intsOr(d, "pads", 2 * axes, 0);
        if (strides_.size() != axes || dilations_.size() != axes || pads_.size() != 2 * axes) throw std::runtime_error("its window does not fit its image");
    }

    void run(const KernelArgs& args) override {
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto columns = loadAll<double>(x);
        const auto block = loadAll<int64_t>(args.inputs[2]);
        const auto image = dimsOf(y).subspan(2);
        std::vector<int64_t> positions;
        for (size_t a = 0; a < image.size(); ++a) {
            const int64_t extent = (block[a] - 1) * dilations_[a] + 1;
            positions.push_back((image[a] + pads_[a] + pads_[a + image.size()] - extent) / std::max<int64_t>(strides_[a], 1) + 1);
        }
        const int64_t taps = countOf(block), places = countOf(positions), pixels = countOf(image), channels = y.dims[1];
        if (taps * channels != x.dims[1] || places != x.dims[2]) throw std::runtime_error("its columns are not those of this image and block");
        std::vector<double> sum(static_cast<size_t>(y.count()), 0.0);
        for (int64_t nc = 0; nc < y.dims[0] * channels; ++nc) {
            Odometer tap(block);
            for (int64_t t = 0; t < taps; ++t, tap.next()) {
                Odometer at(positions);
                for (int64_t p = 0; p < places; ++p, at.next()) {
                    int64_t offset = 0;
                    bool inside = true;
                    for (size_t a = 0; a < image.size(); ++a) {
                        const int64_t i = at[a] * strides_[a] + tap[a] * dilations_[a] - pads_[a];
                        inside = inside && i >= 0 && i < image[a];
                        offset = offset * image[a] + i;
                    }
                    if (inside) sum[static_cast<size_t>(nc * pixels + offset)] += columns[static_cast<size_t>((nc * taps + t) * places + p)];
                }
            }
        }
        storeAll(y, sum);
    }

private:
    std::vector<int64_t> strides_, dilations_, pads_;
};

SINTER_KERNEL(any_col2im){row<Col2Im>("any_col2im__scalar", "Col2Im")};

}  // namespace
}  // namespace sinter::ref
