#pragma once
#include <napi.h>

#include <exception>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/error.h"
#include "core/host_memory.h"
#include "core/tensor.h"

namespace sinter::addon {

/// A failure on its way to JavaScript: an Error with `code` and, where known, `layer`.
struct Failure {
    std::string message;
    std::string code;
    std::string layer;

    /// Of the exception being handled.
    static Failure current();
    Napi::Error toError(Napi::Env env) const;
};

/// Runs a call from JavaScript; C++ failures become JavaScript exceptions.
template <typename F>
Napi::Value guarded(Napi::Env env, F&& call) {
    try {
        return call();
    } catch (const Napi::Error&) {
        throw;
    } catch (...) {
        throw Failure::current().toError(env);
    }
}

std::string text(const Napi::Value& v, const char* what);
int integer(const Napi::Value& v, const char* what);
std::vector<std::string> texts(const Napi::Value& v, const char* what);
/// The bytes of a Uint8Array, valid while JavaScript does not run.
std::span<const std::byte> bytes(const Napi::Value& v, const char* what);
std::string bytesCopy(const Napi::Value& v, const char* what);

Napi::Array toArray(Napi::Env env, const std::vector<std::string>& v);
/// A fresh Uint8Array (never external memory, which Electron forbids).
Napi::Uint8Array toBytes(Napi::Env env, std::span<const std::byte> v);

/// A tensor from JavaScript, copied: {dtype, shape, bytes}.
struct GivenTensor {
    TensorInfo info;
    HostMemory memory;
};
GivenTensor tensor(const Napi::Value& v, const std::string& what);
/// As above into memory that is kept between calls; grows it when needed.
TensorInfo tensorInto(const Napi::Value& v, const std::string& what, HostMemory& memory);
Napi::Object toTensor(Napi::Env env, const TensorInfo& info, const void* elements);

}  // namespace sinter::addon
