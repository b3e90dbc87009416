#include "core/layer_streams.h"

#include <algorithm>

namespace sinter {

LayerStreams::LayerStreams(const schema::Engine& engine, Device& device, Stream& main, int threads, bool auxiliary) : main_(main) {
    uint32_t last = 0;
    for (const schema::Layer& l : engine.layers) last = std::max(last, l.stream);
    // A device whose streams work at once gains nothing from several.
    if (!auxiliary || last == 0 || device.sharesHostMemory()) return;
    for (uint32_t i = 0; i < last; ++i) {
        auxiliary_.push_back({device.createStream(threads)});
        auxiliary_.back().stream->reportTo(main_);
    }
    for (const schema::Layer& l : engine.layers) layers_.push_back({l.stream, l.waits});
    for (const schema::Layer& l : engine.layers) {
        for (const uint32_t w : l.waits) layers_[w].awaited = true;
    }
    ends_.resize(layers_.size());
}

void LayerStreams::fork() {
    if (auxiliary_.empty()) return;
    for (auto& e : ends_) e.reset();
    for (Lane& a : auxiliary_) a.begun = false;
    origin_ = main_.record();
}

Stream& LayerStreams::enter(size_t layer) {
    if (auxiliary_.empty()) return main_;
    const Layer& l = layers_[layer];
    Stream& s = stream(l.stream);
    if (l.stream > 0 && !auxiliary_[l.stream - 1].begun) {
        auxiliary_[l.stream - 1].begun = true;
        s.wait(*origin_);
    }
    for (const uint32_t w : l.waits) s.wait(*ends_[w]);
    return s;
}

void LayerStreams::leave(size_t layer) {
    if (!auxiliary_.empty() && layers_[layer].awaited) ends_[layer] = stream(layers_[layer].stream).record();
}

void LayerStreams::join() {
    for (Lane& a : auxiliary_) {
        if (a.begun) main_.wait(*a.stream->record());
    }
}

}  // namespace sinter
