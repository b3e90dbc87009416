// A stand-in for libcudnn on the emulated GPU: the backend entry points that the runtime uses. Descriptors keep their
// attributes as they are set; executing a plan walks the operations of its graph over float32 intermediates on the CPU.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "numbers.h"

namespace {

constexpr int kUnsupported = 3000, kBadParameter = 2000;

struct Object {
    int kind = 0;
    std::map<int, std::vector<char>> values;   ///< bytes per attribute, as they were set
    std::map<int, std::vector<std::shared_ptr<Object>>> objects;
    int64_t number(int name) const { return at<int64_t>(name)[0]; }
    template <typename T>
    std::vector<T> at(int name) const {
        const auto found = values.find(name);
        std::vector<T> list(found == values.end() ? 0 : found->second.size() / sizeof(T));
        if (!list.empty()) std::memcpy(list.data(), found->second.data(), list.size() * sizeof(T));
        return list;
    }
    const Object& object(int name) const { return *objects.at(name)[0]; }
};
using Handle = std::shared_ptr<Object>;

size_t sizeOfType(int type) { return type == 3 || type == 5 || type == 0 || type == 6 ? 8 : type == 2 ? 1 : 4; }

int numberType(int cudnnType) { return cudnnType == 2 ? emulated::kF16 : cudnnType == 9 ? emulated::kBF16 : emulated::kF32; }

/// The tensors of one execution: in the caller's memory, or in between.
struct Memory {
    std::map<int64_t, void*> given;
    std::map<int64_t, std::vector<float>> inner;
    static int64_t offset(const std::vector<int64_t>& strides, int64_t n, int64_t c, int64_t h, int64_t w) {
        return n * strides[0] + c * strides[1] + h * strides[2] + w * strides[3];
    }
    float load(const Object& t, int64_t n, int64_t c, int64_t h, int64_t w) {
        const auto dims = t.at<int64_t>(902), strides = t.at<int64_t>(903);
        const auto one = [](int64_t i, int64_t d) { return d == 1 ? 0 : i; };
        const int64_t at = offset(strides, one(n, dims[0]), one(c, dims[1]), one(h, dims[2]), one(w, dims[3]));
        const int64_t id = t.number(906);
        return given.contains(id) ? emulated::load(numberType(t.at<int>(901)[0]), given[id], at) : inner.at(id)[static_cast<size_t>(at)];
    }
    void store(const Object& t, int64_t n, int64_t c, int64_t h, int64_t w, float x) {
        const auto dims = t.at<int64_t>(902), strides = t.at<int64_t>(903);
        const int64_t at = offset(strides, n, c, h, w), id = t.number(906);
        if (given.contains(id)) return emulated::store(numberType(t.at<int>(901)[0]), given[id], at, x);
        auto& memory = inner[id];
        memory.resize(static_cast<size_t>(dims[0] * dims[1] * dims[2] * dims[3]));
        memory[static_cast<size_t>(at)] = x;
    }
};

template <typename F>
void each(const Object& y, F f) {
    const auto d = y.at<int64_t>(902);
    for (int64_t n = 0; n < d[0]; ++n)
        for (int64_t c = 0; c < d[1]; ++c)
            for (int64_t h = 0; h < d[2]; ++h)
                for (int64_t w = 0; w < d[3]; ++w) f(n, c, h, w);
}

void convolve(const Object& o, Memory& m) {
    const Object &x = o.object(704), &w = o.object(703), &y = o.object(705), &how = o.object(702);
    const auto xd = x.at<int64_t>(902), wd = w.at<int64_t>(902), yd = y.at<int64_t>(902);
    const auto dilation = how.at<int64_t>(102), stride = how.at<int64_t>(103), before = how.at<int64_t>(105);
    const int64_t groups = xd[1] / wd[1], perGroup = yd[1] / groups;
    each(y, [&](int64_t n, int64_t k, int64_t p, int64_t q) {
        float sum = 0;
        for (int64_t c = 0; c < wd[1]; ++c)
            for (int64_t r = 0; r < wd[2]; ++r)
                for (int64_t s = 0; s < wd[3]; ++s) {
                    const int64_t h = p * stride[0] - before[0] + r * dilation[0], v = q * stride[1] - before[1] + s * dilation[1];
                    if (h < 0 || v < 0 || h >= xd[2] || v >= xd[3]) continue;
                    sum += m.load(x, n, k / perGroup * wd[1] + c, h, v) * m.load(w, k, c, r, s);
                }
        m.store(y, n, k, p, q, sum);
    });
}

void pointwise(const Object& o, Memory& m) {
    const Object &x = o.object(751), &y = o.object(753);
    const int mode = o.object(750).at<int>(0)[0];
    each(y, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
        const float a = m.load(x, n, c, h, w);
        m.store(y, n, c, h, w, mode == 0 ? a + m.load(o.object(752), n, c, h, w) : std::fmax(a, 0.0F));
    });
}

