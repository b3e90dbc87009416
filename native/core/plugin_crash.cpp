#include "core/plugin_crash.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace sinter {
namespace {

thread_local const char* currentPlugin = nullptr;
thread_local const char* currentLayer = nullptr;

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
std::array<struct sigaction, kSignals.size()> previous;
std::string* notePath = nullptr;  // never freed: the handler may need it at any time

/// Only what a signal handler may do: no allocation, no stdio.
class Line {
public:
    void add(const char* text) {
        for (; *text && length_ + 1 < sizeof text_; ++text) text_[length_++] = *text;
    }
    void add(const Line& other) { add(other.text_); }
    void writeTo(int file) const {
        if (::write(file, text_, length_) < 0) return;
    }

private:
    char text_[1024] = {};
    size_t length_ = 0;
};

const char* nameOf(int signal) {
    switch (signal) {
        case SIGSEGV: return "invalid memory access";
        case SIGBUS: return "bus error";
        case SIGFPE: return "arithmetic error";
        case SIGILL: return "illegal instruction";
        default: return "abort";
    }
}

void onSignal(int signal) {
    if (currentPlugin) {
        Line line;
        line.add("the plugin \"");
        line.add(currentPlugin);
        line.add("\" crashed in layer \"");
        line.add(currentLayer);
        line.add("\" (");
        line.add(nameOf(signal));
        line.add(")");
        Line told;
        told.add("sinter: ");
        told.add(line);
        told.add("; `sinter plugin remove ");
        told.add(currentPlugin);
        told.add("` takes it out\n");
        told.writeTo(STDERR_FILENO);
        const int note = notePath ? ::open(notePath->c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
        if (note >= 0) {
            line.writeTo(note);
            ::close(note);
        }
    }
    // Returning runs the instruction again, under whoever handled such signals before.
    for (size_t i = 0; i < kSignals.size(); ++i) {
        if (kSignals[i] == signal) ::sigaction(signal, &previous[i], nullptr);
    }
    if (signal == SIGABRT) ::raise(signal);
}

void install() {
    if (const char* path = std::getenv("SINTER_CRASH_NOTE"); path && *path) notePath = new std::string(path);
    struct sigaction action = {};
    action.sa_handler = onSignal;
    // Not SA_RESETHAND: the previous handler comes back, not the default. On the alternate stack where a thread has one.
    action.sa_flags = SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &previous[i]);
}

}  // namespace

PluginScope::PluginScope(const char* plugin, const char* layer) : plugin_(currentPlugin), layer_(currentLayer) {
    static const bool installed = (install(), true);
    (void)installed;
    currentLayer = layer;
    currentPlugin = plugin;
}

PluginScope::~PluginScope() {
    currentPlugin = plugin_;
    currentLayer = layer_;
}

}  // namespace sinter
