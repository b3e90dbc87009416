#include "bench/peak.h"
#include "bench/peak_impl.h"

namespace sinter::bench {

double fmaAvx2(int64_t rounds) { return fma(rounds); }

}  // namespace sinter::bench
