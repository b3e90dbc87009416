#include "napi/engines.h"

#include <atomic>
#include <cstring>

#include "core/dim.h"
#include "core/execution_context.h"
#include "core/strided_copy.h"
#include "napi/task.h"

namespace sinter::addon {
namespace {

struct SharedEngine {
    std::shared_ptr<const Engine> engine;
};

/// A context, the host memory of its calls, and whether one is under way.
struct SharedContext {
    SharedContext(std::shared_ptr<const Engine> engine, int threads, int profile)
        : context(std::move(engine), threads, true, profile),
          inputs(context.engine().header().inputs.size()),
          outputs(context.engine().header().outputs.size()) {}
    ExecutionContext context;
    std::vector<HostMemory> inputs, outputs;
    std::atomic<bool> busy{false};
};

/// One call of a context, from the JavaScript call until its promise settles.
class Call {
public:
    explicit Call(std::shared_ptr<SharedContext> shared) : shared_(std::move(shared)) {
        if (shared_->busy.exchange(true)) throw Error(ErrorCode::Argument, "this execution context is already running; create one per concurrent call");
    }
    ~Call() { shared_->busy.store(false); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    ExecutionContext& context() { return shared_->context; }

    void takeInputs(const Napi::Value& given) {
        const schema::Engine& h = shared_->context.engine().header();
        if (!given.IsArray() || given.As<Napi::Array>().Length() != h.inputs.size()) {
            throw Error(ErrorCode::Argument, "the engine has " + std::to_string(h.inputs.size()) + " inputs");
        }
        for (size_t i = 0; i < h.inputs.size(); ++i) {
            const std::string what = "input \"" + h.inputs[i].name + "\"";
            const Napi::Value given_ = given.As<Napi::Array>().Get(static_cast<uint32_t>(i));
            if (takeSpecial(i, given_, what)) continue;
            const TensorInfo info = tensorInto(given.As<Napi::Array>().Get(static_cast<uint32_t>(i)), what, shared_->inputs[i]);
            const DType want = h.values[h.inputs[i].value].dtype;
            if (info.dtype != want) {
                throw Error(ErrorCode::Type, what + " is " + std::string(dtypeName(info.dtype)) + ", the engine takes " + std::string(dtypeName(want)));
            }
            shapes_.push_back(info.dims);
            inputs.push_back(shared_->inputs[i].data());
        }
    }

    /// Off the JavaScript thread: binds the shapes and finds memory for the outputs.
    void prepare() {
        context().setShapes(shapes_);
        for (auto& [i, t] : special_) context().setInput(i, t);
        if (context().outputsDecidedByRun()) {
            outputs.assign(shared_->outputs.size(), nullptr);
            return;
        }
        for (size_t i = 0; i < shared_->outputs.size(); ++i) {
            const TensorInfo& info = context().output(i);
            const uint64_t bytes = static_cast<uint64_t>(info.count()) * dtypeSize(info.dtype);
            HostMemory& memory = shared_->outputs[i];
            if (!memory.data() || memory.bytes() < bytes) memory = HostMemory(bytes);
            outputs.push_back(memory.data());
        }
    }

    Napi::Value results(Napi::Env env) {
        Napi::Array list = Napi::Array::New(env, outputs.size());
        for (size_t i = 0; i < outputs.size(); ++i) {
            if (context().outputsDecidedByRun() && (context().result(i).items || !context().result(i).present())) {
                list.Set(static_cast<uint32_t>(i), special(env, context().result(i), i));
                continue;
            }
            void* data = context().outputsDecidedByRun() ? context().outputData(i) : outputs[i];
            list.Set(static_cast<uint32_t>(i), toTensor(env, context().output(i), data));
        }
        return list;
    }

    std::vector<const void*> inputs;
    std::vector<void*> outputs;

private:
    /// A sequence ({dtype, items}) or an absent value ({dtype, absent}); false for plain tensors.
    bool takeSpecial(size_t i, const Napi::Value& v, const std::string& what) {
        const schema::Engine& h = shared_->context.engine().header();
        const schema::Value& declared = h.values[h.inputs[i].value];
        if (!v.IsObject()) return false;
        const auto object = v.As<Napi::Object>();
        const Napi::Value items = object.Get("items");
        const bool absent = declared.optional && object.Get("absent").ToBoolean().Value();
        if (!items.IsArray() && !absent && !declared.optional) return false;
        if (items.IsArray() && !declared.sequence) throw Error(ErrorCode::Type, what + " is a sequence, the engine takes a tensor");
        RegionTensor t;
        if (!items.IsArray() && !absent) {
            t = item(tensor(v, what), declared.dtype, what);
        } else if (!absent) {
            auto list = std::make_shared<std::vector<RegionTensor>>();
            for (uint32_t k = 0; k < items.As<Napi::Array>().Length(); ++k) {
                list->push_back(item(tensor(items.As<Napi::Array>().Get(k), what), declared.dtype, what));
            }
            t.info.dtype = declared.dtype;
            t.items = std::move(list);
        }
        special_.emplace_back(i, std::move(t));
        shapes_.emplace_back(declared.shape.size(), 0);
        inputs.push_back(nullptr);
        return true;
    }

    /// A tensor in memory that the context's regions may keep.
    RegionTensor item(const GivenTensor& given, DType wanted, const std::string& what) {
        if (given.info.dtype != wanted) throw Error(ErrorCode::Type, what + " holds " + std::string(dtypeName(given.info.dtype)) + ", the engine takes " + std::string(dtypeName(wanted)));
        RegionTensor t;
        t.info = given.info;
        t.owner = shared_->context.engine().device().allocateShared(std::max<uint64_t>(given.memory.bytes(), 64));
        if (given.memory.bytes() > 0) std::memcpy(t.owner->address(), given.memory.data(), given.memory.bytes());
        t.view = makeView(t.info, t.owner->address());
        return t;
    }

    Napi::Object special(Napi::Env env, const RegionTensor& t, size_t i) {
        const schema::Engine& h = shared_->context.engine().header();
        Napi::Object o = Napi::Object::New(env);
        o.Set("dtype", std::string(dtypeName(h.values[h.outputs[i].value].dtype)));
        o.Set("shape", Napi::Array::New(env));
        o.Set("bytes", Napi::Uint8Array::New(env, 0));
        if (!t.present()) {
            o.Set("absent", true);
            return o;
        }
        Napi::Array items = Napi::Array::New(env, t.items->size());
        for (size_t k = 0; k < t.items->size(); ++k) items.Set(static_cast<uint32_t>(k), toTensor(env, (*t.items)[k].info, (*t.items)[k].view.data));
        o.Set("items", items);
        return o;
    }

    std::vector<std::pair<size_t, RegionTensor>> special_;
    std::shared_ptr<SharedContext> shared_;
    std::vector<std::vector<int64_t>> shapes_;
};

Napi::Value loadEngine(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto result = std::make_shared<SharedEngine>();
        return Task::start(
            info.Env(), [result, path = text(info[0], "the path")] { result->engine = Engine::load(path); },
            [result](Napi::Env env) { return Handle<SharedEngine>::make(env, result); });
    });
}

Napi::Array bindings(Napi::Env env, const std::vector<schema::Binding>& list) {
    std::vector<std::string> names;
    for (const schema::Binding& b : list) names.push_back(b.name);
    return toArray(env, names);
}

Napi::Value engineInfo(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto shared = Handle<SharedEngine>::take(info[0], "the engine");
        Napi::Object o = Napi::Object::New(info.Env());
        o.Set("headerBytes", toBytes(info.Env(), shared->engine->headerBytes()));
        o.Set("inputs", bindings(info.Env(), shared->engine->header().inputs));
        o.Set("outputs", bindings(info.Env(), shared->engine->header().outputs));
        return o;
    });
}

