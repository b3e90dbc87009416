#include "cpu/quant/interleave.h"

#include "cpu/simd/vec.h"

namespace sinter::quant {
namespace {

/// Where byte j of the 48 that 16 pixels make comes from, for one plane; -1 (zero) where another plane fills it.
struct Orders {
    alignas(16) int8_t at[3][3][16];  ///< [plane][part]
    constexpr Orders() : at{} {
        for (int plane = 0; plane < 3; ++plane)
            for (int j = 0; j < 48; ++j) at[plane][j / 16][j % 16] = static_cast<int8_t>(j % 3 == plane ? j / 3 : -1);
    }
};
constexpr Orders kOrders;

}  // namespace

void interleaveThreeAvx2(const std::byte* const planes[3], int64_t n, std::byte* to) {
    int64_t i = 0;
    for (; i + 16 <= n; i += 16, to += 48) {
        for (int part = 0; part < 3; ++part) {
            const auto spread = [&](int plane) {
                return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(planes[plane] + i)),
                                        _mm_load_si128(reinterpret_cast<const __m128i*>(kOrders.at[plane][part])));
            };
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16 * part), _mm_or_si128(_mm_or_si128(spread(0), spread(1)), spread(2)));
        }
    }
    for (; i < n; ++i, to += 3)
        for (int c = 0; c < 3; ++c) to[c] = planes[c][i];
}

}  // namespace sinter::quant
