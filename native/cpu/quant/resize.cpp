#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "cpu/quant/product.h"
#include "cpu/resize/kernels.h"
#include "cpu/resize/taps.h"

/// Resize of the last two axes, channels last, on 8-bit values: nearest moves bytes, the other modes read rows as float32,
/// weigh them as the float kernels do, and round once.
namespace sinter::quant {
namespace {

using resize::FloatTap;

std::optional<ResizeGeometry> geometryOf(const LayerDesc& d) {
    if (d.op != "Resize" || !d.program.empty() || d.inputs.empty() || d.opInputs != 1 || d.outputs.size() != 1 || d.inputs[0].dims.size() != 4) return std::nullopt;
    const auto g = ResizeGeometry::of(d);
    if (!g || g->coordinate() == ResizeGeometry::Coordinate::CropAndResize || !g->untouched(g->axes()[0]) || !g->untouched(g->axes()[1])) return std::nullopt;
    const TensorInfo &x = d.inputs[0], &y = d.outputs[0];
    if (g->mode() == "nearest") {
        const bool bytes = (x.dtype == DType::I8 || x.dtype == DType::U8) && x.dtype == y.dtype;
        return bytes && sameQuantization(x, y) ? g : std::nullopt;
    }
    return readableRow(x) && readableRow(y) && (isStored(x) || isStored(y)) ? g : std::nullopt;
}

/// Channels lie together in both.
void checkLayout(const KernelArgs& args, const std::string& name) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    if (x.dims[1] > 1 && (x.strides[1] != 1 || y.strides[1] != 1)) throw std::runtime_error("layer \"" + name + "\" wants its tensors channels last");
}

void overRows(const KernelArgs& args, const std::function<void(int64_t, int64_t, int)>& body) {
    const int64_t rows = args.outputs[0].dims[0] * args.outputs[0].dims[2];
    if (args.pool) args.pool->parallelFor(rows, 1, body);
    else body(0, rows, 0);
}

class Nearest final : public Kernel {
public:
    Nearest(const LayerDesc& d, const ResizeGeometry& g) : name_(d.name) {
        for (size_t axis : {2, 3})
            for (int64_t o = 0; o < g.axes()[axis].out; ++o) from_[axis - 2].push_back(g.untouched(g.axes()[axis]) ? o : g.nearestIndex(g.axes()[axis], o));
    }

    void run(const KernelArgs& args) override {
        checkLayout(args, name_);
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        const auto channels = static_cast<size_t>(x.dims[1]);
        overRows(args, [&](int64_t begin, int64_t end, int) {
            for (int64_t r = begin; r < end; ++r) {
                const int64_t n = r / y.dims[2], o = r % y.dims[2];
                const auto* line = static_cast<const std::byte*>(x.data) + n * x.strides[0] + from_[0][static_cast<size_t>(o)] * x.strides[2];
                auto* to = static_cast<std::byte*>(y.data) + n * y.strides[0] + o * y.strides[2];
                for (const int64_t w : from_[1]) {
                    std::memcpy(to, line + w * x.strides[3], channels);
                    to += y.strides[3];
                }
            }
        });
    }

private:
    std::string name_;
    std::vector<int64_t> from_[2];
};

/// Floats of one worker: the input rows of an output row as numbers, their sum, one output row.
struct Scratch {
    int64_t row, sum, out;
    Scratch(const LayerDesc& d, size_t taps) : row(align(d.inputs[0].dims[1] * d.inputs[0].dims[3])), sum(row), out(align(d.outputs[0].dims[1] * d.outputs[0].dims[3])), taps_(static_cast<int64_t>(taps)) {}
    int64_t floats() const { return row * taps_ + sum + out; }

private:
    static int64_t align(int64_t n) { return (n + 15) / 16 * 16; }
    int64_t taps_;
};

size_t most(const std::vector<FloatTap>& taps) {
    size_t n = 1;
    for (const FloatTap& t : taps) n = std::max(n, t.weights.size());
    return n;
}

class Weighted final : public Kernel {
public:
    Weighted(const LayerDesc& d, const ResizeGeometry& g, const Family& f)
        : name_(d.name), rows_(resize::tapsOf(g, 2)), columns_(resize::tapsOf(g, 3)), scratch_(d, most(rows_)), rowMove_(f.rowMove()),
          combine_(f.isa == Isa::Avx2 ? resize::combineAvx2() : resize::combineAvx512()) {
        TensorInfo floats;
        floats.dtype = DType::F32;
        load_ = moveBetween(d.inputs[0], floats);
        store_ = moveBetween(floats, d.outputs[0]);
    }

