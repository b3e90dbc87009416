#include "cpu/quant/depthwise_row_impl.h"

namespace sinter::quant {
namespace {

/// RowForm::Bytes: four unsigned bytes by four signed ones at a time.
struct BytesDot {
    static constexpr int kVectors = 1;
    template <class W>
    using Words = typename W::R;
    template <class W>
    static typename W::R words(typename W::R v) { return v; }
    template <class W>
    static typename W::R add(typename W::R sum, typename W::R x, const std::byte* w) {
        if constexpr (W::kChannels == 64) return _mm512_dpbusd_epi32(sum, x, W::load(w));
        else return _mm256_dpbusd_epi32(sum, x, W::load(w));
    }
};

}  // namespace

void depthwiseRowVnni(const DepthwiseRow& r) { depthwiseRow<BytesDot>(r); }

}  // namespace sinter::quant
