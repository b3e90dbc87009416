#include <napi.h>

#include "core/build_id.h"
#include "core/describe.h"
#include "core/engine_writer.h"
#include "core/evaluate.h"
#include "core/number_formats.h"
#include "core/strided_copy.h"
#include "core/weight_evaluator.h"
#include "napi/engines.h"
#include "napi/task.h"

namespace sinter::addon {
namespace {

LayerDesc layerDesc(const Napi::Value& v) {
    const auto b = bytes(v, "the layer description");
    return describeLayer(schema::decodeLayerMessage({reinterpret_cast<const char*>(b.data()), b.size()}));
}

Napi::Value devices(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto all = DeviceRegistry::instance().all();
        Napi::Array list = Napi::Array::New(info.Env(), all.size());
        for (size_t i = 0; i < all.size(); ++i) {
            const DeviceInfo& d = all[i]->info();
            Napi::Object o = Napi::Object::New(info.Env());
            o.Set("id", d.id);
            o.Set("kind", d.kind);
            o.Set("name", d.name);
            o.Set("features", toArray(info.Env(), d.features));
            o.Set("cores", d.cores);
            // What other backends lack is told with the device that is always there.
            std::vector<std::string> notes = d.notes;
            if (i == 0) notes.insert(notes.end(), DeviceRegistry::instance().notes().begin(), DeviceRegistry::instance().notes().end());
            o.Set("notes", toArray(info.Env(), notes));
            list.Set(static_cast<uint32_t>(i), o);
        }
        return list;
    });
}

Napi::Value libraries(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        Napi::Array list = Napi::Array::New(info.Env());
        for (const SupportLibrary& l : DeviceRegistry::instance().libraries()) {
            Napi::Object o = Napi::Object::New(info.Env());
            o.Set("name", l.name);
            o.Set("path", l.path);
            o.Set("version", l.version);
            o.Set("problem", l.problem);
            o.Set("searched", toArray(info.Env(), l.searched));
            list.Set(list.Length(), o);
        }
        return list;
    });
}

Napi::Array toNumbers(Napi::Env env, const std::vector<uint32_t>& v) {
    Napi::Array a = Napi::Array::New(env, v.size());
    for (size_t i = 0; i < v.size(); ++i) a.Set(static_cast<uint32_t>(i), v[i]);
    return a;
}

Napi::Object toTactic(Napi::Env env, const Tactic& t) {
    Napi::Object o = Napi::Object::New(env);
    Napi::Array packing = Napi::Array::New(env, t.info.packing.size());
    for (size_t i = 0; i < t.info.packing.size(); ++i) {
        Napi::Object p = Napi::Object::New(env);
        p.Set("recipe", t.info.packing[i].recipe);
        p.Set("bytes", static_cast<double>(t.info.packing[i].bytes));
        packing.Set(static_cast<uint32_t>(i), p);
    }
    o.Set("name", t.name);
    o.Set("inputLayouts", toArray(env, t.info.inputLayouts));
    o.Set("outputLayouts", toArray(env, t.info.outputLayouts));
    o.Set("workspace", static_cast<double>(t.info.workspace));
    o.Set("packing", packing);
    o.Set("inputViews", toNumbers(env, t.info.inputViews));
    o.Set("outputViews", toNumbers(env, t.info.outputViews));
    o.Set("estimate", t.info.estimate);
    return o;
}

using Enumerate = std::vector<Tactic> (Device::*)(const LayerDesc&, int) const;

/// (device, layerDesc, threads) → Tactic[]
template <Enumerate How>
Napi::Value enumerate(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto device = DeviceRegistry::instance().find(text(info[0], "the device"));
        const LayerDesc layer = layerDesc(info[1]);
        auto tactics = (*device.*How)(layer, std::max(1, integer(info[2], "the thread count")));
        for (const std::string& source : info[3].IsArray() ? texts(info[3], "the libraries") : std::vector<std::string>{}) {
            for (Tactic& t : device->libraryTactics(layer, source)) tactics.push_back(std::move(t));
        }
        Napi::Array list = Napi::Array::New(info.Env(), tactics.size());
        for (size_t i = 0; i < tactics.size(); ++i) list.Set(static_cast<uint32_t>(i), toTactic(info.Env(), tactics[i]));
        return list;
    });
}

/// (layerDesc, (Tensor | null)[], tactic) → Tensor[]
Napi::Value evaluate(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const LayerDesc layer = layerDesc(info[0]);
        if (!info[1].IsArray()) throw Error(ErrorCode::Argument, "the inputs must be an array");
        const auto given = info[1].As<Napi::Array>();
        std::vector<GivenTensor> inputs(given.Length());
        std::vector<TensorView> views(given.Length());
        for (uint32_t i = 0; i < given.Length(); ++i) {
            const Napi::Value v = given.Get(i);
            if (v.IsNull() || v.IsUndefined()) continue;
            inputs[i] = tensor(v, "input " + std::to_string(i) + " of layer \"" + layer.name + "\"");
            views[i] = makeView(inputs[i].info, inputs[i].memory.data());
        }
        const auto device = DeviceRegistry::instance().find("cpu");
        const auto results = evaluateLayer(*device, layer, views, info[2].IsString() ? text(info[2], "the tactic") : "");
        Napi::Array list = Napi::Array::New(info.Env(), results.size());
        for (size_t i = 0; i < results.size(); ++i) {
            list.Set(static_cast<uint32_t>(i), toTensor(info.Env(), results[i].info, results[i].memory.data()));
        }
        return list;
    });
}

