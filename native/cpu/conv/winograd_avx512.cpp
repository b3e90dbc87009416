#include "cpu/conv/winograd_impl.h"

namespace sinter::conv {

const WinogradTransforms& winogradAvx512() { return kTransforms; }

}  // namespace sinter::conv
