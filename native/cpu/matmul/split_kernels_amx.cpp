#include "cpu/matmul/split_kernels.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

namespace sinter::gemm {
namespace {

/// Palette 1, eight tiles of 16 rows of 64 bytes. A constant: the compiler does not know that ldtilecfg reads all of it.
struct alignas(64) TileConfig {
    uint8_t palette = 1;
    uint8_t startRow = 0;
    uint8_t reserved[14] = {};
    uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileConfig kConfig;

void begin() { _tile_loadconfig(&kConfig); }
void end() { _tile_release(); }

constexpr int64_t kPiece = 1024;  // bytes of one tile of weights

/// Tiles 0-3 accumulate [row half][column half]; 4 and 5 hold rows, 6 and 7 columns.
template <bool Tall, bool Wide>
void run(const SplitTile& t) {
    _tile_zero(0);
    if (Wide) _tile_zero(1);
    if (Tall) _tile_zero(2);
    if (Tall && Wide) _tile_zero(3);
    const char* b = reinterpret_cast<const char*>(t.b);
    const char* soon = t.prefetch;
    constexpr int64_t kLow = Wide ? 2 * kPiece : kPiece;
    for (int64_t tap = 0; tap < t.tapCount; ++tap) {
        const char* a = reinterpret_cast<const char*>(t.a) + t.taps[tap];
        const char* a2 = a + 16 * t.aStride;
        for (int64_t k = 0; k < t.blocks; ++k, a += 64, a2 += 64, b += 2 * kLow) {
            for (int64_t p = 0; p < t.prefetchStep; p += 64) _mm_prefetch(soon + p, _MM_HINT_T1);
            soon += t.prefetchStep;
            _tile_loadd(4, a, t.aStride);
            _tile_loadd(6, b + kLow, 64);
            _tile_dpbf16ps(0, 4, 6);
            if (Tall) {
                _tile_loadd(5, a2, t.aStride);
                _tile_dpbf16ps(2, 5, 6);
            }
            if (Wide) {
                _tile_loadd(7, b + kLow + kPiece, 64);
                _tile_dpbf16ps(1, 4, 7);
                if (Tall) _tile_dpbf16ps(3, 5, 7);
            }
            _tile_loadd(6, b, 64);
            _tile_dpbf16ps(0, 4, 6);
            if (Tall) _tile_dpbf16ps(2, 5, 6);
            if (Wide) {
                _tile_loadd(7, b + kPiece, 64);
                _tile_dpbf16ps(1, 4, 7);
                if (Tall) _tile_dpbf16ps(3, 5, 7);
            }
            _tile_loadd(4, a + t.aLow, t.aStride);
            _tile_dpbf16ps(0, 4, 6);
            if (Wide) _tile_dpbf16ps(1, 4, 7);
            if (Tall) {
                _tile_loadd(5, a2 + t.aLow, t.aStride);
                _tile_dpbf16ps(2, 5, 6);
                if (Wide) _tile_dpbf16ps(3, 5, 7);
            }
        }
    }
    _tile_stored(0, t.out, 128);
    if (Wide) _tile_stored(1, t.out + 16, 128);
    if (Tall) _tile_stored(2, t.out + 512, 128);
    if (Tall && Wide) _tile_stored(3, t.out + 528, 128);
}

void tile(const SplitTile& t) {
    if (t.tall) return t.wide ? run<true, true>(t) : run<true, false>(t);
    return t.wide ? run<false, true>(t) : run<false, false>(t);
}

__mmask16 firstN(int n) { return n >= 16 ? static_cast<__mmask16>(0xffff) : n <= 0 ? static_cast<__mmask16>(0) : static_cast<__mmask16>((1u << n) - 1u); }

void store(const SplitStore& t) {
    const __m512 lo = _mm512_set1_ps(t.lo);
    const __m512 hi = _mm512_set1_ps(t.hi);
    const __m512 alpha = _mm512_set1_ps(t.alpha);
    for (int j = 0; j < t.width; j += 16) {
        const __mmask16 m = firstN(t.width - j);
        const __m512 bias = t.bias != nullptr ? _mm512_maskz_loadu_ps(m, t.bias + j) : _mm512_setzero_ps();
        for (int i = 0; i < t.rowCount; ++i) {
            if (t.rows[i] == nullptr) continue;
            __m512 v = _mm512_fmadd_ps(_mm512_loadu_ps(t.tile + i * 32 + j), alpha, bias);
            if (t.residual != nullptr) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(m, t.residual[i] + j));
            v = _mm512_min_ps(hi, _mm512_max_ps(lo, v));
            _mm512_mask_storeu_ps(t.rows[i] + j, m, v);
        }
    }
}

void split(const float* x, int64_t n, int64_t padded, uint16_t* hi, uint16_t* lo) {
    const __m512i exponent = _mm512_set1_epi32(0x7f800000);
    for (int64_t i = 0; i < padded; i += 16) {
        const int left = static_cast<int>(n - i < 16 ? n - i : 16);
        const __m512 v = _mm512_maskz_loadu_ps(firstN(left), x + i);
        const __m256i high = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v));
        const __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16);
        // What is infinite or no number has no low part.
        const __mmask16 finite = _mm512_cmpneq_epi32_mask(_mm512_and_si512(wide, exponent), exponent);
        const __m512 rest = _mm512_maskz_sub_ps(finite, v, _mm512_castsi512_ps(wide));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(hi + i), high);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(lo + i), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(rest)));
    }
}

}  // namespace

const SplitKernels& splitKernels() {
    static constexpr SplitKernels kernels{begin, end, tile, store, split};
    return kernels;
}

}  // namespace sinter::gemm
