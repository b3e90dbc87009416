#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::cases {

/// Which cases and kernels of the shared cases a run takes, as the environment says:
/// SINTER_KERNEL: kernels whose name contains one of these words, separated by commas; SINTER_CASE_STEP=n: each n-th case, an
/// emulated GPU compiles every one on its own; SINTER_CASE_FROM=k: beginning with case k, so that n processes share a group;
/// SINTER_CASE_TILES=n: of the kernels that differ by their tile alone at most n a case, other ones at the next case.
struct Selection {
    std::vector<std::string> words;
    size_t step = 1, from = 0, tiles = 0;

    static Selection fromEnvironment();
    /// Whether the run is limited to some kernels, so that a group without any is no failure.
    bool limited() const { return !words.empty(); }
    /// The kernels to run on the case with this index in its group: places in `names`, in their order.
    std::vector<size_t> choose(std::span<const std::string> names, size_t caseIndex) const;
};

/// A kernel's name up to its tile: "f16_conv2d__sm80_mma" of "f16_conv2d__sm80_mma_64x64x32_s4".
std::string_view familyOf(std::string_view name);

}  // namespace sinter::cases
