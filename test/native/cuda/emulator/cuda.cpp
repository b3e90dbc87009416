// A stand-in for libcuda: one device of compute capability 7.5 (kernels of inline PTX are for 8.0 and newer) whose memory
// is the host's and whose kernels are host code (see nvrtc.cpp), run block by block on one core. It runs what a GPU would run, thread for thread, so that kernels are tested without one.
#include <dlfcn.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "faults.h"

namespace {

using namespace emulated;

struct Index {
    unsigned x, y, z;
};
struct State {  // as in emulated.h
    Index thread, block, blockSize, gridSize;
    unsigned char* dynamicShared;
    unsigned char* exchange;
    void (*yield)(int);
};
struct Function {
    void (*call)(void**) = nullptr;
    size_t (*parameterSize)(size_t) = nullptr;
    void* library = nullptr;
    std::string name = {};
};
/// What a kernel's run was, for the stand-in of the tracing library.
struct Traced {
    const char* name;
    uint64_t start, end, node;
};
thread_local uint64_t replayed = 0;  ///< the node that a replay has come to, counted from 1; 0 outside of replays
struct LaunchConfig {
    unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
    void* stream;
    void* attributes;
    unsigned attributeCount;
};
/// A recorded graph: what each node does, and the nodes that must have run before it.
struct Work {
    struct Node {
        std::function<void()> run;
        std::set<size_t> after;
    };
    std::vector<Node> nodes;
    /// In the order furthest from the recorded one: the latest node that may run comes first, as on a card whose other
    /// streams are far ahead.
    void replay() const {
        std::vector<bool> done(nodes.size(), false);
        for (size_t left = nodes.size(); left > 0; --left) {
            size_t next = nodes.size();
            const auto ready = [&](const Node& n) { return std::all_of(n.after.begin(), n.after.end(), [&](size_t a) { return done[a]; }); };
            do --next;
            while (done[next] || !ready(nodes[next]));
            replayed = next + 1;
            nodes[next].run();
            done[next] = true;
        }
        replayed = 0;
    }
};
/// Kernels run when they are launched, so a stream is only a place in a recording: the nodes that its next one follows.
struct Stream {
    bool recorded = false;
    std::set<size_t> last;
};
struct Event {
    std::chrono::steady_clock::time_point at;
    bool recorded = false;
    std::set<size_t> last;
};

constexpr size_t kStack = 64 << 10;
constexpr int kMostThreads = 1024;

/// Threads of one block as fibers, taken up again and again until all are done.
class Block {
public:
    Block() : stacks_(new char[kStack * kMostThreads]), exchange_(new unsigned char[16 * kMostThreads]), shared_(new unsigned char[256 << 10]) {}

    void run(const LaunchConfig& c, Index block, const Function& f, void** parameters) {
        auto** slot = static_cast<State**>(dlsym(f.library, "sinter_emulated_state"));
        *slot = &state_;
        state_.block = block;
        state_.blockSize = {c.blockX, c.blockY, c.blockZ};
        state_.gridSize = {c.gridX, c.gridY, c.gridZ};
        state_.dynamicShared = shared_.get();
        state_.exchange = exchange_.get();
        state_.yield = [](int what) { current().yieldNow(what); };
        current_ = this;
        f_ = &f;
        parameters_ = parameters;
        count_ = static_cast<int>(c.blockX * c.blockY * c.blockZ);
        fibers_.resize(static_cast<size_t>(count_));
        for (int i = 0; i < count_; ++i) start(i);
        while (left_ > 0) {
            for (int i = 0; i < count_; ++i) {
                if (fibers_[static_cast<size_t>(i)].waits == 0) resume(i);
            }
            release();
        }
    }

private:
    struct Fiber {
        ucontext_t context;
        int waits = 0;  ///< 0 = ready, 1 = for its warp, 2 = for the block, 3 = done
    };
    static Block& current() { return *current_; }
    static void enter() {
        Block& b = current();
        b.f_->call(b.parameters_);
        b.fibers_[static_cast<size_t>(b.at_)].waits = 3;
        --b.left_;
        setcontext(&b.main_);
    }
    void start(int i) {
        Fiber& f = fibers_[static_cast<size_t>(i)];
        f.waits = 0;
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = stacks_.get() + kStack * static_cast<size_t>(i);
        f.context.uc_stack.ss_size = kStack;
        f.context.uc_link = nullptr;
        makecontext(&f.context, &Block::enter, 0);
        if (i == 0) left_ = count_;
    }
    void place(int i) {
        const auto n = static_cast<unsigned>(i);
        state_.thread = {n % state_.blockSize.x, n / state_.blockSize.x % state_.blockSize.y, n / (state_.blockSize.x * state_.blockSize.y)};
    }
    void resume(int i) {
        at_ = i;
        place(i);
        swapcontext(&main_, &fibers_[static_cast<size_t>(i)].context);
    }
    void yieldNow(int what) {
        Fiber& f = fibers_[static_cast<size_t>(at_)];
        f.waits = what;
        swapcontext(&f.context, &main_);
    }
    void release() {
        bool all = true;
        for (int warp = 0; warp < count_; warp += 32) {
            const int end = std::min(count_, warp + 32);
            bool together = true;
            for (int i = warp; i < end; ++i) together = together && (fibers_[static_cast<size_t>(i)].waits == 1 || fibers_[static_cast<size_t>(i)].waits == 3);
            for (int i = warp; i < end && together; ++i) {
                if (fibers_[static_cast<size_t>(i)].waits == 1) fibers_[static_cast<size_t>(i)].waits = 0;
            }
            for (int i = warp; i < end; ++i) all = all && fibers_[static_cast<size_t>(i)].waits >= 2;
        }
        if (!all) return;
        for (Fiber& f : fibers_) {
            if (f.waits == 2) f.waits = 0;
        }
    }

