// Layers that only move (and convert) elements: each is one or several strided copies.
#include <algorithm>
#include <numeric>

#include "cuda/codegen/types.h"
#include "cuda/layers/axes.h"
#include "cuda/layers/loop.h"

namespace sinter::cuda {
namespace {

constexpr int kThreads = 256;
using Dims = std::vector<int64_t>;

/// One strided copy: operand 0 of `axes` is the destination, operand 1 the source.
struct Job {
    Axes axes;
    void* to = nullptr;
    const void* from = nullptr;
};

Dims stridesOf(const TensorView& v) { return {v.strides.begin(), v.strides.begin() + v.rank}; }
void* offsetBy(const TensorView& v, int64_t elements) { return static_cast<std::byte*>(v.data) + elements * static_cast<int64_t>(dtypeSize(v.dtype)); }

/// Dims that both shapes can be split into, or nothing: [4, 6] and [2, 12] meet in [2, 2, 6].
std::optional<Dims> commonDims(const Dims& a, const Dims& b) {
    Dims out;
    const auto empty = [](const Dims& d) { return std::find(d.begin(), d.end(), 0) != d.end(); };
    if (empty(a) || empty(b)) return std::nullopt;
    size_t i = 0, j = 0;
    int64_t x = 1, y = 1;
    while (true) {
        while (x == 1 && i < a.size()) x = a[i++];
        while (y == 1 && j < b.size()) y = b[j++];
        if (x == 1 || y == 1) return x == y ? std::optional(out) : std::nullopt;
        const int64_t small = std::min(x, y), large = std::max(x, y);
        if (large % small != 0) return std::nullopt;
        out.push_back(small);
        x /= small;
        y /= small;
    }
}

/// Strides of a tensor over dims that split its own.
Dims splitStrides(const Dims& own, const Dims& strides, const Dims& dims) {
    Dims out;
    size_t axis = 0;
    int64_t left = 1;
    for (const int64_t d : dims) {
        while (left == 1) left = own[axis++];
        left /= d;
        out.push_back(strides[axis - 1] * left);
    }
    return out;
}

/// The same elements in row-major order of both shapes.
std::optional<Job> reshaping(const TensorView& to, const TensorView& from) {
    const auto dims = commonDims(dimsOf(from), dimsOf(to));
    if (!dims) {
        if (from.count() == 0 || from.count() != to.count() || !from.isLinear() || !to.isLinear()) return std::nullopt;
        return Job{{{to.count()}, {{1}, {1}}}, to.data, from.data};
    }
    return Job{{*dims, {splitStrides(dimsOf(to), stridesOf(to), *dims), splitStrides(dimsOf(from), stridesOf(from), *dims)}}, to.data, from.data};
}

using Jobs = std::vector<Job> (*)(const LayerDesc&, const KernelArgs&);

std::vector<Job> copyJobs(const LayerDesc&, const KernelArgs& args) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    const auto job = reshaping(y, x);
    return job ? std::vector<Job>{*job} : std::vector<Job>{};
}

std::vector<Job> transposeJobs(const LayerDesc& d, const KernelArgs& args) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    Dims from;
    for (const int64_t p : d.intsAttr("perm")) from.push_back(x.strides[static_cast<size_t>(p)]);
    return {{{dimsOf(y), {stridesOf(y), from}}, y.data, x.data}};
}

std::vector<Job> sliceJobs(const LayerDesc& d, const KernelArgs& args) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    const Dims starts = d.intsAttr("starts"), steps = d.intsAttr("steps");
    Dims from = stridesOf(x);
    int64_t offset = 0;
    for (size_t a = 0; a < from.size(); ++a) {
        offset += starts[a] * from[a];
        from[a] *= steps[a];
    }
    return {{{dimsOf(y), {stridesOf(y), from}}, y.data, offsetBy(x, offset)}};
}

size_t axisOf(const LayerDesc& d, int rank) {
    const int64_t axis = d.intAttr("axis", 0);
    return static_cast<size_t>(axis < 0 ? axis + rank : axis);
}

std::vector<Job> concatJobs(const LayerDesc& d, const KernelArgs& args) {
    const TensorView& y = args.outputs[0];
    const size_t axis = axisOf(d, y.rank);
    std::vector<Job> jobs;
    int64_t at = 0;
    for (const TensorView& x : args.inputs) {
        if (!x.present()) continue;
        if (x.count() > 0) jobs.push_back({{dimsOf(x), {stridesOf(y), stridesOf(x)}}, offsetBy(y, at * y.strides[axis]), x.data});
        at += x.dims[axis];
    }
    return jobs;
}

