#include <algorithm>
#include <cstring>
#include <new>

#include "core/dim.h"
#include "core/error.h"
#include "core/execution_context.h"
#include "core/host_memory.h"
#include "sinter/sinter.h"

// Handles of the C ABI: the C++ objects with what a C caller sets piece by piece.
struct sinter_engine {
    std::shared_ptr<const sinter::Engine> engine;
};

struct sinter_context {
    sinter_context(std::shared_ptr<const sinter::Engine> engine, int threads, int profile)
        : context(std::move(engine), threads, true, profile),
          shapes(context.engine().header().inputs.size()),
          inputs(shapes.size(), nullptr),
          given(shapes.size(), false),
          own(context.engine().header().outputs.size()),
          callers(own.size()),
          outputs(own.size(), nullptr) {}

    struct Memory {
        void* data = nullptr;
        size_t bytes = 0;
    };
    sinter::ExecutionContext context;
    std::vector<std::vector<int64_t>> shapes;
    std::vector<const void*> inputs;
    std::vector<bool> given;
    std::vector<sinter::HostMemory> own;
    std::vector<Memory> callers;
    std::vector<void*> outputs;
    bool ran = false;
};

namespace {

using sinter::Error;
using sinter::ErrorCode;

thread_local std::string lastError;
thread_local std::string lastLayer;

sinter_status failed(ErrorCode code, const char* message, const std::string& layer = {}) {
    lastError = message;
    lastLayer = layer;
    return static_cast<sinter_status>(code);
}

template <typename F>
sinter_status guarded(F&& call) {
    try {
        call();
        return SINTER_OK;
    } catch (const Error& e) {
        return failed(e.code, e.what(), e.layer);
    } catch (const std::bad_alloc&) {
        return failed(ErrorCode::Memory, "not enough memory");
    } catch (const std::exception& e) {
        return failed(ErrorCode::Internal, e.what());
    }
}

template <typename T>
const T& required(const T* p, const char* what) {
    if (!p) throw Error(ErrorCode::Argument, std::string(what) + " is NULL");
    return *p;
}
template <typename T>
T& required(T* p, const char* what) {
    return const_cast<T&>(required(static_cast<const T*>(p), what));
}

void checkIndex(size_t index, size_t count, const char* what) {
    if (index >= count) {
        throw Error(ErrorCode::Argument, "there is no " + std::string(what) + " " + std::to_string(index) + ", the engine has " + std::to_string(count));
    }
}

uint64_t bytesOf(const sinter::TensorInfo& t) { return static_cast<uint64_t>(t.count()) * sinter::dtypeSize(t.dtype); }

sinter_binding describe(const sinter::schema::Engine& h, const sinter::schema::Binding& b) {
    const sinter::schema::Value& v = h.values[b.value];
    sinter_binding out{};
    out.name = b.name.c_str();
    out.dtype = static_cast<sinter_dtype>(v.dtype);
    out.rank = v.shape.size();
    for (size_t i = 0; i < v.shape.size(); ++i) {
        const bool fixed = v.shape[i].kind == sinter::schema::DimExpr::Kind::Constant;
        out.dims[i] = fixed ? v.shape[i].value : -1;
    }
    return out;
}

/// Sets shapes and finds memory for the outputs.
void prepare(sinter_context& c) {
    const auto& h = c.context.engine().header();
    for (size_t i = 0; i < c.given.size(); ++i) {
        if (!c.given[i]) throw Error(ErrorCode::Argument, "input \"" + h.inputs[i].name + "\" is not set");
    }
    c.ran = false;
    c.context.setShapes(c.shapes);
    if (c.context.outputsDecidedByRun()) {
        std::fill(c.outputs.begin(), c.outputs.end(), nullptr);
        return;
    }
    for (size_t i = 0; i < c.outputs.size(); ++i) {
        const uint64_t bytes = bytesOf(c.context.output(i));
        if (c.callers[i].data) {
            if (c.callers[i].bytes < bytes) {
                throw Error(ErrorCode::Argument, "the memory for output \"" + h.outputs[i].name + "\" has " + std::to_string(c.callers[i].bytes) +
                                                     " bytes, it needs " + std::to_string(bytes));
            }
            c.outputs[i] = c.callers[i].data;
            continue;
        }
        if (!c.own[i].data() || c.own[i].bytes() < bytes) c.own[i] = sinter::HostMemory(bytes);
        c.outputs[i] = c.own[i].data();
    }
}

/// Where shapes are decided by the run: its results go to the caller's memory, or stay in the context's.
void takeOutputs(sinter_context& c) {
    if (!c.context.outputsDecidedByRun()) return;
    const auto& h = c.context.engine().header();
    for (size_t i = 0; i < c.outputs.size(); ++i) {
        if (c.context.result(i).items || !c.context.result(i).present()) {
            throw Error(ErrorCode::Type, "output \"" + h.outputs[i].name + "\" is a sequence or an absent value, which the C interface does not give");
        }
        const uint64_t bytes = bytesOf(c.context.output(i));
        c.outputs[i] = c.context.outputData(i);
        if (!c.callers[i].data) continue;
        if (c.callers[i].bytes < bytes) {
            throw Error(ErrorCode::Argument, "the memory for output \"" + h.outputs[i].name + "\" has " + std::to_string(c.callers[i].bytes) +
                                                 " bytes, this result needs " + std::to_string(bytes));
        }
        std::memcpy(c.callers[i].data, c.outputs[i], bytes);
        c.outputs[i] = c.callers[i].data;
    }
}

}  // namespace

