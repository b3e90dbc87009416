#include "core/stand_in.h"

#include <optional>

#include "core/describe.h"
#include "core/error.h"
#include "core/layer_checks.h"
#include "core/profile_choice.h"
#include "core/tactic_checks.h"

namespace sinter {
namespace {

ReadyTactic prepare(const Engine& engine, const schema::Layer& l, const LayerDesc& desc, const std::string& tactic, int threads,
                    std::span<const TensorView> inputs, std::span<const TensorView> outputs) {
    const TacticInfo info = engine.device().describe(desc, tactic, threads);
    checkPromises(engine.header(), l, engine.header().values, info, inputs, outputs);
    return {engine.device().prepare(desc, tactic, threads), info.workspace};
}

/// Whether the layer's tactic is one that can run it where it was chosen: if not, the engine is wrong, and nothing may hide that.
bool runsAtOpt(const Engine& engine, const schema::Layer& l, int threads) {
    try {
        const schema::Engine& h = engine.header();
        const LayerDesc desc = describeLayer(h, l, symbolsAtOpt(h, engine.profileIndex()));
        checkLayerContract(desc);
        engine.device().describe(desc, l.tactic, threads);
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

ReadyTactic readyTactic(const Engine& engine, const schema::Layer& l, const LayerDesc& desc, int threads, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs) {
    const bool open = !engine.header().symbols.empty();
    std::optional<Error> first;
    try {
        return prepare(engine, l, desc, l.tactic, threads, inputs, outputs);
    } catch (const Error& e) {
        if (!open && e.layer.empty()) throw Error(e.code, "layer \"" + l.name + "\": " + e.what(), l.name);
        if (!open || (e.code != ErrorCode::Kernel && e.code != ErrorCode::Device) || !runsAtOpt(engine, l, threads)) throw;
        first = e;
    }
    for (const Tactic& t : engine.device().enumerate(desc, threads)) {
        if (t.name == l.tactic) continue;
        try {
            return prepare(engine, l, desc, t.name, threads, inputs, outputs);
        } catch (const Error& e) {
            if (e.code != ErrorCode::Kernel && e.code != ErrorCode::Device) throw;
        }
    }
    if (first->code == ErrorCode::Device) {
        throw Error(ErrorCode::Device, "layer \"" + l.name + "\" has no code for these sizes in the engine (it holds that of min, opt and max of each profile), and: " +
                                           first->what(), l.name);
    }
    throw *first;
}

}  // namespace sinter
