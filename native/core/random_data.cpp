#include "core/random_data.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "core/number_formats.h"

namespace sinter {
namespace {

constexpr size_t kRandomElements = 1 << 18;

bool isIndexType(DType t) { return t == DType::I64 || t == DType::I32; }

}  // namespace

uint64_t paddedBytes(const TensorInfo& t) { return (static_cast<uint64_t>(t.count()) * dtypeSize(t.dtype) + 63) / 64 * 64; }

uint64_t randomPeriod(const TensorInfo& t) {
    return std::min<uint64_t>(static_cast<uint64_t>(t.count()), kRandomElements) * dtypeSize(t.dtype);
}

HostMemory randomData(const TensorInfo& t, uint32_t seed, bool once) {
    HostMemory memory(once ? randomPeriod(t) : paddedBytes(t));
    if (t.count() == 0) return memory;
    if (isIndexType(t.dtype)) {
        std::fill_n(memory.data(), memory.bytes(), std::byte{0});
        return memory;
    }
    std::mt19937 random(seed);
    // What follows the first stretch repeats it: no kernel is faster for that.
    const auto n = std::min<size_t>(static_cast<size_t>(t.count()), kRandomElements);
    if (t.dtype == DType::F32) {
        auto* p = reinterpret_cast<float*>(memory.data());
        for (size_t i = 0; i < n; ++i) p[i] = static_cast<float>(random() % 2001) * 1e-3F - 1.0005F;
    } else if (t.dtype == DType::I8 && t.quantized()) {  // as after a Relu: most quantized activations are
        for (size_t i = 0; i < n; ++i) memory.data()[i] = static_cast<std::byte>(random() % 128);
    } else if (t.dtype == DType::Bool) {
        for (size_t i = 0; i < n; ++i) storeElement(t.dtype, memory.data(), i, random() % 2);
    } else {
        const bool small = dtypeSize(t.dtype) == 1 || t.dtype == DType::F16 || t.dtype == DType::BF16;
        for (size_t i = 0; i < n; ++i) storeElement(t.dtype, memory.data(), i, static_cast<double>(random() % 101) / (small ? 50 : 1) - 1.01);
    }
    if (once) return memory;
    const size_t stretch = n * dtypeSize(t.dtype), whole = static_cast<size_t>(t.count()) * dtypeSize(t.dtype);
    for (size_t at = stretch; at < whole; at += stretch) std::memcpy(memory.data() + at, memory.data(), std::min(stretch, whole - at));
    return memory;
}

}  // namespace sinter
