#include <doctest/doctest.h>

#include <cstdlib>

#include "core/engine_writer.h"
#include "core/sample_engine.h"
#include "core/temporary.h"

TEST_CASE("a C program without Node loads and runs an engine through libsinter.so") {
    using namespace sinter::test;
    const TemporaryDir dir;
    const std::string header = sampleEngine().bytes();
    sinter::writeEngine(dir.file("a.sinter"), std::as_bytes(std::span(header)), {});
    std::string damaged = readFile(dir.file("a.sinter"));
    damaged[100] = static_cast<char>(damaged[100] ^ 4);
    writeFile(dir.file("b.sinter"), damaged);
    const std::string two = sampleEngine({.requiredFeature = "profiles", .twoProfiles = true}).bytes();
    sinter::writeEngine(dir.file("p.sinter"), std::as_bytes(std::span(two)), {});
    const std::string command = std::string(SINTER_CAPI_TEST) + " " + dir.file("a.sinter") + " " + dir.file("b.sinter") + " " + dir.file("p.sinter");
    CHECK(std::system(command.c_str()) == 0);
}