std::vector<Job> splitJobs(const LayerDesc& d, const KernelArgs& args) {
    const TensorView& x = args.inputs[0];
    const size_t axis = axisOf(d, x.rank);
    std::vector<Job> jobs;
    int64_t at = 0;
    for (const TensorView& y : args.outputs) {
        if (y.count() > 0) jobs.push_back({{dimsOf(y), {stridesOf(y), stridesOf(x)}}, y.data, offsetBy(x, at * x.strides[axis])});
        at += y.dims[axis];
    }
    return jobs;
}

/// Reshape to `dims` (splits axes of x), transpose by `perm`, reshape to the output's shape (merges axes).
std::vector<Job> shuffled(const TensorView& x, const TensorView& y, const Dims& dims, const Dims& perm) {
    const Dims split = splitStrides(dimsOf(x), stridesOf(x), dims);
    Dims permuted, from;
    for (const int64_t p : perm) {
        permuted.push_back(dims[static_cast<size_t>(p)]);
        from.push_back(split[static_cast<size_t>(p)]);
    }
    Dims wide, wideFrom;  // axes of size 1 belong to no axis in particular
    for (size_t a = 0; a < permuted.size(); ++a) {
        if (permuted[a] == 1) continue;
        wide.push_back(permuted[a]);
        wideFrom.push_back(from[a]);
    }
    return {{{wide, {splitStrides(dimsOf(y), stridesOf(y), wide), wideFrom}}, y.data, x.data}};
}

std::vector<Job> shuffleJobs(const LayerDesc& d, const KernelArgs& args) {
    // splitStrides needs dims without ones to stay within the axes; ones are kept for `perm` and dropped afterwards.
    const TensorView& x = args.inputs[0];
    const Dims dims = d.intsAttr("dims"), perm = d.intsAttr("perm");
    Dims wide;
    std::vector<int64_t> position(dims.size(), -1);
    for (size_t a = 0; a < dims.size(); ++a) {
        if (dims[a] == 1) continue;
        position[a] = static_cast<int64_t>(wide.size());
        wide.push_back(dims[a]);
    }
    Dims order;
    for (const int64_t p : perm) {
        if (position[static_cast<size_t>(p)] >= 0) order.push_back(position[static_cast<size_t>(p)]);
    }
    return shuffled(x, args.outputs[0], wide, order);
}

std::vector<Job> blockJobs(const LayerDesc& d, const KernelArgs& args) {
    const bool toSpace = d.op == "DepthToSpace";
    const TensorView &deep = args.inputs[0], &y = args.outputs[0];
    const int64_t b = d.intAttr("blocksize", 1);
    const bool crd = d.stringAttr("mode", "DCR") == "CRD";
    // Axes n, c, h, w and the block's two; `wide` is the tensor with more pixels, `narrow` the one with more channels.
    const TensorView& wide = toSpace ? y : deep;
    const TensorView& narrow = toSpace ? deep : y;
    const int64_t c = wide.dims[1];
    const int64_t channelStep = crd ? b * b : 1, blockStep = crd ? 1 : c;
    const Dims dims{wide.dims[0], c, narrow.dims[2], b, narrow.dims[3], b};
    const Dims inWide{wide.strides[0], wide.strides[1], wide.strides[2] * b, wide.strides[2], wide.strides[3] * b, wide.strides[3]};
    const int64_t s = narrow.strides[1];
    const Dims inNarrow{narrow.strides[0], s * channelStep, narrow.strides[2], s * blockStep * b, narrow.strides[3], s * blockStep};
    return {{{dims, toSpace ? std::vector<Dims>{inWide, inNarrow} : std::vector<Dims>{inNarrow, inWide}}, y.data, deep.data}};
}

/// Axes of y that are repeated count twice: turns, and places within x.
std::vector<Job> tileJobs(const LayerDesc&, const KernelArgs& args) {
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    Job job{{{}, {{}, {}}}, y.data, x.data};
    const auto add = [&](int64_t n, int64_t to, int64_t from) {
        job.axes.dims.push_back(n);
        job.axes.strides[0].push_back(to);
        job.axes.strides[1].push_back(from);
    };
    for (size_t a = 0; a < static_cast<size_t>(y.rank); ++a) {
        if (x.dims[a] != 1 && y.dims[a] != x.dims[a] && y.dims[a] != 0) add(y.dims[a] / x.dims[a], y.strides[a] * x.dims[a], 0);
        if (x.dims[a] == 1) add(y.dims[a], y.strides[a], 0);
        else add(y.dims[a] == 0 ? 0 : x.dims[a], y.strides[a], x.strides[a]);
    }
    return {job};
}