Napi::Value verifyEngine(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto shared = Handle<SharedEngine>::take(info[0], "the engine");
        return Task::start(
            info.Env(), [shared] { shared->engine->verifyWeights(); }, [](Napi::Env env) { return env.Undefined(); });
    });
}

Napi::Value createContext(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto shared = Handle<SharedEngine>::take(info[0], "the engine");
        const int profile = info[2].IsUndefined() ? kAnyProfile : integer(info[2], "the optimization profile");
        return Handle<SharedContext>::make(info.Env(), std::make_shared<SharedContext>(shared->engine, integer(info[1], "the thread count"), profile));
    });
}

Napi::Value runContext(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto call = std::make_shared<Call>(Handle<SharedContext>::take(info[0], "the execution context"));
        call->takeInputs(info[1]);
        return Task::start(
            info.Env(),
            [call] {
                call->prepare();
                call->context().run(call->inputs, call->outputs);
            },
            [call](Napi::Env env) { return call->results(env); });
    });
}

Napi::Float64Array toFloats(Napi::Env env, const std::vector<double>& v) {
    Napi::Float64Array a = Napi::Float64Array::New(env, v.size());
    std::copy(v.begin(), v.end(), a.Data());
    return a;
}

/// What the device says of a layer; unknown properties are left out.
Napi::Object toFacts(Napi::Env env, const LaunchFacts& f) {
    Napi::Object o = Napi::Object::New(env);
    if (f.kernels >= 0) o.Set("kernels", f.kernels);
    if (f.registers >= 0) o.Set("registers", f.registers);
    if (f.sharedBytes >= 0) o.Set("sharedBytes", static_cast<double>(f.sharedBytes));
    if (f.occupancy >= 0) o.Set("occupancy", f.occupancy);
    return o;
}

