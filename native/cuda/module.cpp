#include "cuda/module.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <thread>

#include "core/error.h"
#include "cuda/compiled_files.h"
#include "cuda/embedded.h"

namespace sinter::cuda {
namespace {

/// FNV-1a over 64 bits, twice with different starts: a name, not a defence against forgery.
class Hash {
public:
    void add(std::string_view text) {
        for (const char c : text) step(static_cast<unsigned char>(c));
        step(0x1f);
    }
    std::string hex() const {
        std::string out;
        for (const uint64_t h : {a_, b_}) {
            for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(h >> shift) & 15];
        }
        return out;
    }

private:
    void step(unsigned char c) {
        a_ = (a_ ^ c) * 0x100000001b3ULL;
        b_ = (b_ ^ c) * 0x100000001b3ULL + 0x9e3779b97f4a7c15ULL;
    }
    uint64_t a_ = 0xcbf29ce484222325ULL, b_ = 0x84222325cbf29ce4ULL;
};

std::string targetOf(const Source& source, const DeviceProperties& device) {
    return "sm_" + std::to_string(device.arch()) + (source.architectureSpecific ? "a" : "");
}

std::string_view fileText(const std::string& name) {
    for (const EmbeddedFile& f : embeddedFiles()) {
        if (f.name == name) return f.text;
    }
    throw Error(ErrorCode::Internal, "there is no kernel source " + name);
}

/// Options that every kernel is compiled with.
constexpr const char* kOptions[] = {"-std=c++17", "-default-device", "-extra-device-vectorization"};

/// CUDA_ERROR_NO_BINARY_FOR_GPU, CUDA_ERROR_UNSUPPORTED_PTX_VERSION.
constexpr CuResult kNoKernelForDevice = 209, kPtxTooNew = 222;

/// The compute capability that a key names; 0 for code that no other can run ("sm_90a").
int forwardArch(std::string_view key) {
    const std::string_view target = key.substr(0, key.find(':'));
    return target.ends_with('a') ? 0 : std::atoi(std::string(target.substr(std::min<size_t>(3, target.size()))).c_str());
}

std::string firstLines(const std::string& log, int lines) {
    size_t end = 0;
    for (int i = 0; i < lines && end < log.size(); ++i) end = std::min(log.find('\n', end) + 1, log.size());
    return log.substr(0, end == 0 ? log.size() : end);
}

}  // namespace

std::string keyOf(const Source& source, const DeviceProperties& device) {
    // The headers are most of the text, and the same for every source.
    static const Hash common = [] {
        Hash all;
        for (const char* option : kOptions) all.add(option);
        for (const EmbeddedFile& f : embeddedFiles()) {
            if (f.name.ends_with(".cuh")) all.add(f.text);
        }
        return all;
    }();
    Hash h = common;
    h.add(fileText(source.file));
    for (const auto& [name, value] : source.defines) {
        h.add(name);
        h.add(value);
    }
    for (const auto& [name, text] : source.generated) {
        h.add(name);
        h.add(text);
    }
    return targetOf(source, device) + ":" + h.hex();
}

