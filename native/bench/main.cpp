// Times single kernels on shapes of real networks: GFLOP/s, and the fraction of the multiply-add peak measured here.
// Usage: sinter_bench [kernel name part] [threads]. One thread is timed by its own processor time, so that a busy machine
// disturbs little; several by the clock.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/kernel.h"
#include "core/thread_pool.h"
#include "cpu/ceilings/peaks.h"
#include "cpu/reference/convert.h"

namespace {

using namespace sinter;

double seconds(int threads) {
    if (threads == 1) {
        timespec t{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Best of a few timed rounds of about `budget` seconds together.
template <typename Fn>
double best(int threads, double budget, Fn run) {
    run();
    double least = 1e30;
    const double stop = seconds(threads) + budget;
    do {
        const double start = seconds(threads);
        run();
        least = std::min(least, seconds(threads) - start);
    } while (seconds(threads) < stop);
    return least;
}

struct Memory {
    explicit Memory(uint64_t bytes) : floats(std::max<uint64_t>(1, bytes / sizeof(float) + 32)) {
        void* p = nullptr;
        if (posix_memalign(&p, 64, floats * sizeof(float)) != 0) throw std::bad_alloc();
        data.reset(static_cast<float*>(p));
        std::minstd_rand random(7);
        for (uint64_t i = 0; i < floats; ++i) data.get()[i] = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
    }
    uint64_t floats;
    std::unique_ptr<float, decltype(&std::free)> data{nullptr, &std::free};
};

TensorInfo info(std::vector<int64_t> dims, bool constant = false) {
    TensorInfo t;
    t.dtype = DType::F32;
    t.dims = std::move(dims);
    t.constant = constant;
    return t;
}

struct Sample {
    std::string text;
    LayerDesc layer;
    double flops;
};

Sample conv(int64_t c, int64_t size, int64_t m, int64_t k, int64_t stride, int64_t groups = 1) {
    const int64_t pad = k / 2;
    const int64_t out = (size + 2 * pad - k) / stride + 1;
    LayerDesc l;
    l.name = l.op = "Conv";
    l.attrs = {{"kernel_shape", std::vector<int64_t>{k, k}}, {"strides", std::vector<int64_t>{stride, stride}},
               {"dilations", std::vector<int64_t>{1, 1}},    {"pads", std::vector<int64_t>{pad, pad, pad, pad}}, {"group", groups}};
    l.inputs = {info({1, c, size, size}), info({m, c / groups, k, k}, true), info({m}, true)};
    l.opInputs = 3;
    l.outputs = {info({1, m, out, out})};
    char text[96];
    std::snprintf(text, sizeof text, "%lldx%lldx%lld -> %lld, %lldx%lld/%lld g%lld", static_cast<long long>(c), static_cast<long long>(size),
                  static_cast<long long>(size), static_cast<long long>(m), static_cast<long long>(k), static_cast<long long>(k),
                  static_cast<long long>(stride), static_cast<long long>(groups));
    return {text, l, 2.0 * static_cast<double>(out * out * m * (c / groups) * k * k)};
}

Sample matmul(int64_t rows, int64_t k, int64_t n) {
    LayerDesc l;
    l.name = l.op = "MatMul";
    l.attrs = {{"trans_a", int64_t{0}}, {"trans_b", int64_t{0}}, {"alpha", 1.0}};
    l.inputs = {info({rows, k}), info({k, n}, true), info({n}, true)};
    l.opInputs = 3;
    l.outputs = {info({rows, n})};
    return {std::to_string(rows) + "x" + std::to_string(k) + " by " + std::to_string(k) + "x" + std::to_string(n), l,
            2.0 * static_cast<double>(rows * k * n)};
}

/// The same layer on 8-bit activations, as they come after a Relu or with negative ones among them; its weights are
/// quantized when they are packed.
Sample quantized(Sample s, bool negative) {
    for (TensorInfo* t : {&s.layer.inputs[0], &s.layer.outputs[0]}) {
        t->dtype = DType::I8;
        t->scale = {0.02};
    }
    s.text += negative ? " int8 signed" : " int8";
    return s;
}

/// The same layer with its weights, or everything but the bias, in 16 bits.
Sample stored(Sample s, DType type, bool activations) {
    s.layer.inputs[1].dtype = type;
    if (activations) s.layer.inputs[0].dtype = s.layer.outputs[0].dtype = type;
    s.text += std::string(type == DType::F16 ? " f16" : " bf16") + (activations ? "" : " weights");
    return s;
}

TensorView view(const TensorInfo& t, const std::string& layout, void* data) {
    TensorView v;
    v.data = data;
    v.dtype = t.dtype;
    v.rank = static_cast<int>(t.dims.size());
    std::copy(t.dims.begin(), t.dims.end(), v.dims.begin());
    v.strides = layout == "nhwc" ? channelsLastStrides(t.dims) : linearStrides(t.dims);
    return v;
}

void measure(const Sample& s, const KernelRow& row, int threads, double peak) {
    const auto tactic = row.supports(s.layer, threads);
    if (!tactic) return;
    std::vector<Memory> memory;
    std::vector<TensorView> in, out;
    for (size_t i = 0; i < s.layer.inputs.size(); ++i) {
        const TensorInfo& t = s.layer.inputs[i];
        memory.emplace_back(static_cast<uint64_t>(t.count()) * sizeof(float));
        void* data = memory.back().data.get();
        if (t.dtype == DType::I8) {
            std::minstd_rand random(11);
            const bool negative = s.text.ends_with("signed");
            for (int64_t k = 0; k < t.count(); ++k) static_cast<int8_t*>(data)[k] = static_cast<int8_t>(negative ? static_cast<int>(random() % 255) - 127 : static_cast<int>(random() % 128));
        }
        if (t.dtype == DType::F16 || t.dtype == DType::BF16) {
            std::minstd_rand random(11);
            for (int64_t k = 0; k < t.count(); ++k) {
                const double x = static_cast<double>(random() % 2001) / 1000.0 - 1.0;
                static_cast<uint16_t*>(data)[k] = t.dtype == DType::F16 ? ref::floatToHalf(x) : ref::floatToBfloat(x);
            }
        }
        if (!tactic->packing[i].recipe.empty()) {
            Memory packed(tactic->packing[i].bytes);
            row.pack(s.layer, static_cast<int>(i), data, packed.data.get());
            memory.push_back(std::move(packed));
            data = memory.back().data.get();
        }
        in.push_back(view(t, t.constant ? "" : tactic->inputLayouts[i], data));
    }
    for (size_t i = 0; i < s.layer.outputs.size(); ++i) {
        memory.emplace_back(static_cast<uint64_t>(s.layer.outputs[i].count()) * sizeof(float));
        out.push_back(view(s.layer.outputs[i], tactic->outputLayouts[i], memory.back().data.get()));
    }
    const Memory workspace(tactic->workspace);
    ThreadPool pool(threads);
    const auto kernel = row.make(s.layer, threads);
    const double t = best(threads, 0.3, [&] { kernel->run({in, out, workspace.data.get(), &pool}); });
    std::printf("%-46s %-32s %9.1f us %8.1f GFLOP/s %5.2f of peak  (estimate %.1f us)\n", s.text.c_str(), row.name.c_str(), t * 1e6,
                s.flops / t * 1e-9, s.flops / t / (peak * threads), tactic->estimate * 1e-3);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string only = argc > 1 ? argv[1] : "";
    const int threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : 1;
    const auto peakOf = [](double (*fma)(int64_t)) {
        double flops = 0;
        const double t = best(1, 0.3, [&] { flops = fma(1 << 20); });
        return flops / t;
    };
    std::map<Isa, double> peaks;
    if (detectIsa() >= Isa::Avx2) peaks[Isa::Avx2] = peakOf(ceilings::floatsAvx2);
    if (detectIsa() >= Isa::Avx512) peaks[Isa::Avx512] = peakOf(ceilings::floatsAvx512);
    if (detectIsa() >= Isa::Avx512Vnni) peaks[Isa::Avx512Vnni] = peaks[Isa::Avx512];  // of float32, to compare with
    for (const auto& [isa, peak] : peaks) std::printf("multiply-add peak, %s: %.1f GFLOP/s a core\n", std::string(isaName(isa)).c_str(), peak * 1e-9);

    const std::vector<Sample> samples{
        conv(3, 224, 64, 7, 2),   conv(3, 224, 24, 3, 2),   conv(64, 224, 64, 3, 1),  conv(64, 56, 64, 3, 1),   conv(64, 56, 256, 1, 1),  conv(256, 56, 64, 1, 1),
        conv(128, 28, 128, 3, 1), conv(512, 28, 128, 1, 1), conv(512, 28, 512, 3, 1), conv(256, 14, 256, 3, 1), conv(1024, 14, 256, 1, 1),
        conv(256, 14, 1024, 1, 1), conv(512, 14, 512, 3, 2), conv(512, 7, 512, 3, 1), conv(2048, 7, 512, 1, 1), conv(96, 27, 256, 5, 1, 2),
        conv(136, 28, 136, 1, 1, 4), conv(96, 112, 96, 3, 2, 96), conv(144, 56, 144, 3, 1, 144), conv(960, 7, 960, 3, 1, 960),
        matmul(128, 768, 768),    matmul(128, 768, 3072),   matmul(128, 3072, 768),   matmul(1, 9216, 4096),
    };
    std::vector<Sample> all;
    for (const Sample& s : samples) {
        all.push_back(s);
        all.push_back(quantized(s, false));
        all.push_back(quantized(s, true));
        for (const DType t : {DType::F16, DType::BF16})
            for (const bool activations : {false, true}) all.push_back(stored(s, t, activations));
    }
    for (const Sample& s : all) {
        for (const KernelRow* row : KernelRegistry::instance().find(s.layer.op)) {
            if (row->isa == Isa::Scalar || row->name.find(only) == std::string::npos || !peaks.contains(row->isa)) continue;
            measure(s, *row, threads, peaks[row->isa]);
        }
    }
}
