// Convolutions and matrix products on tensor cores: one row per operand type, op and tile.
#include <algorithm>
#include <vector>

#include "cuda/codegen/types.h"
#include "cuda/gemm/tiles.h"

namespace sinter::cuda::gemm {
namespace {

/// What a row makes of its layer.
enum class Form { Convolution, Product, Patches };
/// The problem as kernels of this operand type see it; nothing when it is none for them.
std::optional<Problem> problemAs(Form form, const LayerDesc& d, Operand operand, const Tile& t) {
    auto g = form == Form::Patches ? patchesOf(d) : problemOf(d);
    if (!g) return g;
    if (operand == Operand::F32 && g->operand == Operand::TF32) g->operand = Operand::F32;
    if (g->operand != operand) return std::nullopt;
    g->parts = t.parts;
    if (t.fragments() || t.exchanged) orderColumns(*g, d, t.exchanged ? ColumnOrder::Exchanged : ColumnOrder::Fragments);
    return g;
}

constexpr size_t kOffered = 12;  ///< tactics per layer: the tuner times them all

double bytesOf(const LayerDesc& d) {
    double bytes = 0;
    for (const auto* list : {&d.inputs, &d.outputs}) {
        for (const TensorInfo& t : *list) bytes += t.present() ? static_cast<double>(t.count()) * static_cast<double>(dtypeSize(t.dtype)) : 0;
    }
    return bytes;
}

/// The estimate that the kOffered-th best tile of this problem has: rows beyond it are not offered. All rows of a table
/// ask in turn for one layer, so the last answer is kept.
double cutOff(const Problem& g, const DeviceProperties& device, double bytes) {
    struct Answer {
        Problem problem;
        double bytes = -1, limit = 0;
        int arch = 0, multiprocessors = 0;
    };
    thread_local Answer last;
    if (last.bytes == bytes && last.problem == g && last.arch == device.arch() && last.multiprocessors == device.multiprocessors) return last.limit;
    std::vector<double> all;
    for (const Tile& t : tiles()) {
        if (eligible(t, g, device)) all.push_back(estimate(t, g, device, bytes));
    }
    std::sort(all.begin(), all.end());
    last = {g, bytes, all.empty() ? 0 : all[std::min(all.size(), kOffered) - 1], device.arch(), device.multiprocessors};
    return last.limit;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand, Form form) {
    const auto g = problemAs(form, d, operand, t);
    if (!g || !eligible(t, *g, device) || !productEpilogue(d, *g)) return std::nullopt;
    const double bytes = bytesOf(d), time = estimate(t, *g, device, bytes);
    if (time > cutOff(*g, device, bytes) && !EveryTile::offered()) return std::nullopt;
    TacticInfo info;
    Epilogue::describeEven(d, g->result, info, form == Form::Product ? "linear" : "nhwc", g->order == ColumnOrder::Plain ? 0 : 16);
    info.inputLayouts[0] = form == Form::Convolution ? "nhwc" : "linear";
    // Rows of a matrix product must be evenly spaced, which a slice of another axis would break.
    const auto aligned = static_cast<uint32_t>(g->copyBytes() / g->bytes());
    info.inputViews[0] = form == Form::Patches ? 1 : form == Form::Convolution || d.inputs[0].dims.size() == 2 ? aligned : 0;
    info.inputViews[1] = 0;
    info.packing[1] = packingOf(*g);
    info.estimate = time;
    if (form == Form::Patches) {
        const auto gathered = static_cast<uint64_t>(g->rows * g->channels * g->bytes());
        info.workspace = gathered;
        info.estimate += 1500 + static_cast<double>(gathered) * 2 / device.bytesPerNs;
    }
    return info;
}

TensorMap inputMap(const Tile& t, const Problem& g, const void* x, int64_t pixels, DType type) {
    const auto bytes = static_cast<uint64_t>(g.bytes()), pitch = static_cast<uint64_t>(pixels) * bytes;
    const auto depth = static_cast<uint32_t>(t.bytes / g.bytes());
    const Swizzle swizzle = t.bytes == 128 ? Swizzle::B128 : Swizzle::B64;
    const auto at = [](int64_t v) { return static_cast<uint64_t>(v); };
    if (!g.windowed()) {
        return encode(TiledMap{.address = x, .dtype = type, .dims = {at(g.channels), at(g.rows)}, .strides = {pitch},
                               .box = {depth, static_cast<uint32_t>(t.m)}, .elementStrides = {}, .swizzle = swizzle, .roundTf32 = g.operand == Operand::TF32});
    }
    // The bounding box of filter corners: exactly q by p of them, whatever padding lies after the image.
    const auto corner = [](int64_t out, int64_t stride, int64_t in, int64_t pad) { return static_cast<int>((out - 1) * stride + 1 - in - pad); };
    return encode(Im2colMap{.address = x,
                            .dtype = type,
                            .dims = {at(g.channels), at(g.w), at(g.h), at(g.images)},
                            .strides = {pitch, pitch * at(g.w), pitch * at(g.w * g.h)},
                            .lowerCorner = {static_cast<int>(-g.padLeft), static_cast<int>(-g.padTop)},
                            .upperCorner = {corner(g.q, g.strideW, g.w, g.padLeft), corner(g.p, g.strideH, g.h, g.padTop)},
                            .channels = depth,
                            .pixels = static_cast<uint32_t>(t.m),
                            .elementStrides = {1, static_cast<uint32_t>(g.strideW), static_cast<uint32_t>(g.strideH), 1},
                            .swizzle = swizzle, .roundTf32 = g.operand == Operand::TF32});
}

TensorMap weightMap(const Tile& t, const Problem& g, const TensorView& w, DType type) {
    const auto bytes = static_cast<uint64_t>(g.bytes());
    const auto depth = static_cast<uint32_t>(t.bytes / g.bytes()), columns = static_cast<uint32_t>(t.n);
    const auto at = [](int64_t v) { return static_cast<uint64_t>(v); };
    TiledMap map{.address = w.data, .dtype = type, .dims = {at(g.channels), at(g.columns * g.parts)}, .strides = {at(g.channels) * bytes}, .box = {depth, columns},
                 .elementStrides = {}, .swizzle = t.bytes == 128 ? Swizzle::B128 : Swizzle::B64};
    if (g.taps() > 1) {
        map.dims = {at(g.channels), at(g.taps()), at(g.columns * g.parts)};
        map.strides = {at(g.channels) * bytes, at(g.reduction()) * bytes};
        map.box = {depth, 1, columns};
    }
    return encode(map);
}

/// The operand that conv_wgmma.cu brings through its ring beside those of the products, where it does.
std::optional<size_t> givenTo(const Tile& t, const Epilogue& epilogue) { return t.wgmma && t.persistent && !t.exchanged ? epilogue.given() : std::nullopt; }

/// Pieces of 64 columns, as high as a tile.
TensorMap givenMap(const Tile& t, const Problem& g, const Epilogue& epilogue, const TensorView& v) {
    const auto at = [](int64_t n) { return static_cast<uint64_t>(n); };
    const int64_t step = g.rows > 1 ? epilogue.rowStep(v) : g.columns;
    return encode(TiledMap{.address = v.data, .dtype = v.dtype, .dims = {at(g.columns), at(g.rows)}, .strides = {at(step) * 2}, .box = {64, static_cast<uint32_t>(t.m)},
                           .elementStrides = {}, .swizzle = Swizzle::B128});
}

LaunchSpec launchOf(const Tile& t, const Problem& g, DType type, const Epilogue& epilogue, const DeviceProperties& device, const KernelArgs& args) {
    LaunchSpec spec;
    const auto count = static_cast<uint32_t>((g.rows + t.m - 1) / t.m * ((g.columns + t.n - 1) / t.n));
    spec.block = {static_cast<uint32_t>(t.threads()), 1, 1};
    spec.cluster = {1, 1, static_cast<uint32_t>(t.split)};
    spec.dynamicShared = t.sharedBytes();
    spec.dependent = true;
    const TensorView& w = args.inputs[1];
    const void* const x = g.patches ? args.workspace : args.inputs[0].data;
    const int64_t pitch = pixelPitch(args.inputs[0], g);
    if (t.wgmma) {
        spec.entry = "conv_wgmma";
        spec.grid = {t.persistent ? std::min(count, static_cast<uint32_t>(device.multiprocessors * t.blocks)) : count, 1, static_cast<uint32_t>(t.split)};
        spec.params.add(inputMap(t, g, x, pitch, type)).add(weightMap(t, g, w, type));
        if (const auto k = givenTo(t, epilogue)) spec.params.add(givenMap(t, g, epilogue, args.inputs[*k]));
    } else {
        spec.entry = "conv_mma";
        spec.grid = {count, 1, static_cast<uint32_t>(g.groups * t.split)};
        spec.params.add(x).add(w.data).add(static_cast<int32_t>(pitch));
    }
    epilogue.addParams(spec.params, args);
    return spec;
}

/// The launch that writes the patches of the image to the workspace.
LaunchSpec gatherOf(const Problem& g, int64_t piece, const KernelArgs& args) {
    const TensorView& x = args.inputs[0];
    LaunchSpec spec;
    spec.entry = "gather_patches";
    spec.grid = {static_cast<uint32_t>((g.rows * g.channels / piece + 255) / 256), 1, 1};
    spec.block = {256, 1, 1};
    spec.dependent = true;
    spec.params.add(x.data).add(args.workspace).add(static_cast<int64_t>(x.strides[0])).add(static_cast<int32_t>(x.strides[1])).add(static_cast<int32_t>(x.strides[2]));
    return spec;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device, const Tile& t, Operand operand, Form form) {
    const Problem g = *problemAs(form, d, operand, t);
    const Epilogue epilogue = *productEpilogue(d, g);
    Source source;
    source.file = t.wgmma ? "conv_wgmma.cu" : "conv_mma.cu";
    source.architectureSpecific = t.wgmma;
    source.define("OPERAND", static_cast<int64_t>(g.operand));
    defineProblem(source, g);
    source.define("TILE_M", t.m);
    source.define("TILE_N", t.n);
    source.define("TILE_BYTES", t.bytes);
    source.define("STAGES", t.stages);
    source.define("MIN_BLOCKS", t.blocks);
    source.define("SPLIT", t.split);
    if (t.wgmma) {
        source.define("CONSUMERS", t.consumers);
        source.define("BLOCKS_M", t.blocksM());
        source.define("PERSISTENT", t.persistent ? 1 : 0);
        source.define("PINGPONG", t.pingpong ? 1 : 0);
        source.define("EXCHANGED", t.exchanged ? 1 : 0);
        source.define("BYTE_RESULTS", g.order != ColumnOrder::Plain);
        source.define("GIVEN", givenTo(t, epilogue) ? 1 : 0);
    } else {
        source.define("WARPS_M", t.warpsM);
        source.define("WARPS_N", t.warpsN);
        source.define("CONV_KP", g.weightRow());
        source.define("COPY_BYTES", g.copyBytes());
    }
    source.generated.emplace_back("epilogue.cuh", epilogue.text());
    int64_t piece = 1;  // elements that a thread of gather_patches moves
    if (form == Form::Patches) {
        const auto &w = d.inputs[1].dims, &y = d.outputs[0].dims;
        while (piece < 8 && w[3] % (piece * 2) == 0) piece *= 2;
        source.define("PATCHES", 1);
        source.defines.emplace_back("X_T", storageType(d.inputs[0].dtype));
        const std::pair<const char*, int64_t> values[] = {{"C", w[1]}, {"R", w[2]}, {"S", w[3]}, {"P", y[2]}, {"Q", y[3]}, {"ROWS", g.rows}};
        for (const auto& [name, value] : values) source.define(std::string("PATCH_") + name, value);
    }
    return {std::move(source), [t, g, epilogue, device, piece](const KernelArgs& args) {
                std::vector<LaunchSpec> all;
                if (g.patches) all.push_back(gatherOf(g, piece, args));
                all.push_back(launchOf(t, g, operandStorage(g.operand), epilogue, device, args));
                return all;
            }};
}

KernelRow rowOf(Form form, Operand operand, const Tile& t) {
    KernelRow row;
    row.name = std::string(operandName(operand)) + (form == Form::Product ? "_matmul" : form == Form::Convolution ? "_conv2d" : "_conv2d_patches") +
               (operand == Operand::F32 ? "_tf32x3__" : "__") + t.name(operand);
    row.op = form == Form::Product ? "MatMul" : "Conv";
    row.leastArch = t.wgmma ? 90 : 80;
    if (t.wgmma) row.mostArch = 90;
    row.supports = [t, operand, form](const LayerDesc& d, const DeviceProperties& device) { return supports(d, device, t, operand, form); };
    row.make = [t, operand, form](const LayerDesc& d, const DeviceProperties& device) { return make(d, device, t, operand, form); };
    row.pack = [t, operand, form](const LayerDesc& d, int, const void* raw, void* packed) {
        if (const auto g = problemAs(form, d, operand, t)) packWeights(d, *g, raw, packed);
    };
    return row;
}

std::vector<KernelRow> allRows() {
    std::vector<KernelRow> rows;
    for (const Operand operand : {Operand::F16, Operand::BF16, Operand::I8, Operand::TF32, Operand::F32}) {
        for (const Tile& t : tiles()) {
            if (!matches(t, operand)) continue;
            rows.push_back(rowOf(Form::Convolution, operand, t));
            rows.push_back(rowOf(Form::Product, operand, t));
            if (operand != Operand::I8) rows.push_back(rowOf(Form::Patches, operand, t));
        }
    }
    return rows;
}

SINTER_CUDA_KERNEL(gemm)(allRows());

}  // namespace
}  // namespace sinter::cuda::gemm
