#include "napi/engines.h"

#include <atomic>

#include "core/dim.h"
#include "core/execution_context.h"
#include "napi/task.h"

namespace sinter::addon {
namespace {

struct SharedEngine {
    std::shared_ptr<const Engine> engine;
};

/// A context and whether a call is using it.
struct SharedContext {
    explicit SharedContext(std::shared_ptr<const Engine> engine, int threads) : context(std::move(engine), threads) {}
    ExecutionContext context;
    std::atomic<bool> busy{false};
};

/// Inputs and outputs of one call, in host memory.
struct Call {
    Call(const SharedContext& shared, const Napi::Value& given) {
        const schema::Engine& h = shared.context.engine().header();
        if (!given.IsArray() || given.As<Napi::Array>().Length() != h.inputs.size()) {
            throw Error(ErrorCode::Argument, "the engine has " + std::to_string(h.inputs.size()) + " inputs");
        }
        for (size_t i = 0; i < h.inputs.size(); ++i) {
            const std::string what = "input \"" + h.inputs[i].name + "\"";
            inputs.push_back(tensor(given.As<Napi::Array>().Get(static_cast<uint32_t>(i)), what));
            const DType want = h.values[h.inputs[i].value].dtype;
            const TensorInfo& info = inputs.back().info;
            if (info.dtype != want) {
                throw Error(ErrorCode::Type, what + " is " + std::string(dtypeName(info.dtype)) + ", the engine takes " + std::string(dtypeName(want)));
            }
            shapes.push_back(info.dims);
            inputPointers.push_back(inputs.back().memory.data());
        }
    }
    void prepare(ExecutionContext& context) {
        context.setShapes(shapes);
        for (size_t i = 0; i < context.engine().header().outputs.size(); ++i) {
            const TensorInfo& info = context.output(i);
            outputs.push_back({info, HostMemory(static_cast<uint64_t>(info.count()) * dtypeSize(info.dtype))});
            outputPointers.push_back(outputs.back().memory.data());
        }
    }
    std::vector<GivenTensor> inputs, outputs;
    std::vector<std::vector<int64_t>> shapes;
    std::vector<const void*> inputPointers;
    std::vector<void*> outputPointers;
};

/// Holds a context for one call.
class Use {
public:
    explicit Use(std::shared_ptr<SharedContext> shared) : shared_(std::move(shared)) {
        if (shared_->busy.exchange(true)) throw Error(ErrorCode::Argument, "this execution context is already running; create one per concurrent call");
    }
    ~Use() { shared_->busy.store(false); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ExecutionContext& context() { return shared_->context; }
    const SharedContext& shared() const { return *shared_; }

private:
    std::shared_ptr<SharedContext> shared_;
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
        return Handle<SharedContext>::make(info.Env(), std::make_shared<SharedContext>(shared->engine, integer(info[1], "the thread count")));
    });
}

Napi::Value runContext(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto use = std::make_shared<Use>(Handle<SharedContext>::take(info[0], "the execution context"));
        auto call = std::make_shared<Call>(use->shared(), info[1]);
        // The use ends with the work, before the promise resolves: the next call may come at once.
        return Task::start(
            info.Env(),
            [use, call]() mutable {
                const auto held = std::move(use);
                call->prepare(held->context());
                held->context().run(call->inputPointers, call->outputPointers);
            },
            [call](Napi::Env env) {
                Napi::Array outputs = Napi::Array::New(env, call->outputs.size());
                for (size_t i = 0; i < call->outputs.size(); ++i) {
                    outputs.Set(static_cast<uint32_t>(i), toTensor(env, call->outputs[i].info, call->outputs[i].memory.data()));
                }
                return outputs;
            });
    });
}

Napi::Float64Array toFloats(Napi::Env env, const std::vector<double>& v) {
    Napi::Float64Array a = Napi::Float64Array::New(env, v.size());
    std::copy(v.begin(), v.end(), a.Data());
    return a;
}

/// (context, inputs, warmup, iterations, onProgress, stop) → {total, layers}
Napi::Value profileContext(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto use = std::make_shared<Use>(Handle<SharedContext>::take(info[0], "the execution context"));
        auto call = std::make_shared<Call>(use->shared(), info[1]);
        auto progress = std::make_shared<ProgressReporter>(info.Env(), info[4]);
        auto result = std::make_shared<ProfileResult>();
        const ProfileOptions options{integer(info[2], "warmup"), integer(info[3], "iterations")};
        const auto stop = Handle<StopToken>::take(info[5], "the stop token");
        return Task::start(
            info.Env(),
            [use, call, progress, result, options, stop]() mutable {
                const auto held = std::move(use);
                call->prepare(held->context());
                const auto report = [&](int done, int total) { progress->report(done, total); };
                *result = held->context().profile(call->inputPointers, call->outputPointers, options, report, stop.get());
            },
            [result](Napi::Env env) {
                Napi::Object o = Napi::Object::New(env);
                Napi::Array layers = Napi::Array::New(env, result->layers.size());
                for (size_t i = 0; i < result->layers.size(); ++i) layers.Set(static_cast<uint32_t>(i), toFloats(env, result->layers[i]));
                o.Set("total", toFloats(env, result->total));
                o.Set("layers", layers);
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
