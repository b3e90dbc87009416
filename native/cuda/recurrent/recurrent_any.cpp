// LSTM, GRU and RNN of any size and type: a launch per time step.
#include "cuda/recurrent/plan.h"

namespace sinter::cuda::recurrent {
namespace {

bool late(const Recurrence& s) { return s.cell == Cell::Gru && !s.linearBeforeReset; }

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    const auto p = Plan::of(d, *cellOf(d.op), device);
    if (!p) return std::nullopt;
    const auto line = static_cast<uint64_t>(p->s.directions * p->s.batch * p->s.hidden) * dtypeSize(p->acc);
    TacticInfo info = p->tactic(d, 5 * line);
    const double weights = static_cast<double>(p->s.directions * p->s.gates() * p->s.hidden * p->s.hidden) * static_cast<double>(dtypeSize(d.inputs[2].dtype));
    const double rows = static_cast<double>((p->s.batch + 3) / 4);
    info.estimate += static_cast<double>(p->s.steps) * ((late(p->s) ? 2 : 1) * 2500 + rows * weights / device.bytesPerNs) + 5000;
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    const Plan p = *Plan::of(d, *cellOf(d.op), device);
    Specialization k;
    k.source = p.source(d, "recurrent_any.cu");
    k.before.push_back(p.project(device));
    k.launches = [p, device](const KernelArgs& args) {
        const DeviceSequence q = p.sequence(args);
        const int64_t units = p.s.directions * p.s.hidden, states = units * p.s.batch, tasks = units * ((p.s.batch + 3) / 4);
        LaunchSpec whole;
        whole.block = {256, 1, 1};
        whole.grid = gridFor(states, 256, device);
        whole.params.add(q);
        LaunchSpec begin = whole, end = whole;
        begin.entry = "recurrent_begin";
        end.entry = "recurrent_end";
        std::vector<LaunchSpec> list{begin};
        for (int32_t step = 0; step < q.steps; ++step) {
            for (int32_t part = 0; part < (late(p.s) ? 2 : 1); ++part) {
                LaunchSpec spec;
                spec.entry = "recurrent_step";
                spec.block = {256, 1, 1};
                spec.grid = gridFor(tasks * 32, 256, device);
                spec.params.add(q).add(step).add(part);
                list.push_back(std::move(spec));
            }
        }
        list.push_back(end);
        return list;
    };
    return k;
}

KernelRow row(const char* name, const char* op) {
    return {.name = name, .op = op, .supports = supports, .make = make, .pack = {}, .packFor = Plan::pack};
}

SINTER_CUDA_KERNEL(recurrent_any)(std::vector<KernelRow>{
    row("any_lstm__cuda", "LSTM"),
    row("any_gru__cuda", "GRU"),
    row("any_rnn__cuda", "RNN"),
});

}  // namespace
}  // namespace sinter::cuda::recurrent