KernelBinary compileSource(const Source& source, const std::string& target, std::string key) {
    const Compiler* c = Compiler::get();
    if (!c) throw Error(ErrorCode::Device, Compiler::problem());
    std::vector<const char*> texts, names;
    for (const auto& [name, text] : source.generated) {
        names.push_back(name.c_str());
        texts.push_back(text.c_str());
    }
    for (const EmbeddedFile& f : embeddedFiles()) {
        if (!f.name.ends_with(".cuh")) continue;
        names.push_back(f.name.data());
        texts.push_back(f.text.data());
    }
    std::vector<std::string> options{std::begin(kOptions), std::end(kOptions)};
    options.push_back("-arch=" + target);
    for (const auto& [name, value] : source.defines) options.push_back("-D" + name + "=" + value);
    if (c->hasCache()) options.emplace_back("-no-cache");
    std::vector<const char*> optionTexts;
    for (const std::string& o : options) optionTexts.push_back(o.c_str());

    Compiler::Program program = nullptr;
    const std::string text(fileText(source.file));
    int code = c->create(&program, text.c_str(), source.file.c_str(), static_cast<int>(names.size()), texts.data(), names.data());
    if (code != 0) throw Error(ErrorCode::Kernel, "NVRTC cannot start: " + std::string(c->errorString(code)));
    struct Destroy {
        const Compiler* c;
        Compiler::Program* p;
        ~Destroy() { c->destroy(p); }
    } const destroy{c, &program};
    code = c->compile(program, static_cast<int>(optionTexts.size()), optionTexts.data());
    if (code != 0) {
        size_t size = 0;
        c->logSize(program, &size);
        std::string log(size, '\0');
        if (size > 0) c->log(program, log.data());
        log.resize(std::min(log.find('\0'), log.size()));
        throw Error(ErrorCode::Kernel, source.file + " for " + target + ": " + firstLines(log, 3));
    }
    KernelBinary result;
    result.key = std::move(key);
    size_t size = 0;
    if (c->cubinSize(program, &size) != 0 || size == 0) throw Error(ErrorCode::Kernel, "NVRTC made no machine code of " + source.file);
    result.cubin.resize(size);
    c->cubin(program, result.cubin.data());
    if (c->ptxSize(program, &size) == 0 && size > 0) {
        result.ptx.resize(size);
        c->ptx(program, result.ptx.data());
    }
    return result;
}

Module::Module(const Context& context, const KernelBinary& binary) : context_(context), epoch_(context.epoch()) {
    const Driver* d = Driver::get();
    if (!d) throw Error(ErrorCode::Device, Driver::problem());
    const CuResult refused = binary.cubin.empty() ? kNoKernelForDevice : d->loadModule(&module_, binary.cubin.data());
    const CuResult code = refused != 0 && !binary.ptx.empty() ? d->loadModule(&module_, binary.ptx.c_str()) : refused;
    if (code != kNoKernelForDevice && code != kPtxTooNew) {
        check(code, "loading a kernel");
        return;
    }
    int version = 0;
    d->driverVersion(&version);
    throw Error(ErrorCode::Device, "a kernel compiled for " + binary.key.substr(0, binary.key.find(':')) + " does not run on this GPU" +
                                       (code == kPtxTooNew ? ", and its PTX needs a newer driver than CUDA " + std::to_string(version / 1000) + "." +
                                                                 std::to_string(version % 1000 / 10)
                                                           : "") +
                                       ": build the engine on this machine" + (code == kPtxTooNew ? ", or update the driver" : ""));
}

Module::~Module() {
    if (context_.tryEnter(epoch_)) Driver::get()->unloadModule(module_);
}

CuFunction Module::function(const std::string& entry, uint32_t dynamicShared) {
    const std::lock_guard lock(mutex_);
    auto found = functions_.find(entry);
    if (found == functions_.end()) {
        CuFunction f = nullptr;
        check(Driver::get()->function(&f, module_, entry.c_str()), ("finding kernel " + entry).c_str());
        found = functions_.emplace(entry, std::pair{f, 0U}).first;
    }
    auto& [function, allowed] = found->second;
    if (dynamicShared > allowed && dynamicShared > 32 * 1024) {  // beyond 48 KB, static shared memory included
        check(Driver::get()->setFunctionAttribute(function, attribute::kFunctionDynamicShared, static_cast<int>(dynamicShared)),
              ("giving kernel " + entry + " shared memory").c_str());
        allowed = dynamicShared;
    }
    return function;
}

void ModuleCache::add(std::span<const KernelBinary> binaries) {
    const std::lock_guard lock(mutex_);
    for (const KernelBinary& b : binaries) entries_.try_emplace(b.key, Entry{b, {}});
}

void ModuleCache::compile(std::span<const Source> sources, const StopToken* stop) { compileMissing(sources, stop, false); }

