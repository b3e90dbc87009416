// Plugin: a user's own operator, computed by the library that is registered under its name (sinter/plugin.h).
#include "core/plugin.h"

#include <algorithm>

#include "core/error.h"
#include "core/kernel.h"
#include "core/plugin_crash.h"
#include "core/thread_pool.h"

namespace sinter {
namespace {

/// What the functions of a call work on.
struct Running {
    const LayerDesc* layer;
    const std::string* plugin;
    ThreadPool* pool;
};

const Running& of(const sinter_plugin_call* call) { return *static_cast<const Running*>(call->runtime); }

template <typename T>
const T* attribute(const sinter_plugin_call* call, const char* name) {
    const AttrValue* value = of(call).layer->attr(name);
    return value ? std::get_if<T>(value) : nullptr;
}

int64_t intAttr(const sinter_plugin_call* call, const char* name, int64_t fallback) {
    const auto* v = attribute<int64_t>(call, name);
    return v ? *v : fallback;
}

double floatAttr(const sinter_plugin_call* call, const char* name, double fallback) {
    const auto* v = attribute<double>(call, name);
    return v ? *v : fallback;
}

const char* stringAttr(const sinter_plugin_call* call, const char* name, const char* fallback) {
    const auto* v = attribute<std::string>(call, name);
    return v ? v->c_str() : fallback;
}

template <typename T>
const T* listAttr(const sinter_plugin_call* call, const char* name, size_t* count) {
    const auto* v = attribute<std::vector<T>>(call, name);
    if (count) *count = v ? v->size() : 0;
    return v ? v->data() : nullptr;
}

void parallel(const sinter_plugin_call* call, int64_t count, int64_t grain, void (*body)(void*, int64_t, int64_t), void* user) {
    const Running& running = of(call);
    const auto part = [&](int64_t begin, int64_t end, int) {
        const PluginScope scope(running.plugin->c_str(), running.layer->name.c_str());
        body(user, begin, end);
    };
    if (running.pool && count > 0) running.pool->parallelFor(count, std::max<int64_t>(grain, 1), part);
    else if (count > 0) part(0, count, 0);
}

std::vector<sinter_plugin_tensor> tensorsOf(std::span<const TensorView> views) {
    std::vector<sinter_plugin_tensor> out;
    for (const TensorView& v : views) {
        out.push_back({v.data, v.dims.data(), v.strides.data(), v.rank, static_cast<int32_t>(v.dtype)});
    }
    return out;
}

class PluginKernel final : public Kernel {
public:
    explicit PluginKernel(const LayerDesc& layer)
        : layer_(layer), plugin_(PluginRegistry::instance().find(layer.stringAttr("plugin.name", ""), layer.stringAttr("plugin.version", ""))) {}

    void run(const KernelArgs& args) override {
        const Running running{&layer_, &plugin_->name, args.pool};
        const auto inputs = tensorsOf(args.inputs), outputs = tensorsOf(args.outputs);
        sinter_plugin_call call = {};
        call.size = sizeof call;
        call.inputs = inputs.data();
        call.outputs = outputs.data();
        call.input_count = static_cast<int32_t>(inputs.size());
        call.output_count = static_cast<int32_t>(outputs.size());
        call.threads = args.pool ? args.pool->threads() : 1;
        call.int_attr = intAttr;
        call.float_attr = floatAttr;
        call.string_attr = stringAttr;
        call.ints_attr = listAttr<int64_t>;
        call.floats_attr = listAttr<double>;
        call.parallel = parallel;
        call.runtime = &running;
        const char* failure = nullptr;
        {
            const PluginScope scope(plugin_->name.c_str(), layer_.name.c_str());
            failure = plugin_->entry->run(&call);
        }
        if (failure) {
            const std::string where = layer_.name.empty() ? "" : " in layer \"" + layer_.name + "\"";
            throw Error(ErrorCode::Kernel, "the plugin \"" + plugin_->name + "\" failed" + where + ": " + failure, layer_.name);
        }
    }

private:
    const LayerDesc layer_;
    const std::shared_ptr<const Plugin> plugin_;
};

/// Nobody knows what a plugin costs until it is timed: this ranks it like a few operations per element.
constexpr double kElementNs = 4;

std::optional<TacticInfo> supports(const LayerDesc& d, int threads) {
    if (d.stringAttr("plugin.name", "").empty() || !pluginTypesFit(d)) return std::nullopt;
    TacticInfo t;
    t.inputLayouts.assign(d.inputs.size(), "linear");
    t.outputLayouts.assign(d.outputs.size(), "linear");
    t.packing.assign(d.inputs.size(), {});
    t.inputViews.assign(d.inputs.size(), 0);
    t.outputViews.assign(d.outputs.size(), 0);
    double elements = 0;
    for (const TensorInfo& o : d.outputs) elements += static_cast<double>(o.count());
    t.estimate = 1000 + elements * kElementNs / std::max(threads, 1);
    return t;
}

// One row for all plugins; tactics carry the plugin's name behind it (cpu_device.cpp).
SINTER_KERNEL(plugin){{
    .name = "plugin__",
    .op = "Plugin",
    .isa = Isa::Scalar,
    .supports = supports,
    .make = [](const LayerDesc& d, int) -> std::unique_ptr<Kernel> { return std::make_unique<PluginKernel>(d); },
    .pack = {},
}};

}  // namespace
}  // namespace sinter