size_t tiledAxes(const LayerDesc& d) {
    size_t n = 0;
    for (size_t a = 0; a < d.outputs[0].dims.size(); ++a) n += d.inputs[0].dims[a] != 1 && d.inputs[0].dims[a] != d.outputs[0].dims[a] ? 2 : 1;
    return n;
}

struct DeviceMove {
    const void* from;
    void* to;
    int64_t fromStrides[8] = {}, toStrides[8] = {};
    int32_t dims[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    int32_t rank, total, p = 0, q = 0;
};

int axisWithStep(const std::vector<int64_t>& strides) {
    for (size_t a = 0; a < strides.size(); ++a) {
        if (strides[a] == 1) return static_cast<int>(a);
    }
    return -1;
}

LaunchSpec launchOf(Job job, DType x, DType y, int vector, const DeviceProperties& device) {
    job.axes.simplify();
    const auto& [dims, strides] = job.axes;
    DeviceMove m{};
    m.from = job.from;
    m.to = job.to;
    m.rank = static_cast<int32_t>(dims.size());
    m.total = static_cast<int32_t>(job.axes.count());
    for (size_t a = 0; a < dims.size(); ++a) {
        m.dims[a] = static_cast<int32_t>(dims[a]);
        m.toStrides[a] = strides[0][a];
        m.fromStrides[a] = strides[1][a];
    }
    LaunchSpec spec;
    spec.dependent = true;
    const std::array<void*, 2> addresses{job.to, const_cast<void*>(job.from)};
    const std::array<uint64_t, 2> sizes{dtypeSize(y), dtypeSize(x)};
    const bool contiguous = strides[0].back() == 1 && strides[1].back() == 1;
    m.p = axisWithStep(strides[1]);
    m.q = axisWithStep(strides[0]);
    if (contiguous && vector > 1 && job.axes.vectorWidth(vector, addresses, sizes) == vector) {
        spec.entry = "move_vector";
        spec.block = {kThreads, 1, 1};
        spec.grid = gridFor(m.total, kThreads, device, vector);
    } else if (m.p >= 0 && m.q >= 0 && m.p != m.q && m.dims[m.p] >= 8 && m.dims[m.q] >= 8) {
        spec.entry = "move_tiled";
        spec.block = {32, 8, 1};
        const auto tiles = [](int n) { return (n + 31) / 32; };
        const int others = m.total / (m.dims[m.p] * m.dims[m.q]);
        spec.grid = {static_cast<uint32_t>(tiles(m.dims[m.p]) * tiles(m.dims[m.q]) * others), 1, 1};
    } else {
        spec.entry = "move_scalar";
        spec.block = {kThreads, 1, 1};
        spec.grid = gridFor(m.total, kThreads, device);
    }
    spec.params.add(m);
    return spec;
}

bool sameNumbers(const TensorInfo& x, const TensorInfo& y) {
    return x.dtype == y.dtype && x.scale == y.scale && x.zeroPoint == y.zeroPoint;
}

int vectorOf(const TensorInfo& x, const TensorInfo& y) { return std::min<int>(16, 16 / static_cast<int>(std::max(dtypeSize(x.dtype), dtypeSize(y.dtype)))); }

/// "value.cuh" for move.cu.
std::string valueText(const TensorInfo& x, const TensorInfo& y) {
    const bool same = sameNumbers(x, y);
    const std::string xt = same ? plainType(x.dtype) : storageType(x.dtype), yt = same ? plainType(y.dtype) : storageType(y.dtype);
    std::string value = "x";
    if (!same) {
        value = "convert<" + computeType(valueType(x)) + ">(x)";
        if (x.quantized()) value = "((byte_to_float(x) - " + literal(static_cast<double>(x.zeroPoint), "float") + ") * " + literal(x.scale[0], "float") + ")";
        if (y.quantized()) {
            const double inverse = static_cast<double>(1.0F / static_cast<float>(y.scale[0]));
            value = "quantize<" + yt + ">(" + value + ", " + literal(inverse, "float") + ", " + literal(static_cast<double>(y.zeroPoint), "float") + ")";
        } else {
            value = "convert<" + yt + ">(" + value + ")";
        }
    }
    return "typedef " + xt + " X;\ntypedef " + yt + " Y;\n#define VECTOR " + std::to_string(vectorOf(x, y)) + "\nSINTER_DEVICE Y value(X x) { return " + value + "; }\n";
}

/// Every pair of input and output that a job joins has the same types: one kernel serves them all.
bool uniform(const LayerDesc& d) {
    for (const TensorInfo& x : d.inputs) {
        if (x.present() && d.op == "Concat" && !sameNumbers(x, d.inputs[0])) return false;
    }
    return std::all_of(d.outputs.begin(), d.outputs.end(), [&](const TensorInfo& y) { return sameNumbers(y, d.outputs[0]); });
}

bool oneScale(const TensorInfo& t) { return t.scale.size() <= 1 && (!t.quantized() || t.dtype == DType::I8 || t.dtype == DType::U8); }

/// What the CPU's reference must find well-formed: it moves one type, so a conversion is described by its source alone.
LayerDesc movedOnly(const LayerDesc& d) {
    LayerDesc plain = d;
    for (TensorInfo& t : plain.outputs) t.dtype = d.inputs[0].dtype;
    for (auto* list : {&plain.inputs, &plain.outputs}) {
        for (TensorInfo& t : *list) t.scale.clear();
    }
    return plain;
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (d.inputs.empty() || d.outputs.empty() || !d.program.empty() || !d.inputs[0].present() || !d.outputs[0].present() || !storable(d)) return std::nullopt;
    if (d.inputs[0].dtype == DType::Undefined || !uniform(d) || !oneScale(d.inputs[0]) || !oneScale(d.outputs[0]) || !wellFormed(movedOnly(d))) return std::nullopt;
    TacticInfo info = anyStrides(d);
    if ((d.op == "Copy" || d.op == "Reshape") && !commonDims(d.inputs[0].dims, d.outputs[0].dims)) {
        // Shapes that share no finer one: dense storage is the same for both.
        if (d.inputs[0].count() != d.outputs[0].count()) return std::nullopt;
        info.inputLayouts[0] = info.outputLayouts[0] = "linear";
        info.inputViews[0] = info.outputViews[0] = 0;
    }
    if (d.op == "Tile" && tiledAxes(d) > 8) return std::nullopt;
    info.estimate = moveEstimate(d, device, 1.5);
    return info;
}

template <Jobs jobs>
Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    Source source;
    source.file = "move.cu";
    source.generated.emplace_back("value.cuh", valueText(d.inputs[0], d.outputs[0]));
    const int vector = vectorOf(d.inputs[0], d.outputs[0]);
    return {std::move(source), [d, vector, device](const KernelArgs& args) {
                std::vector<LaunchSpec> list;
                for (const Job& job : jobs(d, args)) {
                    if (job.axes.count() > 0) list.push_back(launchOf(job, d.inputs[0].dtype, d.outputs[0].dtype, vector, device));
                }
                return list;
            }};
}

