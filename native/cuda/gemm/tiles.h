#pragma once
#include <span>
#include <string>

#include "cuda/gemm/problem.h"

namespace sinter::cuda::gemm {

/// One way to cut a problem into blocks: a line of the tables in tiles.cpp. Sizes in result rows (m), columns (n) and
/// bytes of the reduction that one stage of the pipeline holds.
struct Tile {
    bool wgmma = false;          ///< Hopper's warpgroup kernel, conv_wgmma.cu; else conv_mma.cu
    int m = 0, n = 0, bytes = 128;
    int stages = 3;
    int blocks = 1;              ///< blocks wanted on a multiprocessor at once (caps registers)
    int split = 1;               ///< blocks of a cluster that share one tile's reduction
    int warpsM = 1, warpsN = 1;  ///< mma: warps along rows and columns
    int consumers = 1;           ///< wgmma: multiplying warpgroups
    bool persistent = false;     ///< wgmma: blocks walk over tiles
    int parts = 1;               ///< wgmma: Problem::parts of its weights; each part is a stage's columns of its own
    bool pingpong = false;       ///< wgmma, persistent: two consumers take whole tiles in turn, products beside epilogue
    bool exchanged = false;      ///< wgmma, persistent: channels are the rows of the products, 64 a consumer

    int threads() const;
    /// Rows of 64 that each wgmma warpgroup multiplies.
    int blocksM() const { return exchanged ? 1 : m / 64 / (pingpong ? 1 : consumers); }
    /// Whether its results may go from registers to memory (kernels/fragment_rows.cuh).
    bool fragments() const { return wgmma && !exchanged && split == 1 && n % 64 == 0; }
    /// Dynamic shared memory of a block, as the kernels lay it out.
    uint32_t sharedBytes() const;
    /// "sm90_wgmma_128x256x64_c2_s3_p", the part of a kernel's name after "__".
    std::string name(Operand operand) const;
};

std::span<const Tile> tiles();

/// Whether there is a kernel of this tile for these operands.
bool matches(const Tile& tile, Operand operand);
/// Whether a kernel of this tile can run the problem on the device.
bool eligible(const Tile& tile, const Problem& problem, const DeviceProperties& device);

/// While one lives, layers are offered every eligible tile, not only those with the best estimates: for tests of the kernels.
class EveryTile {
public:
    EveryTile();
    ~EveryTile();
    EveryTile(const EveryTile&) = delete;
    EveryTile& operator=(const EveryTile&) = delete;
    static bool offered();
};

/// Nanoseconds. Counts waves of blocks, the pipeline's stages (operations, shared memory and L2 traffic of each), the
/// epilogue and memory traffic; constants fitted to timings (docs/cuda-kernels.md).
double estimate(const Tile& tile, const Problem& problem, const DeviceProperties& device, double operandBytes);

}  // namespace sinter::cuda::gemm