    static thread_local Block* current_;
    std::unique_ptr<char[]> stacks_;
    std::unique_ptr<unsigned char[]> exchange_, shared_;
    std::vector<Fiber> fibers_;
    ucontext_t main_;
    State state_{};
    const Function* f_ = nullptr;
    void** parameters_ = nullptr;
    int count_ = 0, left_ = 0, at_ = 0;
};
thread_local Block* Block::current_ = nullptr;

std::mutex running;
bool tracing = false;
std::vector<Traced> traced;

uint64_t now() {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}
thread_local Work* recording = nullptr;  // captures are a thread's own

void runKernel(const LaunchConfig& c, const Function& f, void** parameters) {
    const std::lock_guard lock(running);
    static Block* block = new Block;
    const uint64_t start = now();
    for (unsigned z = 0; z < c.gridZ; ++z)
        for (unsigned y = 0; y < c.gridY; ++y)
            for (unsigned x = 0; x < c.gridX; ++x) block->run(c, {x, y, z}, f, parameters);
    if (tracing) traced.push_back({f.name.c_str(), start, now(), replayed});
}

thread_local std::vector<Stream*> recordingStreams;

int step(void* on, std::function<void()> work) {
    auto* stream = static_cast<Stream*>(on);
    if (!recording || !stream->recorded) {
        work();
        return 0;
    }
    recording->nodes.push_back({std::move(work), stream->last});
    stream->last = {recording->nodes.size() - 1};
    return 0;
}

}  // namespace

#define FAULT()                                              \
    if (const int fault = faults().at(__func__); fault != 0) \
    return fault
#define EXPORT extern "C" __attribute__((visibility("default")))

