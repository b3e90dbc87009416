#include "cpu/quant/tile_impl.h"

namespace sinter::quant {

const Kernels& kernelsAvx512() {
    static constexpr Kernels kernels{Form::Pairs, V::kLanes, 14, 2,
                                     {TallTiles<PairDot, 1>::upTo14, TallTiles<PairDot, 2>::upTo14},
                                     {TallTiles<PairDot, 1>::upTo14, TallTiles<PairDot, 2>::upTo14},
                                     widenPairs};
    return kernels;
}

}  // namespace sinter::quant
