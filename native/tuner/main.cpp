// Times tactics for the builder, one request after the other, until its input ends. A process of its own: a kernel that
// crashes, or a graphics card that it leaves unusable, ends this process and nothing else.
//
// A request is a line of words, a line per tactic, and the LayerDesc message:
//   measure DEVICE THREADS WARMUP LEAST MOST BUDGET_NS HOPELESS ROTATION_BYTES TACTICS MESSAGE_BYTES
// Answers are lines: "start TACTIC" before each, then "time MIN MEDIAN MAX" or "fail REASON", and "end" after the last.
// A whole engine, on one stream and on its own streams, is timed by a line of words and a line with the file's path:
//   engine THREADS WARMUP RUNS
// Answers are "start one", "time MIN MEDIAN MAX", "start all", "time MIN MEDIAN MAX" and "end".
// "error REASON" answers a request that could not be begun. A tactic that leaves its device unusable is answered with
// "fail", and the process ends: its successor goes on.
#ifndef _WIN32
#include <unistd.h>
#endif

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/describe.h"
#include "core/error.h"
#include "core/measure.h"
#include "core/plugin.h"
#include "core/schema.h"
#include "core/time_engine.h"

namespace {

using namespace sinter;

constexpr int kDeviceLost = 3;

struct Request {
    std::string device;
    int threads = 1;
    MeasurePolicy policy;
    std::vector<std::string> tactics;
    std::string message;
};

[[noreturn]] void notUnderstood(const std::string& line) { throw Error(ErrorCode::Argument, "a request was not understood: " + line); }

Request readMeasure(std::istringstream& words, std::istream& in, const std::string& line) {
    Request r;
    size_t tactics = 0;
    size_t bytes = 0;
    words >> r.device >> r.threads >> r.policy.warmup >> r.policy.leastSamples >> r.policy.mostSamples >> r.policy.budgetNs >>
        r.policy.hopeless >> r.policy.rotation >> tactics >> bytes;
    if (!words) notUnderstood(line);
    r.tactics.resize(tactics);
    for (std::string& t : r.tactics) std::getline(in, t);
    r.message.resize(bytes);
    in.read(r.message.data(), static_cast<std::streamsize>(bytes));
    if (!in) throw Error(ErrorCode::Argument, "a request ended early");
    return r;
}

std::string oneLine(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return text;
}

void answer(const Request& r) {
    const auto device = DeviceRegistry::instance().find(r.device);
    const LayerDesc layer = describeLayer(schema::decodeLayerMessage(r.message));
    MeasureListener listener;
    listener.starting = [](const std::string& tactic) { std::cout << "start " << tactic << std::endl; };
    listener.measured = [](const Measurement& m) {
        if (m.ok) std::cout << "time " << m.minNs << ' ' << m.medianNs << ' ' << m.maxNs << std::endl;
        else std::cout << "fail " << oneLine(m.error) << std::endl;
    };
    listener.measured = [&, tell = listener.measured](const Measurement& m) {
        tell(m);
        // What the device held cannot be given back either: no destructor is to try.
        if (!m.ok && device->lost()) std::_Exit(kDeviceLost);
    };
    measure(*device, layer, r.tactics, r.threads, nullptr, r.policy, listener);
    std::cout << "end" << std::endl;
}

void answerEngine(std::istringstream& words, std::istream& in, const std::string& line) {
    int threads = 0, warmup = 0, runs = 0;
    words >> threads >> warmup >> runs;
    std::string path;
    if (!words || !std::getline(in, path)) notUnderstood(line);
    const EngineTimes times = timeEngine(path, threads, warmup, runs);
    const auto tell = [](const char* which, const Measurement& m) {
        std::cout << "start " << which << std::endl;
        std::cout << "time " << m.minNs << ' ' << m.medianNs << ' ' << m.maxNs << std::endl;
    };
    tell("one", times.oneStream);
    tell("all", times.allStreams);
    std::cout << "end" << std::endl;
}

/// False at the end of the input.
bool answerNext(std::istream& in) {
    std::string line;
    if (!std::getline(in, line)) return false;
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "measure") answer(readMeasure(words, in, line));
    else if (verb == "engine") answerEngine(words, in, line);
    else notUnderstood(line);
    return true;
}

/// Loads a plugin's library and says who it is: "plugin NAME VERSION". What loading does to the process stays here.
int checkPlugin(const std::string& library) {
    try {
        const Plugin plugin = loadPlugin(library);
        std::cout << "plugin " << oneLine(plugin.name) << ' ' << oneLine(plugin.version) << std::endl;
        return 0;
    } catch (const std::exception& e) {
        std::cout << "error " << oneLine(e.what()) << std::endl;
        return 1;
    }
}

/// Ends this process soon after the one that started it: a kernel that hangs does not see that the input has ended.
void endWithParent() {
#ifndef _WIN32
    std::thread([parent = ::getppid()] {
        while (::getppid() == parent) std::this_thread::sleep_for(std::chrono::milliseconds(500));
        std::_Exit(1);
    }).detach();
#endif
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    if (argc == 3 && std::string_view(argv[1]) == "--check-plugin") return checkPlugin(argv[2]);
    endWithParent();
    for (;;) {
        try {
            if (!answerNext(std::cin)) return 0;
        } catch (const std::exception& e) {
            std::cout << "error " << oneLine(e.what()) << std::endl;
            if (!std::cin) return 1;
        }
    }
}