/// (context, inputs, warmup, iterations, onProgress, stop) → {total, layers: {samples, starts, …facts}[], profile}
Napi::Value profileContext(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto call = std::make_shared<Call>(Handle<SharedContext>::take(info[0], "the execution context"));
        call->takeInputs(info[1]);
        auto progress = std::make_shared<ProgressReporter>(info.Env(), info[4]);
        auto result = std::make_shared<ProfileResult>();
        const ProfileOptions options{integer(info[2], "warmup"), integer(info[3], "iterations")};
        const auto stop = Handle<StopToken>::take(info[5], "the stop token");
        return Task::start(
            info.Env(),
            [call, progress, result, options, stop] {
                call->prepare();
                const auto report = [&](int done, int total) { progress->report(done, total); };
                *result = call->context().profile(call->inputs, call->outputs, options, report, stop.get());
            },
            [call, result](Napi::Env env) {
                Napi::Object o = Napi::Object::New(env);
                Napi::Array layers = Napi::Array::New(env, result->layers.size());
                for (uint32_t i = 0; i < result->layers.size(); ++i) {
                    Napi::Object layer = toFacts(env, result->facts[i]);
                    layer.Set("samples", toFloats(env, result->layers[i]));
                    layer.Set("starts", toFloats(env, result->starts[i]));
                    layers.Set(i, layer);
                }
                o.Set("total", toFloats(env, result->total));
                o.Set("layers", layers);
                o.Set("source", result->source);
                o.Set("profile", static_cast<double>(call->context().profile()));
                return o;
            });
    });
}

template <typename T>
Napi::Value dispose(const Napi::CallbackInfo& info) {
    Handle<T>::drop(info[0]);
    return info.Env().Undefined();
}

}  // namespace

void exportEngines(Napi::Env env, Napi::Object exports) {
    exports.Set("loadEngine", Napi::Function::New<loadEngine>(env));
    exports.Set("engineInfo", Napi::Function::New<engineInfo>(env));
    exports.Set("verifyEngine", Napi::Function::New<verifyEngine>(env));
    exports.Set("createContext", Napi::Function::New<createContext>(env));
    exports.Set("runContext", Napi::Function::New<runContext>(env));
    exports.Set("profileContext", Napi::Function::New<profileContext>(env));
    exports.Set("disposeEngine", Napi::Function::New<dispose<SharedEngine>>(env));
    exports.Set("disposeContext", Napi::Function::New<dispose<SharedContext>>(env));
}

}  // namespace sinter::addon