    void run(const KernelArgs& args) override {
        checkLayout(args, name_);
        const TensorView &x = args.inputs[0], &y = args.outputs[0];
        overRows(args, [&](int64_t begin, int64_t end, int worker) {
            float* const own = static_cast<float*>(args.workspace) + worker * scratch_.floats();
            for (int64_t r = begin; r < end; ++r) row(x, y, r / y.dims[2], r % y.dims[2], own);
        });
    }

private:
    void row(const TensorView& x, const TensorView& y, int64_t n, int64_t o, float* own) const {
        const FloatTap& taps = rows_[static_cast<size_t>(o)];
        const int64_t channels = x.dims[1], width = x.dims[3];
        const int64_t from = sizeOf(load_.fromType), to = sizeOf(store_.toType);
        std::vector<const float*> lines;
        for (size_t t = 0; t < taps.weights.size(); ++t) {
            float* const line = own + static_cast<int64_t>(t) * scratch_.row;
            const auto* at = static_cast<const std::byte*>(x.data) + (n * x.strides[0] + (taps.first + static_cast<int64_t>(t)) * x.strides[2]) * from;
            const bool dense = x.strides[3] == channels || width == 1;
            for (int64_t w = 0; w < (dense ? 1 : width); ++w) move(load_, at + w * x.strides[3] * from, line + w * channels, dense ? width * channels : channels);
            lines.push_back(line);
        }
        float* const sum = own + static_cast<int64_t>(most(rows_)) * scratch_.row;
        combine_(lines.data(), taps.weights.data(), static_cast<int>(lines.size()), width * channels, sum);
        float* const out = sum + scratch_.sum;
        float* pixel = out;
        for (const FloatTap& column : columns_) {
            lines.clear();
            for (size_t t = 0; t < column.weights.size(); ++t) lines.push_back(sum + (column.first + static_cast<int64_t>(t)) * channels);
            combine_(lines.data(), column.weights.data(), static_cast<int>(lines.size()), channels, pixel);
            pixel += channels;
        }
        auto* target = static_cast<std::byte*>(y.data) + (n * y.strides[0] + o * y.strides[2]) * to;
        const bool dense = y.strides[3] == channels || y.dims[3] == 1;
        for (int64_t w = 0; w < (dense ? 1 : y.dims[3]); ++w) move(store_, out + w * channels, target + w * y.strides[3] * to, dense ? y.dims[3] * channels : channels);
    }

    void move(RowMove m, const void* from, void* to, int64_t n) const {
        m.from = static_cast<const std::byte*>(from);
        m.to = static_cast<std::byte*>(to);
        m.n = n;
        rowMove_(m);
    }

    std::string name_;
    std::vector<FloatTap> rows_, columns_;
    Scratch scratch_;
    RowMove load_{}, store_{};
    RowMoveFn rowMove_;
    resize::CombineFn combine_;
};

std::optional<TacticInfo> supports(const LayerDesc& d, const Family& f, int threads) {
    const auto g = geometryOf(d);
    if (!g) return std::nullopt;
    TacticInfo info;
    info.inputLayouts = info.outputLayouts = {"nhwc"};
    info.packing.resize(1);
    info.inputViews = info.outputViews = {1};
    const auto out = static_cast<double>(d.outputs[0].count());
    const double pixels = out / static_cast<double>(std::max<int64_t>(d.outputs[0].dims[1], 1));
    if (g->mode() != "nearest") {
        const auto rows = resize::tapsOf(*g, 2);
        info.workspace = static_cast<uint64_t>(Scratch(d, most(rows)).floats() * std::max(1, threads)) * sizeof(float);
    }
    const double perNumber = g->mode() == "nearest" ? 0.02 : 0.25;
    info.estimate = (out * perNumber + pixels * 5 + static_cast<double>(d.inputs[0].count()) / f.floats.bytesPerNs) / threads + 1500;
    return info;
}

KernelRow row(const Family& f, const char* name) {
    KernelRow r;
    r.name = name;
    r.op = "Resize";
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& d, int threads) { return supports(d, f, threads); };
    r.make = [&f](const LayerDesc& d, int) -> std::unique_ptr<Kernel> {
        const ResizeGeometry g = *geometryOf(d);
        if (g.mode() == "nearest") return std::make_unique<Nearest>(d, g);
        return std::make_unique<Weighted>(d, g, f);
    };
    return r;
}

}  // namespace

SINTER_KERNEL(s8_resize_avx2){row(familyAvx2(), "s8_resize2d__avx2")};
SINTER_KERNEL(s8_resize_avx512){row(familyAvx512(), "s8_resize2d__avx512")};

}  // namespace sinter::quant
