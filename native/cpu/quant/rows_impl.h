#pragma once
#include "cpu/quant/bytes.h"
#include "cpu/quant/rows.h"
#include "cpu/simd/half.h"

namespace sinter::quant {
namespace {

template <Storage kFrom>
inline V::F loadNumbers(const RowMove& m, int64_t i, int left, V::F scale, V::I zero) {
    if constexpr (kFrom == Storage::F32) {
        const auto* from = reinterpret_cast<const float*>(m.from) + i;
        return left == V::kLanes ? V::load(from) : V::load(from, V::firstN(left));
    } else if constexpr (kFrom == Storage::F16) {
        return simd::fromHalf(simd::loadHalves(m.from + 2 * i, left));
    } else if constexpr (kFrom == Storage::BF16) {
        return simd::fromBfloat(simd::loadHalves(m.from + 2 * i, left));
    } else {
        return V::mul(floatsOf(m.from + i, left, kFrom == Storage::U8, zero), scale);
    }
}

template <Storage kFrom, Storage kTo>
void moveRow(const RowMove& m) {
    const StoreQuantized quantize(m.inverse, m.lo, m.hi, m.toZero);
    const V::F scale = V::set(m.scale);
    const V::I zero = V::setInt(m.fromZero);
    for (int64_t i = 0; i < m.n; i += V::kLanes) {
        const int left = m.n - i < V::kLanes ? static_cast<int>(m.n - i) : V::kLanes;
        const V::F v = loadNumbers<kFrom>(m, i, left, scale, zero);
        if constexpr (kTo == Storage::F32) V::store(reinterpret_cast<float*>(m.to) + i, v, V::firstN(left));
        else if constexpr (kTo == Storage::F16) simd::storeHalves(m.to + 2 * i, simd::toHalf(v), left);
        else if constexpr (kTo == Storage::BF16) simd::storeHalves(m.to + 2 * i, simd::toBfloat(v), left);
        else quantize(m.to + i, v, left);
    }
}

template <Storage kFrom>
void moveFrom(const RowMove& m) {
    switch (m.toType) {
        case Storage::F32: return moveRow<kFrom, Storage::F32>(m);
        case Storage::F16: return moveRow<kFrom, Storage::F16>(m);
        case Storage::BF16: return moveRow<kFrom, Storage::BF16>(m);
        case Storage::I8:
        case Storage::U8: return moveRow<kFrom, Storage::I8>(m);
    }
}

void rowMove(const RowMove& m) {
    switch (m.fromType) {
        case Storage::F32: return moveFrom<Storage::F32>(m);
        case Storage::F16: return moveFrom<Storage::F16>(m);
        case Storage::BF16: return moveFrom<Storage::BF16>(m);
        case Storage::I8: return moveFrom<Storage::I8>(m);
        case Storage::U8: return moveFrom<Storage::U8>(m);
    }
}

}  // namespace
}  // namespace sinter::quant
