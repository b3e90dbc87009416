#pragma once
#include <string>

#include "core/device.h"

namespace sinter {

/// Whole runs of an engine in nanoseconds: its layers on one stream, and on the streams that its plan spreads them over.
struct EngineTimes {
    Measurement oneStream;
    Measurement allStreams;
};

/// Times an engine both ways, taking turns so that both meet the same clock, on random data at the shapes it was tuned for.
/// Throws Error when the file cannot be loaded or run.
EngineTimes timeEngine(const std::string& path, int threads, int warmup, int runs);

}  // namespace sinter