void* currentStream = nullptr;

Object& of(void* o) { return **static_cast<Handle*>(o); }

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT size_t cudnnGetVersion() { return 90100; }
EXPORT const char* cudnnGetErrorString(int) { return "an emulated error"; }
EXPORT int cudnnCreate(void** h) { *h = new int; return 0; }
EXPORT int cudnnSetStream(void*, void* s) { currentStream = s; return 0; }
EXPORT int cudnnBackendCreateDescriptor(int kind, void** o) { *o = new Handle(std::make_shared<Object>(Object{kind, {}, {}})); return 0; }
EXPORT int cudnnBackendDestroyDescriptor(void* o) { delete static_cast<Handle*>(o); return 0; }
EXPORT int cudnnBackendSetAttribute(void* o, int name, int type, int64_t count, const void* values) {
    if (type == 15) {
        auto& list = of(o).objects[name];
        list.clear();
        for (int64_t i = 0; i < count; ++i) list.push_back(*static_cast<Handle*>(static_cast<void* const*>(values)[i]));
        return 0;
    }
    const auto* bytes = static_cast<const char*>(values);
    of(o).values[name].assign(bytes, bytes + static_cast<size_t>(count) * sizeOfType(type));
    return 0;
}
EXPORT int cudnnBackendGetAttribute(void* o, int name, int type, int64_t wanted, int64_t* count, void* out) {
    Object& object = of(o);
    if (type == 15) {
        const auto& list = object.objects[name];
        *count = static_cast<int64_t>(list.size());
        for (int64_t i = 0; i < wanted && i < *count; ++i) of(static_cast<void**>(out)[i]) = *list[static_cast<size_t>(i)];
        return 0;
    }
    const auto& bytes = object.values[name];
    *count = static_cast<int64_t>(bytes.size() / sizeOfType(type));
    if (*count < wanted) return kBadParameter;
    std::memcpy(out, bytes.data(), static_cast<size_t>(wanted) * sizeOfType(type));
    return 0;
}
EXPORT int cudnnBackendFinalize(void* o) {
    Object& object = of(o);
    const auto put = [](Object& to, int name, const auto& value) {
        const auto* bytes = reinterpret_cast<const char*>(&value);
        to.values[name].assign(bytes, bytes + sizeof value);
    };
    if (object.kind == 17 && object.at<int64_t>(902).size() != object.at<int64_t>(903).size()) return kBadParameter;
    if (object.kind == 2 && object.number(1301) > 7) return kUnsupported;
    if (object.kind == 5) put(object, 402, object.object(401).object(300).number(1301) == 7 ? int64_t{4096} : int64_t{0});
    if (object.kind == 4) {  // two engines: the first with a setting, the second with a workspace
        for (const int64_t index : {int64_t{3}, int64_t{7}}) {
            auto config = std::make_shared<Object>(Object{3, {}, {}}), engine = std::make_shared<Object>(Object{2, {}, {}});
            put(*engine, 1301, index);
            config->objects[300] = {engine};
            if (index == 3) {
                auto knob = std::make_shared<Object>(Object{7, {}, {}});
                put(*knob, 600, int{2});
                put(*knob, 601, int64_t{1});
                config->objects[302] = {knob};
            }
            object.objects[202].push_back(config);
        }
    }
    return 0;
}
EXPORT int cudnnBackendExecute(void*, void* plan, void* pack) {
    Memory memory;
    const auto ids = of(pack).at<int64_t>(1000);
    const auto pointers = of(pack).at<void*>(1001);
    const auto workspace = of(pack).at<void*>(1003);
    for (size_t i = 0; i < ids.size(); ++i) memory.given[ids[i]] = pointers[i];
    if (of(plan).number(402) > 0 && (workspace.empty() || !workspace[0])) return kBadParameter;
    const auto operations = of(plan).object(401).object(300).object(1300).objects.at(801);
    return emulated::onStream(currentStream, [memory, operations]() mutable {
        for (const Handle& o : operations) o->kind == 10 ? convolve(*o, memory) : pointwise(*o, memory);
    });
}
