// LSTM, GRU and RNN whose recurrent weights fit into the registers of all multiprocessors together: one launch for all time
// steps (recurrent_persistent.cu).
#include <algorithm>
#include <array>

#include "cuda/recurrent/plan.h"

namespace sinter::cuda::recurrent {
namespace {

constexpr int kThreads = 256, kWarps = 8, kMostHeld = 128;

/// How the layer is divided over blocks.
struct Division {
    int64_t units = 0, batch = 0;  ///< hidden units and batch rows of one block
    int64_t unitBlocks = 0, groups = 0, blocks = 0;
    uint32_t shared = 0;
    double stepNs = 0;
};

bool late(const Recurrence& s) { return s.cell == Cell::Gru && !s.linearBeforeReset; }

std::optional<Division> divided(const Recurrence& s, int64_t units, int64_t batch, const DeviceProperties& device) {
    const int64_t padded = (s.hidden + 127) / 128 * 128, rows = s.gates() * units;
    if (rows * padded / 32 > kMostHeld * kWarps || units * batch > 4 * kThreads) return std::nullopt;
    Division d{units, batch, (s.hidden + units - 1) / units, (s.batch + batch - 1) / batch, 0, 0, 0};
    d.blocks = s.directions * d.unitBlocks * d.groups;
    if (d.blocks > device.multiprocessors) return std::nullopt;
    const uint64_t shared = sizeof(float) * static_cast<uint64_t>(batch * padded + rows * (batch + 1));
    if (shared > device.sharedPerBlock) return std::nullopt;
    d.shared = static_cast<uint32_t>(shared);
    // A state's way through the second-level cache, its words (40 bytes a nanosecond and block), products and their sums.
    const double exchange = d.unitBlocks > 1 ? 900 : 500;
    d.stepNs = (late(s) ? 2 : 1) * (exchange + static_cast<double>(batch * s.hidden) * 8 / 40) + static_cast<double>(rows * padded * batch) / (128 * 1.2) +
               static_cast<double>(rows * batch) * 0.5 + 400;
    return d;
}

std::optional<Division> divisionOf(const Recurrence& s, const DeviceProperties& device) {
    std::optional<Division> best;
    const int64_t step = s.cell == Cell::Lstm ? 2 : 8;
    for (const int64_t b : {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64}) {
        if (b > s.batch) break;
        for (int64_t units = step; units < s.hidden + step; units += step) {
            const auto d = divided(s, units, b, device);
            if (d && (!best || d->stepNs < best->stepNs)) best = d;
        }
    }
    return best;
}

uint64_t exchangeBytes(const Recurrence& s, const Division& d) {
    return 2 * 8 * static_cast<uint64_t>(s.directions * d.groups * d.batch * s.hidden);
}

struct Fit {
    Plan plan;
    Division division;
};

std::optional<Fit> fitOf(const LayerDesc& d, const DeviceProperties& device) {
    const auto p = Plan::of(d, *cellOf(d.op), device);
    if (!p || p->acc != DType::F32) return std::nullopt;
    const auto division = divisionOf(p->s, device);
    if (!division) return std::nullopt;
    return Fit{*p, *division};
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    const auto fit = fitOf(d, device);
    if (!fit) return std::nullopt;
    TacticInfo info = fit->plan.tactic(d, exchangeBytes(fit->plan.s, fit->division));
    info.estimate += 6000 + static_cast<double>(fit->plan.s.steps) * fit->division.stepNs;
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const Fit fit = *fitOf(d, device);
    Specialization k;
    k.source = fit.plan.source(d, "recurrent_persistent.cu");
    k.source.define("UNITS", fit.division.units);
    k.source.define("BATCH", fit.division.batch);
    k.before.push_back(fit.plan.project(device));
    k.launches = [fit](const KernelArgs& args) {
        const DeviceSequence q = fit.plan.sequence(args);
        LaunchSpec spec;
        spec.entry = "recurrent_persistent";
        spec.grid = {static_cast<uint32_t>(fit.division.blocks), 1, 1};
        spec.block = {kThreads, 1, 1};
        spec.dynamicShared = fit.division.shared;
        spec.cooperative = true;
        spec.zeroed = q.work;  // no step is 0
        spec.zeroedBytes = exchangeBytes(fit.plan.s, fit.division);
        spec.params.add(q).add(q.work);
        return std::vector{spec};
    };
    return k;
}

KernelRow row(const char* name, const char* op) {
    return {.name = name, .op = op, .leastArch = 80, .supports = supports, .make = make, .pack = {}, .packFor = Plan::pack};
}

SINTER_CUDA_KERNEL(recurrent_persistent)(std::vector<KernelRow>{
    row("f32_lstm__sm80_persistent", "LSTM"),
    row("f32_gru__sm80_persistent", "GRU"),
    row("f32_rnn__sm80_persistent", "RNN"),
});

}  // namespace
}  // namespace sinter::cuda::recurrent