/// For the stand-in of the tracing library: what ran since the last call, with `on` for the time that follows.
EXPORT int sinter_emulated_trace(bool on, void (*each)(void*, const char*, uint64_t, uint64_t, uint64_t), void* with) {
    const std::lock_guard lock(running);
    tracing = on;
    for (const Traced& t : traced) each(with, t.name, t.start, t.end, t.node);
    traced.clear();
    return 0;
}
/// For the stand-ins of libraries that launch on the driver's streams.
EXPORT int sinter_emulated_step(void* stream, void (*work)(void*), void* with) {
    return step(stream, [=] { work(with); });
}
EXPORT int cuInit(unsigned) { return 0; }
EXPORT int cuDriverGetVersion(int* v) { *v = number("SINTER_EMULATED_DRIVER", 13000); return 0; }
EXPORT int cuDeviceGetCount(int* n) { *n = number("SINTER_EMULATED_COUNT", 1); return 0; }
EXPORT int cuDeviceGet(int* d, int i) { *d = i; return 0; }
EXPORT int cuDeviceGetName(char* name, int n, int) { std::strncpy(name, "Emulated GPU", static_cast<size_t>(n)); return 0; }
EXPORT int cuDeviceGetAttribute(int* v, int which, int) {
    const char* given = std::getenv("SINTER_EMULATED_ARCH");  // 90: offers the kernels of inline PTX too, which cannot run
    const int arch = given ? std::atoi(given) : 75;
    static const std::map<int, int> values{{75, arch / 10}, {76, arch % 10}, {16, 132}, {13, 1980000}, {36, 0}, {37, 6144}, {38, 60 << 20}, {81, 233472}, {82, 65536}, {39, 2048}, {89, std::getenv("SINTER_EMULATED_PINNED") ? 0 : 1}, {97, 232448}};
    const auto at = values.find(which);
    *v = at == values.end() ? 0 : at->second;
    return 0;
}
EXPORT int cuDeviceTotalMem_v2(size_t* n, int) { *n = memory().total(); return 0; }
EXPORT int cuDevicePrimaryCtxReset_v2(int) { return faults().revive() ? 0 : 719; }
EXPORT int cuDevicePrimaryCtxRetain(void** c, int) { *c = &running; return 0; }
EXPORT int cuCtxSetCurrent(void*) { return 0; }
EXPORT int cuMemGetInfo_v2(size_t* free, size_t* total) { *free = memory().free(); *total = memory().total(); return 0; }
EXPORT int cuMemAlloc_v2(unsigned long long* p, size_t n) {
    FAULT();
    void* taken = memory().take(n);
    *p = reinterpret_cast<unsigned long long>(taken);
    return taken ? 0 : 2;
}
EXPORT int cuMemAllocManaged(unsigned long long* p, size_t n, unsigned) {
    FAULT();
    return cuMemAlloc_v2(p, n);
}
EXPORT int cuMemHostAlloc(void** p, size_t n, unsigned) {
    *p = memory().take(n);
    return *p ? 0 : 2;
}
EXPORT int cuMemFreeHost(void* p) { memory().give(p); return 0; }
EXPORT int cuMemFree_v2(unsigned long long p) { memory().give(reinterpret_cast<void*>(p)); return 0; }
EXPORT int cuMemcpyDtoDAsync_v2(unsigned long long to, unsigned long long from, size_t n, void*) {
    FAULT();
    std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), n);
    return 0;
}
EXPORT int cuMemcpyHtoDAsync_v2(unsigned long long to, const void* from, size_t n, void*) { FAULT(); std::memcpy(reinterpret_cast<void*>(to), from, n); return 0; }
EXPORT int cuMemcpyDtoHAsync_v2(void* to, unsigned long long from, size_t n, void*) { FAULT(); std::memcpy(to, reinterpret_cast<void*>(from), n); return 0; }
EXPORT int cuMemsetD8Async(unsigned long long p, unsigned char v, size_t n, void* s) {
    return step(s, [=] { std::memset(reinterpret_cast<void*>(p), v, n); });
}
EXPORT int cuStreamCreate(void** s, unsigned) { *s = new Stream; return 0; }
EXPORT int cuStreamDestroy_v2(void* s) { delete static_cast<Stream*>(s); return 0; }
EXPORT int cuStreamSynchronize(void*) { FAULT(); return 0; }
EXPORT int cuStreamWaitEvent(void* s, void* e, unsigned) {
    auto* stream = static_cast<Stream*>(s);
    const auto* event = static_cast<Event*>(e);
    if (!recording || !event->recorded) return 0;
    if (!stream->recorded) recordingStreams.push_back(stream);
    stream->recorded = true;
    stream->last.insert(event->last.begin(), event->last.end());
    return 0;
}
EXPORT int cuEventCreate(void** e, unsigned) { *e = new Event; return 0; }
EXPORT int cuEventDestroy_v2(void* e) { delete static_cast<Event*>(e); return 0; }
EXPORT int cuEventRecord(void* e, void* s) {
    auto* event = static_cast<Event*>(e);
    const auto* stream = static_cast<Stream*>(s);
    event->at = std::chrono::steady_clock::now();
    event->recorded = recording && stream->recorded;
    event->last = event->recorded ? stream->last : std::set<size_t>{};
    return 0;
}
EXPORT int cuEventSynchronize(void*) { FAULT(); return 0; }
EXPORT int cuEventElapsedTime(float* ms, void* a, void* b) {
    *ms = std::chrono::duration<float, std::milli>(static_cast<Event*>(b)->at - static_cast<Event*>(a)->at).count();
    return 0;
}
EXPORT int cuModuleLoadData(void** m, const void* image) {
    FAULT();
    uint64_t size = 0;
    std::memcpy(&size, image, sizeof size);
    std::string path = "/tmp/sinter-emulated-XXXXXX";
    const int fd = mkstemp(path.data());
    const bool written = write(fd, static_cast<const char*>(image) + sizeof size, size) == static_cast<ssize_t>(size);
    close(fd);
    *m = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    unlink(path.c_str());
    return *m ? 0 : 200;
}
EXPORT int cuModuleUnload(void* m) { return dlclose(m); }
EXPORT int cuModuleGetFunction(void** f, void* m, const char* name) {
    auto* found = reinterpret_cast<void (*)(void**)>(dlsym(m, (std::string("emulated_") + name).c_str()));
    if (!found) return 500;
    auto* size = reinterpret_cast<size_t (*)(size_t)>(dlsym(m, (std::string("emulated_size_") + name).c_str()));
    *f = new Function{found, size, m, name};
    return 0;
}
EXPORT int cuFuncGetParamCount(void* f, size_t* count) {
    for (*count = 0; static_cast<Function*>(f)->parameterSize(*count) > 0;) ++*count;
    return 0;
}
EXPORT int cuFuncGetParamInfo(void* f, size_t i, size_t* offset, size_t* size) {
    *offset = 0;  // nobody asks
    *size = static_cast<Function*>(f)->parameterSize(i);
    return *size > 0 ? 0 : 1;
}
EXPORT int cuFuncSetAttribute(void*, int, int) { return 0; }
EXPORT int cuFuncGetAttribute(int* v, int, void*) { *v = 0; return 0; }
EXPORT int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* v, void*, int threads, size_t) { *v = 1024 / threads; return 0; }
EXPORT int cuLaunchKernelEx(const LaunchConfig* c, void* f, void** parameters, void**) {
    FAULT();
    if (c->gridX == 0 || c->gridY == 0 || c->gridZ == 0 || c->gridY > 65535 || c->gridZ > 65535 || c->blockX * c->blockY * c->blockZ > 1024 ||
        c->blockX == 0 || c->sharedBytes > 232448)
        return 1;
    return step(c->stream, [=, config = *c] { runKernel(config, *static_cast<Function*>(f), parameters); });
}
EXPORT int cuStreamBeginCapture_v2(void* s, int) {
    recording = new Work;
    auto* stream = static_cast<Stream*>(s);
    *stream = {true, {}};
    recordingStreams = {stream};
    return 0;
}
/// As the driver does: what another stream was given must have been waited for by the one that began.
EXPORT int cuStreamEndCapture(void* s, void** g) {
    Work* made = recording;
    const auto* origin = static_cast<Stream*>(s);
    std::set<size_t> joined;
    std::vector<size_t> left(origin->last.begin(), origin->last.end());
    while (!left.empty()) {
        const size_t n = left.back();
        left.pop_back();
        if (!joined.insert(n).second) continue;
        left.insert(left.end(), made->nodes[n].after.begin(), made->nodes[n].after.end());
    }
    for (Stream* r : recordingStreams) *r = {};
    recording = nullptr;
    if (joined.size() != made->nodes.size()) {
        delete made;
        *g = nullptr;
        return 904;  // CUDA_ERROR_STREAM_CAPTURE_UNJOINED
    }
    *g = made;
    return 0;
}
EXPORT int cuGraphInstantiateWithFlags(void** e, void* g, unsigned long long) { *e = new Work(*static_cast<Work*>(g)); return 0; }
EXPORT int cuGraphLaunch(void* e, void*) {
    FAULT();
    static_cast<Work*>(e)->replay();
    return 0;
}
EXPORT int cuGraphDestroy(void* g) { delete static_cast<Work*>(g); return 0; }
EXPORT int cuGraphExecDestroy(void* e) { delete static_cast<Work*>(e); return 0; }
EXPORT int cuTensorMapEncodeTiled(void*, int, unsigned, void*, const uint64_t*, const uint64_t*, const uint32_t*, const uint32_t*, int, int, int, int) { return 801; }
EXPORT int cuTensorMapEncodeIm2col(void*, int, unsigned, void*, const uint64_t*, const uint64_t*, const int*, const int*, unsigned, unsigned, const uint32_t*, int, int, int, int) { return 801; }
EXPORT int cuGetErrorString(int code, const char** text) {
    static const std::map<int, const char*> texts{{1, "invalid argument"}, {2, "out of memory"}, {209, "no kernel image is available for execution on the device"},
                                                  {222, "the provided PTX was compiled with an unsupported toolchain."}, {700, "an illegal memory access was encountered"}};
    const auto at = texts.find(code);
    *text = at == texts.end() ? "emulated error" : at->second;
    return 0;
}
