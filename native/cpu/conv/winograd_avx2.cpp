#include "cpu/conv/winograd_impl.h"

namespace sinter::conv {

const WinogradTransforms& winogradAvx2() { return kTransforms; }

}  // namespace sinter::conv
