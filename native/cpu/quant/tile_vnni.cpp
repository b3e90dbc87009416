#include "cpu/quant/tile_impl.h"

namespace sinter::quant {

const Kernels& kernelsVnni() {
    static constexpr Kernels kernels{Form::Unsigned, V::kLanes, 14, 4,
                                     {TallTiles<UnsignedDot, 1>::upTo14, TallTiles<UnsignedDot, 2>::upTo14},
                                     {TallTiles<UnsignedDot, 1>::upTo14, TallTiles<UnsignedDot, 2>::upTo14},
                                     copyBytes<true>};
    return kernels;
}

}  // namespace sinter::quant