template <Jobs jobs>
KernelRow row(const char* name, const char* op) {
    return {.name = name, .op = op, .supports = supports, .make = make<jobs>, .pack = {}};
}

/// A BitCast moves bits: its input counts as of the output's type.
LayerDesc asMove(const LayerDesc& d) {
    LayerDesc move = d;
    move.op = "Copy";
    move.inputs[0].dtype = d.outputs[0].dtype;
    return move;
}
std::optional<TacticInfo> bitCastSupports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d) || d.inputs[0].quantized() || d.outputs[0].quantized()) return std::nullopt;
    return supports(asMove(d), device);
}
Specialization bitCastMake(const LayerDesc& d, const DeviceProperties& device) { return make<copyJobs>(asMove(d), device); }

SINTER_CUDA_KERNEL(move)(std::vector<KernelRow>{
    row<copyJobs>("any_copy__cuda", "Copy"),
    row<copyJobs>("any_reshape__cuda", "Reshape"),
    row<transposeJobs>("any_transpose__cuda", "Transpose"),
    row<sliceJobs>("any_slice__cuda", "Slice"),
    row<concatJobs>("any_concat__cuda", "Concat"),
    row<splitJobs>("any_split__cuda", "Split"),
    row<shuffleJobs>("any_shuffle__cuda", "Shuffle"),
    row<blockJobs>("any_depthtospace__cuda", "DepthToSpace"),
    row<blockJobs>("any_spacetodepth__cuda", "SpaceToDepth"),
    row<tileJobs>("any_tile__cuda", "Tile"),
    {.name = "any_bitcast__cuda", .op = "BitCast", .supports = bitCastSupports, .make = bitCastMake, .pack = {}},
});

}  // namespace
}  // namespace sinter::cuda
