#include "cases/harness.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

#include "cases/compile_rows.h"
#include "cases/device_rows.h"
#include "cases/selection.h"
#include "core/device.h"
#include "core/kernel.h"
#include "core/thread_pool.h"
#include "cpu/reference/convert.h"

namespace sinter::cases {
namespace {

constexpr size_t kGuard = 256;
constexpr auto kPattern = std::byte{0xA5};

/// How tensors lie in memory, where the kernel leaves a choice.
enum class Variant : uint8_t { Dense, ChannelsLast, Slice, Permuted };
constexpr const char* kVariantNames[] = {"dense", "nhwc", "slice", "permuted"};

/// Aligned bytes between guards that must keep their pattern.
class Memory {
public:
    explicit Memory(size_t bytes) : bytes_(bytes), data_(static_cast<std::byte*>(std::aligned_alloc(64, round(bytes) + 2 * kGuard)), &std::free) {
        std::fill_n(data_.get(), round(bytes) + 2 * kGuard, kPattern);
    }
    std::byte* data() const { return data_.get() + kGuard; }
    size_t bytes() const { return bytes_; }
    bool guardsIntact() const {
        const auto clean = [](std::byte b) { return b == kPattern; };
        return std::all_of(data_.get(), data(), clean) && std::all_of(data() + bytes_, data_.get() + round(bytes_) + 2 * kGuard, clean);
    }

private:
    static size_t round(size_t n) { return (n + 63) / 64 * 64; }
    size_t bytes_;
    std::unique_ptr<std::byte, decltype(&std::free)> data_;
};

struct Tensor {
    std::shared_ptr<Memory> memory;
    TensorView view;
};

template <typename F>
void forElements(const TensorView& v, F f) {
    std::vector<int64_t> at(static_cast<size_t>(v.rank), 0);
    const int64_t n = v.count();
    for (int64_t e = 0; e < n; ++e) {
        int64_t offset = 0;
        for (size_t a = 0; a < at.size(); ++a) offset += at[a] * v.strides[a];
        f(e, offset);
        for (size_t a = at.size(); a-- > 0;) {
            if (++at[a] < v.dims[a]) break;
            at[a] = 0;
        }
    }
}

int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/// Storage for a tensor in a layout; `align` > 0 allows a strided view and names its alignment.
Tensor makeTensor(const TensorInfo& info, const std::string& layout, Variant variant, uint32_t align, int viewAxis) {
    std::vector<int64_t> base = info.dims;
    const size_t rank = base.size();
    int64_t start = 0;
    size_t axis = 0;
    if (variant == Variant::Slice && align > 0 && rank > 0) {
        axis = layout == "nhwc" ? 1 : viewAxis >= 0 ? std::min(static_cast<size_t>(viewAxis), rank - 1) : std::min<size_t>(1, rank - 1);
        start = roundUp(3, align);
        base[axis] = roundUp(start + base[axis] + 2, align);
    }
    std::array<int64_t, kMaxRank> strides = linearStrides(base);
    if (layout == "nhwc" || (layout.empty() && variant == Variant::ChannelsLast && rank >= 3)) strides = channelsLastStrides(base);
    if (layout.empty() && variant == Variant::Permuted) {
        int64_t step = 1;
        for (size_t a = 0; a < rank; ++a) {
            strides[a] = step;
            step *= base[a];
        }
    }
    int64_t count = 1;
    for (int64_t d : base) count *= d;
    Tensor t;
    const size_t size = dtypeSize(info.dtype);
    t.memory = std::make_shared<Memory>(static_cast<size_t>(count) * size);
    t.view.data = t.memory->data() + static_cast<size_t>(rank > 0 ? start * strides[axis] : 0) * size;
    t.view.dtype = info.dtype;
    t.view.rank = static_cast<int>(rank);
    std::copy(info.dims.begin(), info.dims.end(), t.view.dims.begin());
    std::copy_n(strides.begin(), rank, t.view.strides.begin());
    return t;
}

void copyElements(const TensorView& from, const TensorView& to) {
    const size_t size = dtypeSize(from.dtype);
    std::vector<int64_t> offsets(static_cast<size_t>(from.count()));
    forElements(from, [&](int64_t e, int64_t o) { offsets[static_cast<size_t>(e)] = o; });
    forElements(to, [&](int64_t e, int64_t o) {
        std::memcpy(static_cast<std::byte*>(to.data) + static_cast<size_t>(o) * size,
                    static_cast<const std::byte*>(from.data) + static_cast<size_t>(offsets[static_cast<size_t>(e)]) * size, size);
    });
}

/// Nothing but the view's own elements may differ from the pattern.
bool onlyViewWritten(const Tensor& t) {
    if (!t.memory->guardsIntact()) return false;
    const size_t size = dtypeSize(t.view.dtype);
    std::vector<bool> mine(t.memory->bytes(), false);
    const size_t base = static_cast<size_t>(static_cast<std::byte*>(t.view.data) - t.memory->data());
    forElements(t.view, [&](int64_t, int64_t o) {
        for (size_t b = 0; b < size; ++b) mine[base + static_cast<size_t>(o) * size + b] = true;
    });
    for (size_t i = 0; i < mine.size(); ++i)
        if (!mine[i] && t.memory->data()[i] != kPattern) return false;
    return true;
}

std::vector<Tensor> makeInputs(const Case& c) {
    uint32_t seed = 2166136261u;
    for (char ch : c.desc.name) seed = (seed ^ static_cast<unsigned char>(ch)) * 16777619u;
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(c.low, c.high);
    std::vector<Tensor> inputs;
    for (size_t k = 0; k < c.desc.inputs.size(); ++k) {
        const TensorInfo& info = c.desc.inputs[k];
        if (!info.present()) {
            inputs.emplace_back();
            continue;
        }
        Tensor t = makeTensor(info, "linear", Variant::Dense, 0, -1);
        const auto n = static_cast<size_t>(info.count());
        std::vector<double> values(n);
        for (double& v : values) v = uniform(random);
        for (const auto& [input, given] : c.fill)
            if (input == k) {
                REQUIRE_MESSAGE(given.size() == n, c.desc.name, ": input ", k, " needs ", n, " values");
                values = given;
            }
        if (ref::isFloatType(info.dtype)) {
            ref::store(info.dtype, t.view.data, 0, 1, static_cast<int64_t>(n), values.data());
        } else {
            std::vector<int64_t> whole(n);
            for (size_t i = 0; i < n; ++i)
                whole[i] = info.dtype == DType::Bool ? values[i] > (c.low + c.high) / 2 : static_cast<int64_t>(std::nearbyint(values[i]));
            ref::store(info.dtype, t.view.data, 0, 1, static_cast<int64_t>(n), whole.data());
        }
        inputs.push_back(std::move(t));
    }
    return inputs;
}

/// Values of a view in row-major order; integers exactly.
struct Values {
    std::vector<double> floats;
    std::vector<int64_t> ints;
};
Values valuesOf(const TensorView& v) {
    Values r;
    if (ref::isFloatType(v.dtype)) {
        r.floats.resize(static_cast<size_t>(v.count()));
        ref::loadDense(v, r.floats.data());
    } else {
        r.ints.resize(static_cast<size_t>(v.count()));
        ref::loadDense(v, r.ints.data());
    }
    return r;
}

/// First difference beyond the tolerance, as text; empty when equal. `nearTies`: how many integers may be one off.
std::string difference(const Values& want, const Values& got, double tolerance, int64_t nearTies) {
    char text[200];
    for (size_t i = 0; i < want.ints.size(); ++i)
        if (want.ints[i] != got.ints[i]) {
            if (std::abs(want.ints[i] - got.ints[i]) == 1 && nearTies-- > 0) continue;
            std::snprintf(text, sizeof text, "element %zu is %lld instead of %lld", i, static_cast<long long>(got.ints[i]),
                          static_cast<long long>(want.ints[i]));
            return text;
        }
    double largest = 0;
    for (double v : want.floats)
        if (std::isfinite(v)) largest = std::max(largest, std::fabs(v));
    for (size_t i = 0; i < want.floats.size(); ++i) {
        const double a = want.floats[i], b = got.floats[i];
        if (a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= tolerance * largest) continue;
        std::snprintf(text, sizeof text, "element %zu is %.9g instead of %.9g (allowed %.3g)", i, b, a, tolerance * largest);
        return text;
    }
    return {};
}

struct Outcome {
    std::string error;            // empty when all is well
    std::vector<Values> values;
};

class Run {
public:
    Run(const Case& c, const std::vector<Tensor>& inputs, const KernelRow& row) : c_(c), inputs_(inputs), row_(row) {}