void ModuleCache::prefetch(std::span<const Source> sources, const StopToken* stop) { compileMissing(sources, stop, true); }

void ModuleCache::compileMissing(std::span<const Source> sources, const StopToken* stop, bool tolerant) {
    std::vector<std::pair<std::string, const Source*>> missing;
    {
        const std::lock_guard lock(mutex_);
        for (const Source& s : sources) {
            std::string key = keyOf(s, device_);
            const bool listed = std::any_of(missing.begin(), missing.end(), [&](const auto& m) { return m.first == key; });
            if (!entries_.contains(key) && !listed) missing.emplace_back(std::move(key), &s);
        }
    }
    std::atomic<size_t> next{0};
    std::exception_ptr failure;
    const auto work = [&] {
        for (size_t i; (i = next.fetch_add(1)) < missing.size();) {
            try {
                throwIfStopped(stop);
                const std::string& key = missing[i].first;
                auto binary = readCompiled(key);
                if (!binary) {
                    binary = compileSource(*missing[i].second, targetOf(*missing[i].second, device_), key);
                    writeCompiled(*binary);
                }
                const std::lock_guard lock(mutex_);
                entries_.try_emplace(key, Entry{std::move(*binary), {}});
            } catch (const Error& e) {
                if (tolerant && e.code == ErrorCode::Kernel) continue;
                const std::lock_guard lock(mutex_);
                if (!failure) failure = std::current_exception();
            } catch (...) {
                const std::lock_guard lock(mutex_);
                if (!failure) failure = std::current_exception();
            }
        }
    };
    std::vector<std::thread> threads;
    const size_t count = std::min<size_t>(missing.size(), std::max(1U, std::thread::hardware_concurrency()));
    for (size_t i = 1; i < count; ++i) threads.emplace_back(work);
    work();
    for (std::thread& t : threads) t.join();
    if (failure) std::rethrow_exception(failure);
}

bool ModuleCache::has(const Source& source) {
    const std::lock_guard lock(mutex_);
    return entries_.contains(keyOf(source, device_));
}

std::vector<KernelBinary> ModuleCache::binaries(std::span<const Source> sources) {
    std::map<std::string, KernelBinary> sorted;
    const std::lock_guard lock(mutex_);
    for (const Source& s : sources) {
        const std::string key = keyOf(s, device_);
        sorted.emplace(key, entries_.at(key).binary);
    }
    std::vector<KernelBinary> list;
    for (auto& [key, binary] : sorted) list.push_back(std::move(binary));
    return list;
}

std::shared_ptr<Module> ModuleCache::module(const Source& source) {
    const std::string key = keyOf(source, device_);
    adopt(key);
    compile(std::span(&source, 1), nullptr);
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.at(key);
    if (auto loaded = entry.module.lock(); loaded && loaded->alive()) return loaded;
    auto made = std::make_shared<Module>(context_, entry.binary);
    entry.module = made;
    return made;
}

/// Where an engine brought the same source compiled for an older GPU, its PTX is for this one too. Throws Error(Device) where
/// it is for no other and nothing here could compile it anew.
void ModuleCache::adopt(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (entries_.contains(key)) return;
    const std::string_view source = std::string_view(key).substr(key.find(':'));
    const std::string* other = nullptr;
    for (const auto& [name, entry] : entries_) {
        if (!name.ends_with(source)) continue;
        other = &name;
        if (const int arch = forwardArch(name); arch == 0 || arch > device_.arch() || entry.binary.ptx.empty()) continue;
        entries_.try_emplace(key, Entry{{name, "", entry.binary.ptx}, {}});
        return;
    }
    if (!other || Compiler::get()) return;
    throw Error(ErrorCode::Device, "its kernel was compiled for " + other->substr(0, other->find(':')) + " and cannot be compiled for this GPU (sm_" +
                                       std::to_string(device_.arch()) + ") without NVRTC: build the engine on this machine");
}

}  // namespace sinter::cuda
