#pragma once

namespace sinter {

/// While one lives on a thread, a crash of that thread is told as the plugin's: a line on stderr, and in the file that
/// SINTER_CRASH_NOTE names, before the process ends as it would have. Names must outlive the scope.
class PluginScope {
public:
    PluginScope(const char* plugin, const char* layer);
    ~PluginScope();
    PluginScope(const PluginScope&) = delete;
    PluginScope& operator=(const PluginScope&) = delete;

private:
    const char* plugin_;
    const char* layer_;
};

}  // namespace sinter
