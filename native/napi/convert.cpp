#include "napi/convert.h"

#include <cmath>
#include <cstring>
#include <new>

#include "core/dim.h"
#include "core/number_formats.h"

namespace sinter::addon {
namespace {

[[noreturn]] void wrong(const std::string& what, const char* wanted) {
    throw Error(ErrorCode::Argument, what + " must be " + wanted);
}

DType dtypeNamed(const std::string& name) {
    for (int i = 1; i <= 255; ++i) {
        const auto t = static_cast<DType>(i);
        if (dtypeName(t) == name) return t;
    }
    throw Error(ErrorCode::Type, "there is no element type \"" + name + "\"");
}

}  // namespace

Failure Failure::current() {
    try {
        throw;
    } catch (const Error& e) {
        return {e.what(), std::string(errorCodeName(e.code)), e.layer};
    } catch (const std::bad_alloc&) {
        return {"not enough memory", std::string(errorCodeName(ErrorCode::Memory)), ""};
    } catch (const std::exception& e) {
        return {e.what(), std::string(errorCodeName(ErrorCode::Internal)), ""};
    } catch (...) {
        return {"an unknown failure", std::string(errorCodeName(ErrorCode::Internal)), ""};
    }
}

Napi::Error Failure::toError(Napi::Env env) const {
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", Napi::String::New(env, code));
    if (!layer.empty()) error.Set("layer", Napi::String::New(env, layer));
    return error;
}

std::string text(const Napi::Value& v, const char* what) {
    if (!v.IsString()) wrong(what, "a string");
    return v.As<Napi::String>().Utf8Value();
}

int integer(const Napi::Value& v, const char* what) {
    if (!v.IsNumber()) wrong(what, "a number");
    const double d = v.As<Napi::Number>().DoubleValue();
    if (!(d >= 0 && d <= 1 << 30) || d != std::floor(d)) wrong(what, "a small whole number");
    return static_cast<int>(d);
}

std::vector<std::string> texts(const Napi::Value& v, const char* what) {
    if (!v.IsArray()) wrong(what, "an array of strings");
    const auto array = v.As<Napi::Array>();
    std::vector<std::string> result;
    for (uint32_t i = 0; i < array.Length(); ++i) result.push_back(text(array.Get(i), what));
    return result;
}

std::span<const std::byte> bytes(const Napi::Value& v, const char* what) {
    if (!v.IsTypedArray() || v.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) wrong(what, "a Uint8Array");
    const auto array = v.As<Napi::Uint8Array>();
    return std::as_bytes(std::span(array.Data(), array.ElementLength()));
}

std::string bytesCopy(const Napi::Value& v, const char* what) {
    const auto b = bytes(v, what);
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}

Napi::Array toArray(Napi::Env env, const std::vector<std::string>& v) {
    Napi::Array a = Napi::Array::New(env, v.size());
    for (size_t i = 0; i < v.size(); ++i) a.Set(static_cast<uint32_t>(i), v[i]);
    return a;
}

Napi::Uint8Array toBytes(Napi::Env env, std::span<const std::byte> v) {
    Napi::Uint8Array a = Napi::Uint8Array::New(env, v.size());
    if (!v.empty()) std::memcpy(a.Data(), v.data(), v.size());
    return a;
}

TensorInfo tensorInto(const Napi::Value& v, const std::string& what, HostMemory& memory) {
    if (!v.IsObject()) wrong(what, "a tensor");
    const auto object = v.As<Napi::Object>();
    TensorInfo info;
    info.dtype = dtypeNamed(text(object.Get("dtype"), "a tensor's dtype"));
    if (dtypeSize(info.dtype) == 0) throw Error(ErrorCode::Type, what + " holds strings, which cannot be executed");
    const Napi::Value shape = object.Get("shape");
    if (!shape.IsArray()) wrong(what, "a tensor with a shape");
    const auto dims = shape.As<Napi::Array>();
    if (dims.Length() > static_cast<uint32_t>(kMaxRank)) throw Error(ErrorCode::Shape, what + " has more than 8 dimensions");
    double count = 1;
    for (uint32_t i = 0; i < dims.Length(); ++i) {
        const Napi::Value dim = dims.Get(i);
        const double d = dim.IsNumber() ? dim.As<Napi::Number>().DoubleValue() : -1;
        if (!(d >= 0 && d <= 9e15) || d != std::floor(d)) throw Error(ErrorCode::Shape, what + " has a dimension that is no whole number");
        count *= d;
        info.dims.push_back(static_cast<int64_t>(d));
    }
    const auto data = bytes(object.Get("bytes"), "a tensor's bytes");
    if (count > 1e15 || data.size() != storedBytes(info.dtype, static_cast<int64_t>(count))) {
        throw Error(ErrorCode::Shape, what + " has " + std::to_string(data.size()) + " bytes, which is not " +
                                          std::string(dtypeName(info.dtype)) + " " + shapeText(info.dims));
    }
    const uint64_t size = static_cast<uint64_t>(count) * dtypeSize(info.dtype);
    if (!memory.data() || memory.bytes() < size) memory = HostMemory(size);
    unpackStored(info.dtype, data.data(), memory.data(), static_cast<int64_t>(count));
    return info;
}

GivenTensor tensor(const Napi::Value& v, const std::string& what) {
    GivenTensor t;
    t.info = tensorInto(v, what, t.memory);
    return t;
}

Napi::Object toTensor(Napi::Env env, const TensorInfo& info, const void* elements) {
    Napi::Object o = Napi::Object::New(env);
    Napi::Array shape = Napi::Array::New(env, info.dims.size());
    for (size_t i = 0; i < info.dims.size(); ++i) shape.Set(static_cast<uint32_t>(i), static_cast<double>(info.dims[i]));
    Napi::Uint8Array data = Napi::Uint8Array::New(env, storedBytes(info.dtype, info.count()));
    packStored(info.dtype, elements, data.Data(), info.count());
    o.Set("dtype", std::string(dtypeName(info.dtype)));
    o.Set("shape", shape);
    o.Set("bytes", data);
    return o;
}

}  // namespace sinter::addon
