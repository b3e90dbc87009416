#include <immintrin.h>

#include "cpu/sample/planes.h"

namespace sinter::sample {

void readPlaneAvx2(const float* image, const Taps& t, int taps, int64_t n, float* y) {
    for (int64_t i = 0; i < n; i += 8) {
        __m256 sum = _mm256_setzero_ps();
        for (int k = 0; k < taps; ++k) {
            const __m256i offset = _mm256_load_si256(reinterpret_cast<const __m256i*>(t.offset[k].data() + i));
            const __m256 weight = _mm256_load_ps(t.weight[k].data() + i);
            // A weight of 0 takes nothing, not even a NaN or an infinity that lies there.
            const __m256 live = _mm256_cmp_ps(weight, _mm256_setzero_ps(), _CMP_NEQ_OQ);
            const __m256 value = _mm256_and_ps(_mm256_i32gather_ps(image, offset, 4), live);
            sum = _mm256_fmadd_ps(value, weight, sum);
        }
        if (i + 8 <= n) {
            _mm256_storeu_ps(y + i, sum);
        } else {
            alignas(32) float rest[8];
            _mm256_store_ps(rest, sum);
            for (int64_t k = 0; i + k < n; ++k) y[i + k] = rest[k];
        }
    }
}

}  // namespace sinter::sample
