#pragma once
#include "cpu/quant/bytes.h"
#include "cpu/quant/fold.h"

namespace sinter::quant {
namespace {

template <bool kUnsigned>
void largestOf(const Fold& f) {
    int64_t c = 0;
    for (; c + 32 <= f.channels; c += 32) {
        const auto load = [&](int64_t t) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(f.taps[t] + c)); };
        __m256i best = load(0);
        for (int64_t t = 1; t < f.count; ++t) best = kUnsigned ? _mm256_max_epu8(best, load(t)) : _mm256_max_epi8(best, load(t));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(f.out + c), best);
    }
    for (; c < f.channels; ++c) {
        const auto at = [&](int64_t t) {
            const auto byte = static_cast<uint8_t>(f.taps[t][c]);
            return kUnsigned ? static_cast<int>(byte) : static_cast<int>(static_cast<int8_t>(byte));
        };
        int best = at(0);
        for (int64_t t = 1; t < f.count; ++t) best = at(t) > best ? at(t) : best;
        f.out[c] = static_cast<std::byte>(best);
    }
}

void largest(const Fold& f) { f.isUnsigned ? largestOf<true>(f) : largestOf<false>(f); }

void mean(const Fold& f) {
    const StoreQuantized quantize(f.store.inverse, f.store.lo, f.store.hi, f.store.toZero);
    const V::F factor = V::set(f.factor);
    const V::I zeros = V::setInt(f.zeros);
    const bool floats = f.store.toType == Storage::F32;
    for (int64_t c = 0; c < f.channels; c += V::kLanes) {
        const int left = f.channels - c < V::kLanes ? static_cast<int>(f.channels - c) : V::kLanes;
        V::I sum = V::subInt(V::setInt(0), zeros);
        for (int64_t t = 0; t < f.count; ++t) {
            sum = V::addInt(sum, f.isUnsigned ? unsignedBytes(f.taps[t] + c, left) : signedBytes(f.taps[t] + c, left));
        }
        const V::F v = V::mul(V::toFloat(sum), factor);
        if (floats) V::store(reinterpret_cast<float*>(f.out) + c, v, V::firstN(left));
        else quantize(f.out + c, v, left);
    }
}

constexpr Folds kFolds{largest, mean};

}  // namespace
}  // namespace sinter::quant