extern "C" {

const char* sinter_version(void) { return SINTER_VERSION; }
const char* sinter_last_error(void) { return lastError.c_str(); }
const char* sinter_last_error_layer(void) { return lastLayer.c_str(); }

sinter_status sinter_engine_load(const char* path, sinter_engine** engine) {
    return guarded([&] {
        required(engine, "engine") = nullptr;
        *engine = std::make_unique<sinter_engine>(sinter_engine{sinter::Engine::load(&required(path, "path"))}).release();
    });
}

void sinter_engine_free(sinter_engine* engine) { std::unique_ptr<sinter_engine>{engine}; }

sinter_status sinter_engine_verify(const sinter_engine* engine) {
    return guarded([&] { required(engine, "engine").engine->verifyWeights(); });
}

size_t sinter_engine_input_count(const sinter_engine* engine) { return engine ? engine->engine->header().inputs.size() : 0; }
size_t sinter_engine_output_count(const sinter_engine* engine) { return engine ? engine->engine->header().outputs.size() : 0; }

sinter_status sinter_engine_input(const sinter_engine* engine, size_t index, sinter_binding* binding) {
    return guarded([&] {
        const auto& h = required(engine, "engine").engine->header();
        checkIndex(index, h.inputs.size(), "input");
        required(binding, "binding") = describe(h, h.inputs[index]);
    });
}

sinter_status sinter_engine_output(const sinter_engine* engine, size_t index, sinter_binding* binding) {
    return guarded([&] {
        const auto& h = required(engine, "engine").engine->header();
        checkIndex(index, h.outputs.size(), "output");
        required(binding, "binding") = describe(h, h.outputs[index]);
    });
}

size_t sinter_engine_profile_count(const sinter_engine* engine) { return engine ? engine->engine->profileCount() : 0; }

sinter_status sinter_engine_profile_input(const sinter_engine* engine, size_t profile, size_t input, sinter_profile_shapes* shapes) {
    return guarded([&] {
        const auto& e = *required(engine, "engine").engine;
        const auto& h = e.header();
        checkIndex(profile, e.profileCount(), "optimization profile");
        checkIndex(input, h.inputs.size(), "input");
        const auto& declared = h.values[h.inputs[input].value].shape;
        sinter_profile_shapes& out = required(shapes, "shapes");
        out = {};
        out.rank = declared.size();
        const auto at = [&](int64_t sinter::schema::Range::* end, int64_t* dims) {
            sinter::SymbolValues values(h.symbols.size(), 1);
            if (profile < h.profiles.size()) {
                for (size_t s = 0; s < values.size() && s < h.profiles[profile].ranges.size(); ++s) values[s] = h.profiles[profile].ranges[s].*end;
            }
            const auto found = sinter::evaluateShape(declared, values, h.symbols);
            std::copy(found.begin(), found.end(), dims);
        };
        at(&sinter::schema::Range::min, out.min);
        at(&sinter::schema::Range::opt, out.opt);
        at(&sinter::schema::Range::max, out.max);
    });
}

size_t sinter_engine_layer_count(const sinter_engine* engine) { return engine ? engine->engine->header().layers.size() : 0; }

const char* sinter_engine_layer_name(const sinter_engine* engine, size_t index) {
    return index < sinter_engine_layer_count(engine) ? engine->engine->header().layers[index].name.c_str() : nullptr;
}

const char* sinter_engine_layer_tactic(const sinter_engine* engine, size_t index) {
    return index < sinter_engine_layer_count(engine) ? engine->engine->header().layers[index].tactic.c_str() : nullptr;
}

sinter_status sinter_context_create(const sinter_engine* engine, size_t threads, sinter_context** context) {
    return guarded([&] {
        required(context, "context") = nullptr;
        if (threads > 4096) throw Error(ErrorCode::Argument, "more than 4096 threads");
        *context = std::make_unique<sinter_context>(required(engine, "engine").engine, static_cast<int>(threads), sinter::kAnyProfile).release();
    });
}

sinter_status sinter_context_create_for_profile(const sinter_engine* engine, size_t threads, size_t profile, sinter_context** context) {
    return guarded([&] {
        required(context, "context") = nullptr;
        if (threads > 4096) throw Error(ErrorCode::Argument, "more than 4096 threads");
        const auto& e = required(engine, "engine").engine;
        checkIndex(profile, e->profileCount(), "optimization profile");
        *context = std::make_unique<sinter_context>(e, static_cast<int>(threads), static_cast<int>(profile)).release();
    });
}

size_t sinter_context_profile_index(const sinter_context* context) { return context ? context->context.profile() : 0; }

size_t sinter_context_layer_count(const sinter_context* context) { return context ? context->context.planned().header().layers.size() : 0; }

const char* sinter_context_layer_name(const sinter_context* context, size_t index) {
    return index < sinter_context_layer_count(context) ? context->context.planned().header().layers[index].name.c_str() : nullptr;
}

const char* sinter_context_layer_tactic(const sinter_context* context, size_t index) {
    return index < sinter_context_layer_count(context) ? context->context.planned().header().layers[index].tactic.c_str() : nullptr;
}

void sinter_context_free(sinter_context* context) { std::unique_ptr<sinter_context>{context}; }

sinter_status sinter_context_set_input(sinter_context* context, size_t index, const int64_t* dims, size_t rank, const void* data) {
    return guarded([&] {
        auto& c = required(context, "context");
        checkIndex(index, c.inputs.size(), "input");
        if (rank > SINTER_MAX_RANK || (rank > 0 && !dims)) throw Error(ErrorCode::Argument, "an input's shape has at most 8 dimensions");
        c.shapes[index].assign(dims, dims + rank);
        c.inputs[index] = data;
        c.given[index] = true;
    });
}

sinter_status sinter_context_set_output(sinter_context* context, size_t index, void* data, size_t bytes) {
    return guarded([&] {
        auto& c = required(context, "context");
        checkIndex(index, c.callers.size(), "output");
        c.callers[index] = {data, bytes};
    });
}

sinter_status sinter_context_run(sinter_context* context) {
    return guarded([&] {
        auto& c = required(context, "context");
        prepare(c);
        c.context.run(c.inputs, c.outputs);
        takeOutputs(c);
        c.ran = true;
    });
}

sinter_status sinter_context_output(const sinter_context* context, size_t index, sinter_tensor* tensor) {
    return guarded([&] {
        const auto& c = required(context, "context");
        checkIndex(index, c.outputs.size(), "output");
        if (!c.ran) throw Error(ErrorCode::Argument, "the context has not run with these inputs");
        const sinter::TensorInfo& info = c.context.output(index);
        sinter_tensor& t = required(tensor, "tensor");
        t = {};
        t.dtype = static_cast<sinter_dtype>(info.dtype);
        t.rank = info.dims.size();
        std::copy(info.dims.begin(), info.dims.end(), t.dims);
        t.data = c.outputs[index];
        t.bytes = bytesOf(info);
    });
}

sinter_status sinter_context_profile(sinter_context* context, size_t warmup, size_t iterations, double* total, double* layers) {
    return guarded([&] {
        auto& c = required(context, "context");
        required(total, "total");
        if (warmup > 1000000 || iterations > 1000000) throw Error(ErrorCode::Argument, "more than a million iterations");
        prepare(c);
        const auto result = c.context.profile(c.inputs, c.outputs, {static_cast<int>(warmup), static_cast<int>(iterations)});
        takeOutputs(c);
        c.ran = true;
        std::copy(result.total.begin(), result.total.end(), total);
        if (!layers) return;
        for (const auto& samples : result.layers) layers = std::copy(samples.begin(), samples.end(), layers);
    });
}

}  // extern "C"
