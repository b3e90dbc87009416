#pragma once
#include <memory>
#include <vector>

#include "core/device.h"
#include "core/schema.h"

namespace sinter {

/// The streams of one context, and the order between them that the engine's layers ask for. A run is
/// fork, then enter and leave around each layer in the engine's order, then join.
class LayerStreams {
public:
    /// `main` is the context's own stream. `auxiliary` false: every layer runs on it, in order.
    LayerStreams(const schema::Engine& engine, Device& device, Stream& main, int threads, bool auxiliary);

    /// How many are in use, the main one included.
    size_t count() const { return auxiliary_.size() + 1; }
    /// What the main stream has been given comes before everything on the others.
    void fork();
    /// The stream of a layer, which has been told to wait for what the layer needs.
    Stream& enter(size_t layer);
    /// Marks the end of a layer where another stream waits for it.
    void leave(size_t layer);
    /// What the main stream is given next comes after everything on the others.
    void join();

private:
    struct Lane {
        std::unique_ptr<Stream> stream;
        bool begun = false;  ///< since the last fork
    };
    struct Layer {
        size_t stream = 0;
        std::vector<uint32_t> waits;
        bool awaited = false;
    };
    Stream& stream(size_t index) { return index == 0 ? main_ : *auxiliary_[index - 1].stream; }

    Stream& main_;
    std::vector<Lane> auxiliary_;
    std::vector<Layer> layers_;  ///< empty where everything runs on the main stream
    std::unique_ptr<Event> origin_;
    std::vector<std::unique_ptr<Event>> ends_;  ///< per layer, of the present run
};

}  // namespace sinter