/// (device, layerDescs, tactics, stop) → Promise<void>
Napi::Value prefetch(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto device = DeviceRegistry::instance().find(text(info[0], "the device"));
        if (!info[1].IsArray()) throw Error(ErrorCode::Argument, "the layers must be an array");
        const auto given = info[1].As<Napi::Array>();
        auto layers = std::make_shared<std::vector<LayerDesc>>();
        for (uint32_t i = 0; i < given.Length(); ++i) layers->push_back(layerDesc(given.Get(i)));
        const auto stop = Handle<StopToken>::take(info[3], "the stop token");
        return Task::start(
            info.Env(),
            [=, tactics = texts(info[2], "the tactics")] {
                std::vector<LayerTactic> list;
                for (size_t i = 0; i < std::min(layers->size(), tactics.size()); ++i) list.push_back({&(*layers)[i], tactics[i]});
                device->prefetch(list, stop.get());
            },
            [](Napi::Env env) { return env.Undefined(); });
    });
}

/// (device, threads, stop) → Promise<{flops, bandwidth}>
Napi::Value measureCeilings(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto device = DeviceRegistry::instance().find(text(info[0], "the device"));
        const auto stop = Handle<StopToken>::take(info[2], "the stop token");
        auto result = std::make_shared<Ceilings>();
        return Task::start(
            info.Env(),
            [=, threads = std::max(1, integer(info[1], "the thread count"))] { *result = device->ceilings(threads, stop.get()); },
            [result](Napi::Env env) {
                Napi::Object o = Napi::Object::New(env);
                Napi::Array flops = Napi::Array::New(env, result->flops.size());
                for (uint32_t i = 0; i < result->flops.size(); ++i) {
                    Napi::Object row = Napi::Object::New(env);
                    row.Set("dtype", result->flops[i].first);
                    row.Set("rate", result->flops[i].second);
                    flops.Set(i, row);
                }
                o.Set("flops", flops);
                o.Set("bandwidth", result->bandwidth);
                return o;
            });
    });
}

/// (weightExpr, files) → Promise<Uint8Array>
Napi::Value evaluateWeight(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto stored = std::make_shared<HostMemory>();
        return Task::start(
            info.Env(),
            [stored, message = bytesCopy(info[0], "the weight expression"), files = texts(info[1], "the files")] {
                const schema::WeightExpr expr = schema::decodeWeightExpr(message);
                WeightEvaluator evaluator(files, DeviceRegistry::instance().find("cpu"));
                evaluator.announce(expr);
                const WeightData data = evaluator.evaluate(expr);
                *stored = HostMemory(storedBytes(data.dtype, data.count()));
                packStored(data.dtype, data.bytes.data(), stored->data(), data.count());
            },
            [stored](Napi::Env env) { return toBytes(env, stored->span()); });
    });
}

/// (path, header, files, onProgress, stop) → Promise<void>
Napi::Value writeEngineFile(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto progress = std::make_shared<ProgressReporter>(info.Env(), info[3]);
        const auto stop = Handle<StopToken>::take(info[4], "the stop token");
        return Task::start(
            info.Env(),
            [=, path = text(info[0], "the path"), header = bytesCopy(info[1], "the engine header"), files = texts(info[2], "the files")] {
                const auto report = [&](WriteProgress p) { progress->report(static_cast<double>(p.done), static_cast<double>(p.total)); };
                writeEngine(path, std::as_bytes(std::span(header)), files, report, stop.get());
            },
            [](Napi::Env env) { return env.Undefined(); });
    });
}

Napi::Value createStop(const Napi::CallbackInfo& info) {
    return Handle<StopToken>::make(info.Env(), std::make_shared<StopToken>(false));
}

Napi::Value stop(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        Handle<StopToken>::take(info[0], "the stop token")->store(true);
        return info.Env().Undefined();
    });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
    exports.Set("version", SINTER_VERSION);
    exports.Set("buildId", buildId());
    exports.Set("devices", Napi::Function::New<devices>(env));
    exports.Set("libraries", Napi::Function::New<libraries>(env));
    exports.Set("enumerate", Napi::Function::New<enumerate<&Device::enumerate>>(env));
    exports.Set("fallbacks", Napi::Function::New<enumerate<&Device::enumerateReady>>(env));
    exports.Set("evaluate", Napi::Function::New<evaluate>(env));
    exports.Set("prefetch", Napi::Function::New<prefetch>(env));
    exports.Set("ceilings", Napi::Function::New<measureCeilings>(env));
    exports.Set("evaluateWeight", Napi::Function::New<evaluateWeight>(env));
    exports.Set("writeEngine", Napi::Function::New<writeEngineFile>(env));
    exports.Set("createStop", Napi::Function::New<createStop>(env));
    exports.Set("stop", Napi::Function::New<stop>(env));
    exportEngines(env, exports);
    return exports;
}

}  // namespace

NODE_API_MODULE(sinter, init)

}  // namespace sinter::addon
