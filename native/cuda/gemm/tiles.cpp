#include "cuda/gemm/tiles.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

namespace sinter::cuda::gemm {
namespace {

struct MmaLine {
    int m, n, bytes, warpsM, warpsN, stages, blocks;
    int splits;  ///< the allowed ones, added
};
/// The tiles that came within a few percent of the fastest on some layer of the benchmark networks.
constexpr MmaLine kMma[] = {
    {64, 64, 128, 2, 2, 4, 3, 15},  {16, 32, 128, 1, 2, 6, 5, 15},  {32, 32, 128, 2, 2, 6, 4, 15},
    {32, 64, 128, 1, 4, 6, 3, 15},  {16, 64, 128, 1, 4, 6, 3, 15},  {64, 32, 128, 2, 2, 4, 3, 13},
    {32, 128, 128, 1, 4, 4, 2, 15}, {128, 64, 128, 2, 2, 3, 2, 15}, {64, 32, 128, 2, 2, 8, 2, 3},
    {128, 32, 64, 4, 1, 4, 4, 1},           {128, 128, 64, 2, 2, 4, 2, 1},          {128, 128, 128, 2, 4, 4, 1, 1},
};

struct WgmmaLine {
    int m, n, bytes, consumers, stages;
    char walk;  ///< ' ' one tile, 'p' persistent, 'q' persistent in ping-pong
    int blocks, splits;
    bool exchanged = false;
};
constexpr WgmmaLine kWgmma[] = {
    {64, 128, 128, 1, 4, 'p', 2, 1},   {128, 96, 128, 1, 3, 'p', 2, 1},      {64, 64, 128, 1, 4, ' ', 3, 7},
    {64, 64, 128, 1, 6, ' ', 2, 15}, {128, 256, 128, 2, 3, 'p', 1, 1}, {128, 256, 128, 2, 4, 'p', 1, 1},
    {128, 64, 64, 2, 4, ' ', 3, 1},   {128, 192, 128, 2, 5, 'p', 1, 1},     {64, 128, 128, 1, 4, ' ', 2, 7},
    {128, 32, 128, 2, 4, ' ', 2, 1},  {256, 128, 128, 2, 4, 'p', 1, 1},     {128, 64, 128, 2, 3, ' ', 3, 1},
    {128, 128, 128, 2, 3, ' ', 2, 3}, {64, 32, 128, 1, 6, ' ', 4, 7}, {128, 96, 64, 2, 4, ' ', 2, 1},
    {128, 64, 128, 1, 4, 'p', 2, 1},   {64, 192, 128, 1, 3, 'p', 2, 1},      {128, 96, 128, 2, 3, ' ', 2, 5},
    {128, 192, 128, 2, 5, 'q', 1, 1},  {128, 160, 128, 2, 5, 'q', 1, 1},  {128, 128, 128, 2, 6, 'q', 1, 1},
    {64, 256, 128, 2, 4, 'q', 1, 1},   {128, 64, 128, 2, 6, 'q', 1, 1},   {128, 160, 128, 2, 5, 'p', 1, 1},  {128, 128, 128, 1, 3, 'p', 2, 1},
    {256, 64, 128, 2, 4, 'q', 1, 1, true}, {256, 128, 128, 2, 4, 'p', 1, 1, true}, {192, 128, 128, 2, 5, 'p', 1, 1, true},
    {192, 192, 128, 3, 4, 'p', 1, 1}, {192, 128, 128, 3, 4, 'p', 1, 1}, {192, 96, 128, 3, 5, 'p', 1, 1}, {192, 64, 128, 3, 6, 'p', 1, 1},
};

/// For F32: a thread holds each sum twice, a stage the weights in two parts.
constexpr WgmmaLine kWgmmaF32[] = {
    {128, 128, 128, 2, 4, 'p', 1, 1}, {128, 96, 128, 2, 4, 'p', 1, 1},  {128, 64, 128, 2, 5, 'p', 1, 1}, {64, 64, 128, 1, 4, ' ', 2, 15}, {64, 64, 128, 1, 3, ' ', 3, 15},
    {64, 32, 128, 1, 4, ' ', 4, 15},  {128, 32, 128, 2, 4, ' ', 2, 1},  {128, 128, 128, 2, 3, ' ', 1, 7}, {128, 64, 128, 2, 3, ' ', 1, 15},
};

std::vector<Tile> allTiles() {
    std::vector<Tile> all;
    for (const MmaLine& l : kMma) {
        for (const int split : {1, 2, 4, 8}) {
            if (!(l.splits & split)) continue;
            all.push_back({.m = l.m, .n = l.n, .bytes = l.bytes, .stages = l.stages, .blocks = l.blocks, .split = split, .warpsM = l.warpsM, .warpsN = l.warpsN});
        }
    }
    const auto addWgmma = [&](const WgmmaLine& l, int parts) {
        for (const int split : {1, 2, 4, 8}) {
            if (!(l.splits & split)) continue;
            all.push_back({.wgmma = true, .m = l.m, .n = l.n, .bytes = l.bytes, .stages = l.stages, .blocks = l.blocks, .split = split,
                           .consumers = l.consumers, .persistent = l.walk != ' ', .parts = parts, .pingpong = l.walk == 'q', .exchanged = l.exchanged});
        }
    };
    for (const WgmmaLine& l : kWgmma) addWgmma(l, 1);
    for (const WgmmaLine& l : kWgmmaF32) addWgmma(l, 2);
    return all;
}

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Steps of the pipeline for one whole tile.
int64_t stepsOf(const Tile& t, const Problem& g) {
    return t.wgmma ? g.taps() * ceilDiv(g.channels * g.bytes(), t.bytes) : ceilDiv(g.reduction() * g.bytes(), t.bytes);
}

}  // namespace

std::span<const Tile> tiles() {
    static const std::vector<Tile> all = allTiles();
    return all;
}

int Tile::threads() const {
    if (!wgmma) return 32 * warpsM * warpsN;
    // As in conv_wgmma.cu: consumers alone on a multiprocessor come with a whole warpgroup that gives up its registers.
    return 128 * consumers + (blocks == 1 && consumers >= 2 ? 128 : 32);
}

uint32_t Tile::sharedBytes() const {
    const int pipeline = stages * (m + n * parts) * bytes, sums = m * (n + 8) * 4;
    if (!wgmma) return static_cast<uint32_t>(split > 1 ? pipeline + sums : std::max(pipeline, sums));
    constexpr int alignment = 1024;
    if (split > 1) return static_cast<uint32_t>(alignment + pipeline + sums);
    if (!persistent) return static_cast<uint32_t>(alignment + std::max(pipeline, consumers * 4 * 16 * (n + 8) * 4));
    const int chunk = (exchanged ? m : n) % 64 == 0 && blocks == 1 && pipeline <= 180 * 1024 ? 64 : 32;
    if (exchanged) return static_cast<uint32_t>(alignment + pipeline + consumers * chunk * (64 + 4) * 4);
    return static_cast<uint32_t>(alignment + pipeline + consumers * 4 * 16 * (chunk + 8) * 4);
}

std::string Tile::name(Operand operand) const {
    const auto text = [](int v) { return std::to_string(v); };
    std::string s = wgmma ? "sm90_wgmma_" : "sm80_mma_";
    s += text(m) + "x" + text(n) + "x" + text(bytes / static_cast<int>(operandBytes(operand)));
    if (wgmma) s += "_c" + text(consumers);
    s += "_s" + text(stages);
    if (persistent) s += pingpong ? "_pp" : "_p";
    if (exchanged) s += "_t";
    if (split > 1) s += "_k" + text(split);
    return s;
}

bool matches(const Tile& t, Operand operand) {
    if (t.wgmma && t.consumers > 2 && operand == Operand::I8) return false;  // no case of bytes has run on three warpgroups yet
    if (t.wgmma) return (t.parts > 1) == (operand == Operand::F32);
    return operand != Operand::F32 || t.m / t.warpsM * (t.n / t.warpsN) <= 64 * 32;  // registers
}

bool eligible(const Tile& t, const Problem& g, const DeviceProperties& device) {
    if (!matches(t, g.operand)) return false;
    if (t.wgmma ? device.arch() != 90 : device.arch() < 80) return false;
    if (t.split > 1 && device.arch() < 90) return false;  // clusters
    if (t.sharedBytes() > device.sharedPerBlock) return false;
    const int64_t tileCount = ceilDiv(g.rows, t.m) * ceilDiv(g.columns, t.n) * g.groups, steps = stepsOf(t, g);
    if (t.split > 1 && (tileCount * t.split > 3 * device.multiprocessors || steps < 2 * t.split)) return false;
    if (!t.wgmma) return g.copyBytes() != 0;
    // Exchanged operands are for few channels: more would only read the pixels again.
    if (t.exchanged && g.columns > t.n && t.n == 64) return false;
    // The copy engine wants 16-byte strides, corners within a byte, and rows enough to be worth it.
    const int64_t cornerW = (g.q - 1) * g.strideW + 1 - g.w - g.padLeft, cornerH = (g.p - 1) * g.strideH + 1 - g.h - g.padTop;
    const auto fits = [](int64_t v) { return v >= -128 && v <= 127; };
    return g.groups == 1 && g.channels * g.bytes() % 16 == 0 && g.rows > 32 && fits(-g.padLeft) && fits(-g.padTop) && fits(cornerW) && fits(cornerH) &&
           g.strideH <= 8 && g.strideW <= 8 && (g.r - 1) * g.dilationH < 256 && (g.s - 1) * g.dilationW < 256;
}

namespace {
std::atomic<int> everyTile = 0;
}
EveryTile::EveryTile() { ++everyTile; }
EveryTile::~EveryTile() { --everyTile; }
bool EveryTile::offered() { return everyTile > 0; }

namespace {

/// Turns of the multiprocessors through all blocks, each that a multiprocessor holds at once counted on its own.
double turnsOf(double blocks, double resident, double multiprocessors) {
    const double whole = std::floor(blocks / (multiprocessors * resident)) * resident;
    return whole + std::ceil((blocks - whole * multiprocessors) / multiprocessors);
}

/// estimate() for blocks that walk over tiles of 16-bit operands: their epilogue rounds in the fragments, and with ping-pong only the
/// last one shows. Fitted to 531 timings of 28 layers.
double estimateWalk(const Tile& t, double blocks, double resident, double steps, double traffic, const DeviceProperties& device) {
    const double concurrent = std::min(resident, std::ceil(blocks / device.multiprocessors)), results = static_cast<double>(t.m) * t.n;
    const double loaded = static_cast<double>(t.m + t.n) * t.bytes, read = (t.exchanged ? t.n / 64.0 * (64 + t.m) : t.m / 64.0 * (64 + t.n)) * t.bytes;
    const double stage = std::max({results * t.bytes / 13.4e6, (loaded + read) / 221e3, loaded / 103e3});
    const double latency = (0.375 * 2 / std::max(1, t.stages - 1) + 0.075) / concurrent, products = steps * std::max(stage, latency);
    const double epilogue = results / 16384 * (t.exchanged ? 2.07 : t.pingpong ? 1.66 : 1.32) * (t.consumers == 1 && !t.exchanged ? 2.28 : 1);
    const double turns = turnsOf(blocks, resident, device.multiprocessors);
    const double work = t.pingpong ? turns * std::max(products + 0.43, epilogue / 2) + epilogue : turns * (products + epilogue / concurrent);
    return 1000 * (std::max(work, traffic) + 0.24 * std::min(work, traffic) + 1.49);
}

}  // namespace

double estimate(const Tile& t, const Problem& g, const DeviceProperties& device, double bytes) {
    const double sms = device.multiprocessors;
    const double blocks = static_cast<double>(ceilDiv(g.rows, t.m) * ceilDiv(g.columns, t.n) * g.groups * t.split);
    const double steps = std::max(1.0, static_cast<double>(stepsOf(t, g)) / t.split);
    const double resident = std::clamp<double>(std::floor(static_cast<double>(device.sharedPerMultiprocessor) / (t.sharedBytes() + 1024)), 1, t.blocks);
    const double traffic = bytes / (device.bytesPerNs * 0.95) / 1000;
    if (t.persistent && (g.operand == Operand::F16 || g.operand == Operand::BF16)) return estimateWalk(t, blocks, resident, steps, traffic, device);
    const double concurrent = std::min(resident, std::ceil(blocks / sms));
    // Microseconds of one stage on a multiprocessor of its own: 32 bytes are one product step of any operand type.
    const bool split = g.operand == Operand::F32;
    // Parts: wgmma is bound by what its operands take; mma also by splitting them, the more the smaller a warp's tile.
    const double products = static_cast<double>(t.m) * t.n * t.bytes * (!split ? 1 : t.wgmma ? 1 : 3 + 69.0 * t.warpsN / t.n + 69.0 * t.warpsM / t.m), loaded = static_cast<double>(t.m + t.n * t.parts) * t.bytes;
    const double read = t.exchanged ? t.n / 64.0 * (64 + t.m) * t.bytes : t.wgmma ? t.m / 64.0 * (64 + t.n * (split ? 3 : 1)) * t.bytes : static_cast<double>(t.m * t.warpsN + t.n * t.warpsM) * t.bytes;
    const double stage = std::max({products / (t.wgmma ? 13.4e6 : split ? 3.44e6 : 1.39e6), (loaded + read) / 212e3, loaded / 93e3});
    // A stage's latency, less what the ring hides and what other blocks on the multiprocessor overlap.
    const double latency = ((t.wgmma ? 0.433 : 0.19) * 2 / std::max(1, t.stages - 1) + (split ? t.wgmma ? 0.248 : 0.275 : t.wgmma ? 0.032 : 0.146)) / concurrent;
    const double epilogue = static_cast<double>(t.m) * t.n / t.split * (split ? 4.39 : 3.17) / 16384;
    const double block = steps * std::max(stage, latency) + (0.45 + epilogue) / concurrent * (t.pingpong ? 0.33 : t.persistent ? 0.89 : 1);
    const double launch = 0.77 + (t.split > 1 ? 0.79 + 0.67 * std::log2(t.split) : 0);
    // The longer of work and traffic, and some of the other: they overlap, not quite.
    const double work = turnsOf(blocks, resident, sms) * block;
    return 1000 * (std::max(work, traffic) + 0.2 * std::min(work, traffic) + launch);
}

}  // namespace sinter::cuda::gemm
