#include "cuda/ceilings.h"

#include <algorithm>

#include "cuda/cuda_device.h"
#include "cuda/stream.h"

namespace sinter::cuda {
namespace {

constexpr int kRepeats = 8;
constexpr double kLongEnoughNs = 1e6;
constexpr double kBudgetNs = 2e8;
constexpr uint64_t kCopyBytes = uint64_t{512} << 20;

enum class Part { Copy, Floats, Mma, Wgmma };

/// What one launch is: its entry point, blocks, threads, and operations (or bytes) of one round of the whole grid.
struct Trial {
    Source source;
    LaunchSpec spec;
    double perRound = 0;
};

Source sourceOf(Part part, int operand) {
    Source s;
    s.file = part == Part::Mma ? "ceilings_mma.cu" : part == Part::Wgmma ? "ceilings_wgmma.cu" : "ceilings.cu";
    if (part == Part::Mma || part == Part::Wgmma) s.defines = {{"OPERAND", std::to_string(operand)}};
    s.architectureSpecific = part == Part::Wgmma;
    return s;
}

/// Nanoseconds of the fastest of a few launches with these parameters.
double fastest(CudaDevice& device, CudaStream& stream, const Trial& trial, const Params& params, int repeats, const StopToken* stop) {
    Specialization kernel{trial.source, [spec = trial.spec, params](const KernelArgs&) {
                              LaunchSpec s = spec;
                              s.params = params;
                              return std::vector<LaunchSpec>{std::move(s)};
                          }};
    const auto launch = device.launchOf(std::move(kernel));
    double best = 0;
    double spent = 0;
    for (int i = 0; i <= repeats && (best == 0 || spent < kBudgetNs); ++i) {  // the first one warms up
        throwIfStopped(stop);
        const auto start = stream.record();
        stream.launch(*launch, {});
        const auto end = stream.record();
        end->synchronize();
        const double ns = end->since(*start);
        spent += ns;
        if (i > 0 && (best == 0 || ns < best)) best = ns;
    }
    return best;
}

/// Operations a second, with rounds doubled until a launch is long enough to time.
double operations(CudaDevice& device, CudaStream& stream, const Trial& trial, void* memory, const StopToken* stop) {
    const auto params = [&](int rounds) { return Params().add(memory).add(rounds); };
    int rounds = 1;
    while (rounds < 1 << 20 && fastest(device, stream, trial, params(rounds), 1, stop) < kLongEnoughNs) rounds *= 2;
    const double ns = fastest(device, stream, trial, params(rounds), kRepeats, stop);
    return ns > 0 ? trial.perRound * rounds / ns * 1e9 : 0;
}

double copyRate(CudaDevice& device, CudaStream& stream, const StopToken* stop) {
    const DeviceProperties& p = device.properties();
    const uint64_t most = std::min(kCopyBytes, p.memoryBytes / 16);
    const auto from = device.allocate(most);
    const auto to = device.allocate(most);
    Trial trial{sourceOf(Part::Copy, 0), {}, 0};
    trial.spec.entry = "copy_chunks";
    trial.spec.grid = {static_cast<uint32_t>(p.multiprocessors * 8), 1, 1};
    trial.spec.block = {512, 1, 1};
    const auto params = [&](uint64_t bytes) { return Params().add(from->address()).add(to->address()).add(static_cast<unsigned long long>(bytes / 16)); };
    uint64_t bytes = std::min(most, uint64_t{1} << 20);
    // Grown step by step: a device that is slow beyond expectation is not asked for all of it.
    while (bytes < most && fastest(device, stream, trial, params(bytes), 1, stop) < 20 * kLongEnoughNs) bytes = std::min(most, bytes * 2);
    const double ns = fastest(device, stream, trial, params(bytes), kRepeats, stop);
    return ns > 0 ? 2.0 * static_cast<double>(bytes) / ns * 1e9 : 0;
}

}  // namespace

Ceilings measureCeilings(CudaDevice& device, const StopToken* stop) {
    const DeviceProperties& p = device.properties();
    CudaStream stream(device);
    const auto memory = device.allocate(256);
    const float start[2] = {0.999f, 0};
    stream.copyIn(memory->address(), start, sizeof start);
    const auto trial = [&](Part part, int operand, const char* entry, int blocks, double perBlockAndRound, uint32_t shared) {
        Trial t{sourceOf(part, operand), {}, perBlockAndRound * blocks};
        t.spec.entry = entry;
        t.spec.grid = {static_cast<uint32_t>(blocks), 1, 1};
        t.spec.block = {256, 1, 1};
        t.spec.dynamicShared = shared;
        return operations(device, stream, t, memory->address(), stop);
    };
    Ceilings c;
    c.flops.emplace_back("float32", trial(Part::Floats, 0, "fma_floats", p.multiprocessors * 8, 256.0 * 8 * 2, 0));
    struct Type {
        const char* name;
        int operand, bytes;
    };
    for (const Type& t : {Type{"float16", 0, 2}, Type{"bfloat16", 1, 2}, Type{"int8", 2, 1}}) {
        if (p.arch() < 80) break;
        // A warp multiplies eight tiles of 16 × 8 by 32 bytes a round; a block has eight warps.
        double rate = trial(Part::Mma, t.operand, "mma_tiles", p.multiprocessors * 4, 8.0 * 8 * 2 * 16 * 8 * (32.0 / t.bytes), 0);
        // A warpgroup multiplies 64 × 256 by 128 bytes a round; a block has two.
        if (p.arch() == 90) rate = std::max(rate, trial(Part::Wgmma, t.operand, "wgmma_tiles", p.multiprocessors, 2.0 * 2 * 64 * 256 * (128.0 / t.bytes), 48 * 1024));
        c.flops.emplace_back(t.name, rate);
    }
    c.bandwidth = copyRate(device, stream, stop);
    return c;
}

}  // namespace sinter::cuda
