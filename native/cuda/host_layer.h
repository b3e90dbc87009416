#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "core/device.h"

namespace sinter::cuda {

/// Layers that no GPU kernel runs are run by the CPU's kernels: operands are copied to the host and results back. Their
/// tactics are the CPU's own with this in front of the name, so that engines, reports and profiles show and count them.
constexpr std::string_view kHostPrefix = "cpu:";
inline bool isHostTactic(std::string_view tactic) { return tactic.starts_with(kHostPrefix); }

/// The CPU's tactics for a layer, those with unpacked constants, in its order; nothing when the CPU cannot run it either.
std::vector<Tactic> hostTactics(const LayerDesc& layer, double copyNsPerByte);
TacticInfo describeHost(const LayerDesc& layer, std::string_view tactic, double copyNsPerByte);

/// A layer on the CPU. It waits for the stream it is launched on, and cannot be recorded.
class HostLaunch final : public Launch {
public:
    HostLaunch(const LayerDesc& layer, std::string_view tactic);
    bool recordable() const override { return false; }
    /// `threads`: of the CPU, one such stream for all layers that a GPU's stream hands over.
    void run(Stream& stream, Stream& threads, const KernelArgs& args);
    static std::unique_ptr<Stream> threads();

private:
    std::unique_ptr<Launch> launch_;
    uint64_t workspace_ = 0;
};

}  // namespace sinter::cuda
