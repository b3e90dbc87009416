#pragma once
#include "cpu/quant/depthwise_row.h"
#include "cpu/simd/vec.h"

namespace sinter::quant {
namespace {

/// 64 channels in a vector.
struct Zmm {
    static constexpr int kChannels = 64;
    using R = __m512i;
    using F = __m512;
    static R load(const void* p) { return _mm512_loadu_si512(p); }
    static R load(const void* p, int n) { return _mm512_maskz_loadu_epi8(first(n), p); }
    static void store(void* p, R v) { _mm512_storeu_si512(p, v); }
    static void store(void* p, R v, int n) { _mm512_mask_storeu_epi8(p, first(n), v); }
    static R byte(int v) { return _mm512_set1_epi8(static_cast<char>(v)); }
    static R half(int v) { return _mm512_set1_epi16(static_cast<int16_t>(v)); }
    static R flip(R a, R b) { return _mm512_xor_si512(a, b); }
    static R unpackLow8(R a, R b) { return _mm512_unpacklo_epi8(a, b); }
    static R unpackHigh8(R a, R b) { return _mm512_unpackhi_epi8(a, b); }
    static R unpackLow16(R a, R b) { return _mm512_unpacklo_epi16(a, b); }
    static R unpackHigh16(R a, R b) { return _mm512_unpackhi_epi16(a, b); }
    static R evenBytes(R a) { return _mm512_and_si512(a, _mm512_set1_epi16(0xff)); }
    static R oddBytes(R a) { return _mm512_srli_epi16(a, 8); }
    static R maddAdd(R sum, R a, R b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
    static R pack32(R a, R b) { return _mm512_packs_epi32(a, b); }
    static R addSaturated(R a, R b) { return _mm512_adds_epi16(a, b); }
    static R packSigned(R a, R b) { return _mm512_packs_epi16(a, b); }
    static R packUnsigned(R a, R b) { return _mm512_packus_epi16(a, b); }
    static R maxSigned(R a, R b) { return _mm512_max_epi8(a, b); }
    static R maxUnsigned(R a, R b) { return _mm512_max_epu8(a, b); }
    static F set(float v) { return _mm512_set1_ps(v); }
    static F loadFloats(const float* p) { return _mm512_loadu_ps(p); }
    static void storeFloats(float* p, F v) { _mm512_storeu_ps(p, v); }
    static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
    static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
    static F min(F a, F b) { return _mm512_min_ps(a, b); }
    static F max(F a, F b) { return _mm512_max_ps(a, b); }
    static F toFloat(R a) { return _mm512_cvtepi32_ps(a); }
    static R toInt(F a) { return _mm512_cvtps_epi32(a); }

private:
    static __mmask64 first(int n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }
};

/// 32 channels in a vector.
struct Ymm {
    static constexpr int kChannels = 32;
    using R = __m256i;
    using F = __m256;
    static R load(const void* p) { return _mm256_loadu_si256(static_cast<const R*>(p)); }
    static R load(const void* p, int n) { return _mm256_maskz_loadu_epi8(first(n), p); }
    static void store(void* p, R v) { _mm256_storeu_si256(static_cast<R*>(p), v); }
    static void store(void* p, R v, int n) { _mm256_mask_storeu_epi8(p, first(n), v); }
    static R byte(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
    static R half(int v) { return _mm256_set1_epi16(static_cast<int16_t>(v)); }
    static R flip(R a, R b) { return _mm256_xor_si256(a, b); }
    static R unpackLow8(R a, R b) { return _mm256_unpacklo_epi8(a, b); }
    static R unpackHigh8(R a, R b) { return _mm256_unpackhi_epi8(a, b); }
    static R unpackLow16(R a, R b) { return _mm256_unpacklo_epi16(a, b); }
    static R unpackHigh16(R a, R b) { return _mm256_unpackhi_epi16(a, b); }
    static R evenBytes(R a) { return _mm256_and_si256(a, _mm256_set1_epi16(0xff)); }
    static R oddBytes(R a) { return _mm256_srli_epi16(a, 8); }
    static R maddAdd(R sum, R a, R b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
    static R pack32(R a, R b) { return _mm256_packs_epi32(a, b); }
    static R addSaturated(R a, R b) { return _mm256_adds_epi16(a, b); }
    static R packSigned(R a, R b) { return _mm256_packs_epi16(a, b); }
    static R packUnsigned(R a, R b) { return _mm256_packus_epi16(a, b); }
    static R maxSigned(R a, R b) { return _mm256_max_epi8(a, b); }
    static R maxUnsigned(R a, R b) { return _mm256_max_epu8(a, b); }
    static F set(float v) { return _mm256_set1_ps(v); }
    static F loadFloats(const float* p) { return _mm256_loadu_ps(p); }
    static void storeFloats(float* p, F v) { _mm256_storeu_ps(p, v); }
    static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
    static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
    static F min(F a, F b) { return _mm256_min_ps(a, b); }
    static F max(F a, F b) { return _mm256_max_ps(a, b); }
    static F toFloat(R a) { return _mm256_cvtepi32_ps(a); }
    static R toInt(F a) { return _mm256_cvtps_epi32(a); }

private:
    static __mmask32 first(int n) { return n >= 32 ? ~0u : (1u << n) - 1; }
};

/// RowForm::Pairs: a word's bytes 0 and 2, and 1 and 3, as 16-bit numbers.
struct PairsDot {
    static constexpr int kVectors = 2;
    template <class W>
    struct Words {
        typename W::R even, odd;
    };
    template <class W>
    static Words<W> words(typename W::R v) { return {W::evenBytes(v), W::oddBytes(v)}; }
    template <class W>
    static typename W::R add(typename W::R sum, const Words<W>& x, const std::byte* w) {
        return W::maddAdd(W::maddAdd(sum, x.even, W::load(w)), x.odd, W::load(w + W::kChannels));
    }
};

/// The block of channels that begins at c: its numbers come first in `weights`, `start`, `scale` and `bias`.
template <class Dot, class W, bool kPartial, int kStride>
struct RowBlock {
    using R = typename W::R;
    using F = typename W::F;
    static constexpr int kQuarter = W::kChannels / 4;
    struct Column {
        typename Dot::template Words<W> quarters[4];
    };

    const DepthwiseRow& r;
    int64_t c;
    int n;
    const std::byte* weights;
    const int32_t* start;
    const float* scale;
    const float* bias;
    R sign, lowest, zero;
    F most, inverse;

    RowBlock(const DepthwiseRow& row, int64_t at, const std::byte* w)
        : r(row), c(at), n(static_cast<int>(row.channels - at)), weights(w), start(row.start + at), scale(row.scale + at), bias(row.bias + at),
          sign(W::byte(row.isUnsigned ? 0 : 0x80)), lowest(W::byte(_mm_cvtss_si32(_mm_set_ss(row.storedLo)) + row.zeroPoint)), zero(W::half(row.zeroPoint)),
          most(W::set(row.storedHi)), inverse(W::set(row.inverse)) {}

    R number(const std::byte* from) const { return W::flip(kPartial ? W::load(from, n) : W::load(from), sign); }

    Column column(int64_t w) const {
        const bool inside = w >= 0 && w < r.inWidth;
        const R x = number((inside ? r.rows[0] + w * r.steps[0] : r.zeros) + c);
        const R y = number((inside ? r.rows[1] + w * r.steps[1] : r.zeros) + c);
        const R z = number((inside ? r.rows[2] + w * r.steps[2] : r.zeros) + c);
        // The fourth byte meets a weight of zero, whatever it is.
        const R xyLow = W::unpackLow8(x, y), xyHigh = W::unpackHigh8(x, y);
        const R zzLow = W::unpackLow8(z, z), zzHigh = W::unpackHigh8(z, z);
        return {{Dot::template words<W>(W::unpackLow16(xyLow, zzLow)), Dot::template words<W>(W::unpackHigh16(xyLow, zzLow)),
                 Dot::template words<W>(W::unpackLow16(xyHigh, zzHigh)), Dot::template words<W>(W::unpackHigh16(xyHigh, zzHigh))}};
    }

    F value(int q, const Column& a, const Column& b, const Column& d) const {
        constexpr int kVector = W::kChannels;
        constexpr int kColumn = 4 * Dot::kVectors * kVector;
        const std::byte* w = weights + q * Dot::kVectors * kVector;
        R sum = W::load(start + q * kQuarter);
        sum = Dot::template add<W>(sum, a.quarters[q], w);
        sum = Dot::template add<W>(sum, b.quarters[q], w + kColumn);
        sum = Dot::template add<W>(sum, d.quarters[q], w + 2 * kColumn);
        return W::fma(W::toFloat(sum), W::loadFloats(scale + q * kQuarter), W::loadFloats(bias + q * kQuarter));
    }

    void pixel(std::byte* out, const Column& a, const Column& b, const Column& d) const {
        if (r.store == Storage::F32) return floats(reinterpret_cast<float*>(out), a, b, d);
        // Too small a float becomes the smallest integer; that saturates to `lowest`, and so does a NaN.
        const auto stored = [&](int q) { return W::toInt(W::min(most, W::mul(value(q, a, b, d), inverse))); };
        const R first = W::addSaturated(W::pack32(stored(0), stored(1)), zero);
        const R second = W::addSaturated(W::pack32(stored(2), stored(3)), zero);
        const R bytes = r.store == Storage::U8 ? W::maxUnsigned(W::packUnsigned(first, second), lowest) : W::maxSigned(W::packSigned(first, second), lowest);
        if (kPartial) W::store(out, bytes, n);
        else W::store(out, bytes);
    }

    void floats(float* out, const Column& a, const Column& b, const Column& d) const {
        alignas(64) float block[W::kChannels];
        for (int q = 0; q < 4; ++q) W::storeFloats(block + q * kQuarter, W::min(W::set(r.hi), W::max(W::set(r.lo), value(q, a, b, d))));
        for (int i = 0; i < W::kChannels && i < n; i += 4) {
            const __m128 four = _mm_load_ps(block + rowPosition(W::kChannels, i));
            const int left = n - i < 4 ? n - i : 4;
            _mm_mask_storeu_ps(out + i, static_cast<__mmask8>((1 << left) - 1), four);
        }
    }

    void run() const {
        std::byte* out = r.out + c * (r.store == Storage::F32 ? 4 : 1);
        int64_t w = -r.pad;
        Column first = column(w), second = column(w + 1);
        for (int64_t i = 0; i < r.outWidth; ++i, out += r.outStep, w += kStride) {
            const Column third = column(w + 2);
            pixel(out, first, second, third);
            if (kStride == 1) {
                first = second;
                second = third;
            } else if (i + 1 < r.outWidth) {
                first = third;
                second = column(w + 3);
            }
        }
    }
};

template <class Dot, class W, int kStride>
void rowBlockAt(const DepthwiseRow& r, int64_t c, const std::byte* weights) {
    if (r.channels - c >= W::kChannels) RowBlock<Dot, W, false, kStride>(r, c, weights).run();
    else RowBlock<Dot, W, true, kStride>(r, c, weights).run();
}

template <class Dot, int kStride>
void rowOf(const DepthwiseRow& r) {
    const std::byte* weights = r.weights;
    for (int64_t c = 0; c < r.channels;) {
        const int64_t block = rowBlock(r.channels, c);
        if (block == 64) rowBlockAt<Dot, Zmm, kStride>(r, c, weights);
        else rowBlockAt<Dot, Ymm, kStride>(r, c, weights);
        weights += 12 * Dot::kVectors * block;
        c += block;
    }
}

template <class Dot>
void depthwiseRow(const DepthwiseRow& r) {
    if (r.stride == 1) rowOf<Dot, 1>(r);
    else rowOf<Dot, 2>(r);
}

}  // namespace
}  // namespace sinter::quant
