#include "cpu/quant/tile_impl.h"

namespace sinter::quant {

const Kernels& kernelsAvx2() {
    static constexpr Kernels kernels{Form::Pairs, V::kLanes, 6, 2,
                                     {Tiles<PairDot, 1>::upTo6, Tiles<PairDot, 2>::upTo6},
                                     {Tiles<PairDot, 1>::upTo6, Tiles<PairDot, 2>::upTo6},
                                     widenPairs};
    return kernels;
}

const Kernels& kernelsAvx2Bytes() {
    static constexpr Kernels kernels{Form::Signed, V::kLanes, 6, 4,
                                     {Tiles<NonNegativeDot, 1>::upTo6, Tiles<NonNegativeDot, 2>::upTo6},
                                     {Tiles<SignedDot, 1>::upTo6, Tiles<SignedDot, 2>::upTo6},
                                     copyBytes<false>};
    return kernels;
}

}  // namespace sinter::quant
