#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sinter {

/// A kernel that ran on a device, by the device's own clock.
struct TracedKernel {
    std::string name;
    double start = 0, end = 0;  ///< nanoseconds
    uint64_t node = 0;          ///< ascending in the order of a recording's launches; 0 = launched by itself
};

/// Hears of every kernel that a device runs, for as long as it lives; one at a time per process. Tracing costs the kernels
/// nothing, but their launches a little.
class KernelTracer {
public:
    virtual ~KernelTracer() = default;
    /// What ran since the last call; the device must have nothing left to do.
    virtual std::vector<TracedKernel> take() = 0;
    /// What the times come from: "CUPTI 13.0".
    virtual std::string source() const = 0;
};

}  // namespace sinter