    /// The tactic when the kernel takes the case; its layouts are then part of `desc`.
    bool accepts(int threads) {
        desc_ = c_.desc;
        const auto info = row_.supports(desc_, threads);
        if (!info) return false;
        info_ = *info;
        for (size_t i = 0; i < desc_.inputs.size(); ++i)
            if (!desc_.inputs[i].constant) desc_.inputs[i].layout = info_.inputLayouts[i];
        for (size_t i = 0; i < desc_.outputs.size(); ++i) desc_.outputs[i].layout = info_.outputLayouts[i];
        return true;
    }
    /// Sizes of what the tactic says must match the layer.
    std::string malformed() const {
        if (info_.inputLayouts.size() != desc_.inputs.size() || info_.inputViews.size() != desc_.inputs.size() || info_.packing.size() != desc_.inputs.size())
            return "the tactic does not describe every input";
        if (info_.outputLayouts.size() != desc_.outputs.size() || info_.outputViews.size() != desc_.outputs.size())
            return "the tactic does not describe every output";
        return {};
    }
    bool has(Variant v) const {
        if (v == Variant::Dense) return true;
        const auto choice = [&](const TensorInfo& t, const std::string& layout, uint32_t view) {
            if (!t.present() || t.constant || t.dims.empty()) return false;
            if (v == Variant::Slice) return view > 0;
            return layout.empty() && view > 0 && t.dims.size() >= (v == Variant::ChannelsLast ? 3u : 2u);
        };
        for (size_t i = 0; i < desc_.inputs.size(); ++i)
            if (choice(desc_.inputs[i], info_.inputLayouts[i], info_.inputViews[i])) return true;
        for (size_t i = 0; i < desc_.outputs.size(); ++i)
            if (choice(desc_.outputs[i], info_.outputLayouts[i], info_.outputViews[i])) return true;
        return false;
    }

