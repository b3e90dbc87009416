#pragma once
#include "cpu/quant/bytes.h"
#include "cpu/quant/rows.h"

namespace sinter::quant {
namespace {

template <Storage kFrom, Storage kTo>
void moveRow(const RowMove& m) {
    const StoreQuantized quantize(m.inverse, m.lo, m.hi, m.toZero);
    const V::F scale = V::set(m.scale);
    const V::I zero = V::setInt(m.fromZero);
    for (int64_t i = 0; i < m.n; i += V::kLanes) {
        const int left = m.n - i < V::kLanes ? static_cast<int>(m.n - i) : V::kLanes;
        V::F v;
        if (kFrom == Storage::F32) {
            const auto* from = reinterpret_cast<const float*>(m.from) + i;
            v = left == V::kLanes ? V::load(from) : V::load(from, V::firstN(left));
        } else {
            v = V::mul(floatsOf(m.from + i, left, kFrom == Storage::U8, zero), scale);
        }
        if (kTo == Storage::F32) V::store(reinterpret_cast<float*>(m.to) + i, v, V::firstN(left));
        else quantize(m.to + i, v, left);
    }
}

void rowMove(const RowMove& m) {
    const bool floats = m.toType == Storage::F32;
    if (m.fromType == Storage::F32) floats ? moveRow<Storage::F32, Storage::F32>(m) : moveRow<Storage::F32, Storage::I8>(m);
    else if (m.fromType == Storage::I8) floats ? moveRow<Storage::I8, Storage::F32>(m) : moveRow<Storage::I8, Storage::I8>(m);
    else floats ? moveRow<Storage::U8, Storage::F32>(m) : moveRow<Storage::U8, Storage::I8>(m);
}

}  // namespace
}  // namespace sinter::quant
