#include "cuda/libraries/cudnn_api.h"

#include <map>

#include "core/error.h"
#include "cuda/context.h"
#include "cuda/library.h"
#include "cuda/symbols.h"

namespace sinter::cuda::dnn {
namespace {

Opened open() {
    Opened result;
    result.info = {.name = "cuDNN", .path = {}, .version = {}, .problem = {}, .searched = searchedPlaces()};
    const Library library = openLibrary({"libcudnn.so.9"});
    if (!library.handle) {
        result.info.problem = "cuDNN (libcudnn.so.9) was not found (`pip install nvidia-cudnn-cu13` provides it)";
        return result;
    }
    // Its own parts look for these by name: what is open already is found wherever it lies.
    openLibrary({"libcublasLt.so.13", "libcublasLt.so.12"});
    openLibrary({"libnvrtc.so.13", "libnvrtc.so.12"});
    Api a{};
    Symbols symbol{library, {}};
    symbol(a.version, "cudnnGetVersion");
    symbol(a.create, "cudnnCreate");
    symbol(a.setStream, "cudnnSetStream");
    symbol(a.createObject, "cudnnBackendCreateDescriptor");
    symbol(a.destroyObject, "cudnnBackendDestroyDescriptor");
    symbol(a.setAttribute, "cudnnBackendSetAttribute");
    symbol(a.getAttribute, "cudnnBackendGetAttribute");
    symbol(a.finalize, "cudnnBackendFinalize");
    symbol(a.execute, "cudnnBackendExecute");
    symbol(a.errorString, "cudnnGetErrorString");
    if (result.complete(a, symbol)) result.info.version = versionText(a.version());
    return result;
}

const Api& api() { return *opened().api; }

}  // namespace

const Opened& opened() {
    static const Opened library = open();
    return library;
}

Shared& shared() {
    static std::mutex mutex;
    static std::map<std::pair<const void*, uint64_t>, Shared> made;
    const std::lock_guard lock(mutex);
    Shared& s = made[Context::identity()];
    if (!s.handle && api().create(&s.handle) != 0) throw Error(ErrorCode::Device, "cuDNN cannot start on this GPU");
    return s;
}

void check(Status status, const char* what) {
    if (status != 0) throw Error(ErrorCode::Kernel, std::string("cuDNN failed while ") + what + ": " + api().errorString(status));
}

Descriptor::Descriptor(int kind) { check(api().createObject(kind, &object_), "creating a descriptor"); }

Descriptor::~Descriptor() {
    if (object_) api().destroyObject(object_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
}

Descriptor& Descriptor::set(int name, int type, int64_t count, const void* values) {
    check(api().setAttribute(object_, name, type, count, values), "describing a convolution");
    return *this;
}

Descriptor& Descriptor::setObjects(int name, const std::vector<const Descriptor*>& others) {
    std::vector<Object> list;
    for (const Descriptor* d : others) list.push_back(d->object_);
    return set(name, type::kObject, static_cast<int64_t>(list.size()), list.data());
}

Descriptor& Descriptor::finalize() {
    check(api().finalize(object_), "completing a description");
    return *this;
}

int64_t Descriptor::int64(int name) const {
    int64_t value = 0, count = 0;
    check(api().getAttribute(object_, name, type::kInt64, 1, &count, &value), "reading a number");
    return value;
}

int Descriptor::integer(int name, int type) const {
    int value = 0;
    int64_t count = 0;
    check(api().getAttribute(object_, name, type, 1, &count, &value), "reading a number");
    return value;
}

std::vector<Descriptor> Descriptor::objects(int name, int kind, int64_t most) const {
    std::vector<Descriptor> made;
    std::vector<Object> list;
    for (int64_t i = 0; i < most; ++i) list.push_back(made.emplace_back(kind).get());
    int64_t count = 0;
    check(api().getAttribute(object_, name, type::kObject, most, &count, list.data()), "reading its engines");
    made.erase(made.begin() + std::min(count, most), made.end());
    return made;
}

}  // namespace sinter::cuda::dnn