    bool onDevice() const { return row_.name.find("__cuda") != std::string::npos || row_.name.find("__sm") != std::string::npos; }

    Outcome execute(Variant variant, int threads, ThreadPool& pool) {
        Outcome out;
        std::vector<Tensor> in, to;
        std::vector<std::vector<std::byte>> before;
        for (size_t i = 0; i < inputs_.size(); ++i) {
            in.push_back(place(i, variant));
            before.emplace_back();
            if (in.back().memory) before.back().assign(in.back().memory->data(), in.back().memory->data() + in.back().memory->bytes());
        }
        for (size_t i = 0; i < desc_.outputs.size(); ++i)
            to.push_back(makeTensor(desc_.outputs[i], info_.outputLayouts[i], viewOf(variant, info_.outputViews[i]), info_.outputViews[i], c_.viewAxis));
        const Memory workspace(info_.workspace);
        std::vector<TensorView> inViews, outViews;
        for (const Tensor& t : in) inViews.push_back(t.view);
        for (const Tensor& t : to) outViews.push_back(t.view);
        try {
            row_.make(desc_, threads)->run({inViews, outViews, workspace.data(), &pool});
        } catch (const std::exception& e) {
            out.error = std::string("throws ") + e.what();
            return out;
        }
        for (size_t i = 0; i < to.size(); ++i) {
            if (!onlyViewWritten(to[i])) out.error = "writes outside output " + std::to_string(i);
            out.values.push_back(valuesOf(to[i].view));
        }
        if (!workspace.guardsIntact()) out.error = "writes outside its workspace";
        for (size_t i = 0; i < in.size(); ++i)
            if (in[i].memory && (!in[i].memory->guardsIntact() || !std::equal(before[i].begin(), before[i].end(), in[i].memory->data())))
                out.error = "changes input " + std::to_string(i);
        return out;
    }

private:
    /// A kernel without views gets dense tensors in every variant.
    static Variant viewOf(Variant v, uint32_t align) { return align == 0 ? Variant::Dense : v; }

