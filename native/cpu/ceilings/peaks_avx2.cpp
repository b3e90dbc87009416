#include "cpu/ceilings/peaks.h"
#include "cpu/ceilings/peaks_impl.h"

namespace sinter::ceilings {

double floatsAvx2(int64_t rounds) { return floats(rounds); }

double bytesAvx2(int64_t rounds) {
    return bytes<4>(rounds, [](V::I sum, V::I a, V::I b) {
        return V::addInt(sum, quant::maddPairs(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)));
    });
}

}  // namespace sinter::ceilings
