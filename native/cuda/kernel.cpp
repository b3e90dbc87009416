#include "cuda/kernel.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/error.h"
#include "cuda/driver.h"

namespace sinter::cuda {
namespace {

/// CUtensorMapDataType.
int mapType(DType t, bool roundTf32) {
    switch (t) {
        case DType::U8:
        case DType::I8:
        case DType::Bool: return 0;
        case DType::U16:
        case DType::I16: return 1;
        case DType::U32: return 2;
        case DType::I32: return 3;
        case DType::I64: return 5;
        case DType::F16: return 6;
        case DType::F32: return roundTf32 ? 11 : 7;
        case DType::BF16: return 9;
        default: throw Error(ErrorCode::Kernel, "a tensor map of " + std::string(dtypeName(t)) + " does not exist");
    }
}

constexpr int kNoInterleave = 0, kPromote128 = 2, kFillZeros = 0;

const Driver& driver() {
    const Driver* d = Driver::get();
    if (!d) throw Error(ErrorCode::Device, Driver::problem());
    return *d;
}

std::vector<uint32_t> onesUnlessGiven(const std::vector<uint32_t>& given, size_t rank) {
    return given.empty() ? std::vector<uint32_t>(rank, 1) : given;
}

void checkMap(CuResult result) {
    if (result != 0) throw Error(ErrorCode::Kernel, "the driver refuses a tensor map (error " + std::to_string(result) + ")");
}

}  // namespace

TensorMap encode(const TiledMap& m) {
    TensorMap map;
    const auto steps = onesUnlessGiven(m.elementStrides, m.dims.size());
    checkMap(driver().encodeTiled(map.bytes.data(), mapType(m.dtype, m.roundTf32), static_cast<unsigned>(m.dims.size()), const_cast<void*>(m.address),
                                  m.dims.data(), m.strides.data(), m.box.data(), steps.data(), kNoInterleave, static_cast<int>(m.swizzle),
                                  kPromote128, kFillZeros));
    return map;
}

TensorMap encode(const Im2colMap& m) {
    TensorMap map;
    const auto steps = onesUnlessGiven(m.elementStrides, m.dims.size());
    checkMap(driver().encodeIm2col(map.bytes.data(), mapType(m.dtype, m.roundTf32), static_cast<unsigned>(m.dims.size()), const_cast<void*>(m.address),
                                   m.dims.data(), m.strides.data(), m.lowerCorner.data(), m.upperCorner.data(), m.channels, m.pixels,
                                   steps.data(), kNoInterleave, static_cast<int>(m.swizzle), kPromote128, kFillZeros));
    return map;
}

Params& Params::addBytes(const void* data, size_t size, size_t align) {
    const size_t at = (bytes_.size() + align - 1) / align * align;
    bytes_.resize(at + size);
    std::memcpy(bytes_.data() + at, data, size);
    offsets_.push_back(at);
    sizes_.push_back(size);
    return *this;
}

std::vector<void*> Params::pointers() const {
    std::vector<void*> p;
    // The driver only reads parameters.
    for (const size_t at : offsets_) p.push_back(const_cast<std::byte*>(bytes_.data() + at));
    return p;
}

void collectSources(const Specialization& kernel, std::vector<Source>& sources) {
    for (const Specialization& k : kernel.before) collectSources(k, sources);
    sources.push_back(kernel.source);
}

KernelTable& KernelTable::instance() {
    static KernelTable table;
    return table;
}

void KernelTable::add(KernelRow row) {
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), row.name, [](const KernelRow& r, const std::string& name) { return r.name < name; });
    if (at != rows_.end() && at->name == row.name) {
        std::fprintf(stderr, "Two CUDA kernels are named %s\n", row.name.c_str());
        std::abort();  // during static initialization: a programming error that nothing could catch
    }
    rows_.insert(at, std::move(row));
}

std::vector<const KernelRow*> KernelTable::find(std::string_view op, const DeviceProperties& device) const {
    std::vector<const KernelRow*> found;
    for (const KernelRow& row : rows_) {
        if (row.op == op && row.leastArch <= device.arch() && device.arch() <= row.mostArch) found.push_back(&row);
    }
    return found;
}

const KernelRow* KernelTable::byName(std::string_view name) const {
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), name, [](const KernelRow& r, std::string_view n) { return r.name < n; });
    return at != rows_.end() && at->name == name ? &*at : nullptr;
}

}  // namespace sinter::cuda