    Tensor place(size_t i, Variant variant) {
        const TensorInfo& info = desc_.inputs[i];
        if (!info.present()) return {};
        if (info.constant && !info_.packing[i].recipe.empty()) {
            Tensor t = inputs_[i];
            t.memory = std::make_shared<Memory>(info_.packing[i].bytes);
            row_.pack(desc_, static_cast<int>(i), inputs_[i].view.data, t.memory->data());
            t.view.data = t.memory->data();
            return t;
        }
        Tensor t = info.constant ? makeTensor(info, "linear", Variant::Dense, 0, -1)
                                 : makeTensor(info, info_.inputLayouts[i], viewOf(variant, info_.inputViews[i]), info_.inputViews[i], c_.viewAxis);
        copyElements(inputs_[i].view, t.view);
        return t;
    }

    const Case& c_;
    const std::vector<Tensor>& inputs_;
    const KernelRow& row_;
    LayerDesc desc_;
    TacticInfo info_;
};

const KernelRow* referenceOf(const LayerDesc& d) {
    for (const KernelRow* row : KernelRegistry::instance().find(d.op))
        if (row->name.ends_with("__scalar") && row->name.starts_with("any_") && row->supports(d, 1)) return row;
    return nullptr;
}

bool sameBits(const Values& a, const Values& b) {
    return a.ints == b.ints && a.floats.size() == b.floats.size() &&
           (a.floats.empty() || std::memcmp(a.floats.data(), b.floats.data(), a.floats.size() * sizeof(double)) == 0);
}

/// Kernels that sum products of numbers in two bfloat16 parts (cpu/matmul/split_kernels.h) meet every case's tolerance
/// but that of the "long" epilogue, whose square root has no bound on its slope near zero.
double toleranceOf(const KernelRow& row, const Case& c) {
    const bool split = row.name.find("_bf16x3__") != std::string::npos;
    // A GPU's functions (erf, pow, …) are a few units in the last place off, its sums are in another order.
    if (row.name.find("__cuda") != std::string::npos || row.name.find("_tf32x3__") != std::string::npos) return std::max(c.tolerance, 2e-5);
    if (row.name.starts_with("tf32_")) return std::max(c.tolerance, c.desc.name.ends_with(" long") ? 5e-2 : 2e-3);  // factors of 11 bits
    return split && c.desc.name.ends_with(" long") ? std::max(c.tolerance, 5e-4) : c.tolerance;
}

/// All variants and thread counts of one kernel on one case; returns what is wrong, or nothing.
std::string checkKernel(Run& run, const std::vector<Values>& want, const Case& c, double tolerance, std::map<int, std::unique_ptr<ThreadPool>>& pools) {
    for (const Variant variant : {Variant::Dense, Variant::ChannelsLast, Variant::Slice, Variant::Permuted}) {
        std::vector<Values> first;
        for (const int threads : {1, 3}) {
            if (threads != 1 && run.onDevice()) break;  // threads are the CPU's
            if (!run.accepts(threads)) return "accepts the layer for one thread only";
            if (auto error = run.malformed(); !error.empty()) return error;
            if (!run.has(variant)) break;
            const std::string where = std::string(" (") + kVariantNames[static_cast<size_t>(variant)] + ", " + std::to_string(threads) + " threads)";
            auto& pool = pools[threads];
            if (!pool) pool = std::make_unique<ThreadPool>(threads);
            const Outcome got = run.execute(variant, threads, *pool);
            if (!got.error.empty()) return got.error + where;
            for (size_t i = 0; i < want.size(); ++i) {
                const auto nearTies = static_cast<int64_t>(std::ceil(c.nearTies * static_cast<double>(want[i].ints.size())));
                const std::string diff = difference(want[i], got.values[i], tolerance, nearTies);
                if (!diff.empty()) return "output " + std::to_string(i) + ": " + diff + where;
                if (threads != 1 && !sameBits(first[i], got.values[i])) return "output " + std::to_string(i) + " depends on the thread count" + where;
            }
            if (threads == 1) first = got.values;
        }
    }
    return {};
}

/// Layers that are not what their op expects: kernels must decline them, not fall over.
std::vector<LayerDesc> damaged(const LayerDesc& d) {
    std::vector<LayerDesc> all;
    const auto add = [&](auto change) {
        LayerDesc copy = d;
        change(copy);
        copy.opInputs = std::min(copy.opInputs, static_cast<uint32_t>(copy.inputs.size()));  // decoding guarantees that
        all.push_back(std::move(copy));
    };
    for (size_t a = 0; a < d.attrs.size(); ++a) {
        add([&](LayerDesc& l) { l.attrs.erase(l.attrs.begin() + static_cast<std::ptrdiff_t>(a)); });
        add([&](LayerDesc& l) { l.attrs[a].second = std::vector<int64_t>{}; });
        add([&](LayerDesc& l) { l.attrs[a].second = std::vector<int64_t>{-3, 0, 99}; });
        add([&](LayerDesc& l) { l.attrs[a].second = int64_t{1000}; });
        add([&](LayerDesc& l) { l.attrs[a].second = std::string("nonsense"); });
    }
    const auto shapes = [&](auto tensors, size_t i) {
        add([&](LayerDesc& l) { tensors(l)[i] = TensorInfo{}; });
        add([&](LayerDesc& l) { tensors(l)[i].dims.clear(); });
        add([&](LayerDesc& l) { tensors(l)[i].dims.push_back(2); });
        add([&](LayerDesc& l) { tensors(l)[i].dims.assign(9, 1); });
        add([&](LayerDesc& l) { std::fill(tensors(l)[i].dims.begin(), tensors(l)[i].dims.end(), 0); });
        add([&](LayerDesc& l) { tensors(l)[i].dtype = DType::String; });
        add([&](LayerDesc& l) { tensors(l).resize(i); });
    };
    for (size_t i = 0; i < d.inputs.size(); ++i) shapes([](LayerDesc& l) -> auto& { return l.inputs; }, i);
    for (size_t i = 0; i < d.outputs.size(); ++i) shapes([](LayerDesc& l) -> auto& { return l.outputs; }, i);
    add([](LayerDesc& l) { l.opInputs = 0; });
    if (!d.program.empty()) {
        add([](LayerDesc& l) { l.program.inputCount += 1; });
        add([](LayerDesc& l) { l.program.outputs = {1000}; });
        if (!d.program.code.empty()) {
            add([](LayerDesc& l) { l.program.code[0].op = "Nonsense"; });
            add([](LayerDesc& l) { l.program.code[0].args = {77, 78}; });
            add([](LayerDesc& l) { l.program.code[0].dtype = DType::String; });
        }
    }
    return all;
}

/// Asks every kernel of the op about damaged forms of a layer; returns which of them throws.
std::string checkRefusals(const LayerDesc& d) {
    for (const LayerDesc& bad : damaged(d))
        for (const KernelRow* row : KernelRegistry::instance().find(d.op)) {
            try {
                (void)row->supports(bad, 2);
            } catch (const std::exception& e) {
                return row->name + " throws " + e.what() + " when it is asked about a damaged layer";
            }
        }
    for (const auto& device : DeviceRegistry::instance().all()) {
        if (device->info().kind == "cpu") continue;
        for (const LayerDesc& bad : damaged(d)) {
            try {
                (void)device->enumerate(bad, 1);
            } catch (const std::exception& e) {
                return device->info().id + " throws " + e.what() + " when it is asked about a damaged layer";
            }
        }
    }
    return {};
}

}  // namespace

std::vector<std::string> findProblems(std::span<const Case> cases, std::map<std::string, int>& ran) {
    const Selection selection = Selection::fromEnvironment();
    std::map<int, std::unique_ptr<ThreadPool>> pools;
    pools[1] = std::make_unique<ThreadPool>(1);
    std::vector<std::string> problems;
    if (std::getenv("SINTER_CUDA_COMPILE") == nullptr) compileAhead(cases, selection);
    for (size_t at = selection.from; at < cases.size(); at += selection.step) {
        const Case& c = cases[at];
        if (std::getenv("SINTER_CASE_TACTICS") != nullptr) {  // lists what devices offer first, runs nothing
            for (const auto& device : DeviceRegistry::instance().all()) {
                const auto offered = device->enumerate(c.desc, 1);
                std::printf("%s\t%s\t%s\t%s\n", device->info().id.c_str(), offered.empty() ? "-" : offered.front().name.c_str(), c.desc.op.c_str(), c.desc.name.c_str());
            }
            ran["listed cases"] = static_cast<int>(at) + 1;
            continue;
        }
        if (std::getenv("SINTER_CUDA_COMPILE") != nullptr) {
            for (const std::string& problem : compileRows(c.desc, selection, at)) problems.push_back(c.desc.name + ": " + problem);
            ran["compiled kernel sources"] = compiledSources();
            continue;
        }
        const KernelRow* scalar = referenceOf(c.desc);
        if (scalar == nullptr) {
            problems.push_back(c.desc.name + ": no scalar reference takes this layer");
            continue;
        }
        if (const std::string problem = checkRefusals(c.desc); !problem.empty()) problems.push_back(c.desc.name + ": " + problem);
        const std::vector<Tensor> inputs = makeInputs(c);
        Run base(c, inputs, *scalar);
        base.accepts(1);
        const Outcome want = base.execute(Variant::Dense, 1, *pools[1]);
        if (!want.error.empty()) {
            problems.push_back(c.desc.name + ": " + scalar->name + " " + want.error);
            continue;
        }
        std::vector<const KernelRow*> rows = KernelRegistry::instance().find(c.desc.op);
        const std::vector<KernelRow> onDevices = deviceRows(c.desc);
        for (const KernelRow& row : onDevices) rows.push_back(&row);
        std::vector<std::string> names;
        for (const KernelRow* row : rows) names.push_back(row->name);
        for (const size_t chosen : selection.choose(names, at)) {
            const KernelRow* row = rows[chosen];
            Run run(c, inputs, *row);
            if (!run.accepts(1)) continue;
            // On a GPU a kernel may never end: the last line then names it.
            if (std::getenv("SINTER_CASE_VERBOSE") != nullptr) std::fprintf(stderr, "%s: %s\n", row->name.c_str(), c.desc.name.c_str());
            const std::string problem = checkKernel(run, want.values, c, toleranceOf(*row, c), pools);
            if (!problem.empty()) problems.push_back(c.desc.name + ": " + row->name + " " + problem);
            ++ran[row->name];
        }
    }
    return problems;
}

void runCases(const std::string& title, std::span<const Case> cases) {
    std::map<std::string, int> ran;
    for (const std::string& problem : findProblems(cases, ran)) FAIL_CHECK(problem);
    int pairs = 0;
    std::string detail;
    for (const auto& [kernel, count] : ran) {
        pairs += count;
        detail += "  " + kernel + " " + std::to_string(count);
    }
    std::printf("%s: %d (kernel, case) pairs over %zu cases:%s\n", title.c_str(), pairs, cases.size(), detail.c_str());
    CHECK((pairs > 0 || Selection::fromEnvironment().limited()));
}

std::vector<std::vector<double>> reference(const Case& c) {
    const KernelRow* scalar = referenceOf(c.desc);
    REQUIRE_MESSAGE(scalar != nullptr, c.desc.name, ": no scalar reference takes this layer");
    const std::vector<Tensor> inputs = makeInputs(c);
    ThreadPool pool(1);
    Run run(c, inputs, *scalar);
    run.accepts(1);
    const Outcome got = run.execute(Variant::Dense, 1, pool);
    if (!got.error.empty()) throw std::runtime_error(got.error);
    std::vector<std::vector<double>> out;
    for (const Values& v : got.values) {
        out.push_back(v.floats);
        for (int64_t x : v.ints) out.back().push_back(static_cast<double>(x));
    }
    return out;
}

}  // namespace sinter::cases
