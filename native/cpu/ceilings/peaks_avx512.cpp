#include "cpu/ceilings/peaks.h"
#include "cpu/ceilings/peaks_impl.h"

namespace sinter::ceilings {

double floatsAvx512(int64_t rounds) { return floats(rounds); }

/// Bytes widened to pairs of 16 bits: what the kernels do without VNNI.
double bytesAvx512(int64_t rounds) {
    return bytes<2>(rounds, [](V::I sum, V::I a, V::I b) { return V::addInt(sum, quant::maddPairs(a, b)); });
}

}  // namespace sinter::ceilings
