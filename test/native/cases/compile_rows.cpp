#include "cases/compile_rows.h"

#include <cstdlib>
#include <set>

#include "core/error.h"
#include "cuda/kernel.h"
#include "cuda/module.h"

namespace sinter::cases {
namespace {

int compiled = 0;

cuda::DeviceProperties propertiesOf(int arch) {
    cuda::DeviceProperties p;
    p.major = arch / 10;
    p.minor = arch % 10;
    p.multiprocessors = 132;
    p.sharedPerBlock = arch >= 90 ? 232448 : 166912;
    p.sharedPerMultiprocessor = arch >= 90 ? 233472 : 167936;
    p.l2Bytes = 50 << 20;
    p.memoryBytes = uint64_t{80} << 30;
    p.bytesPerNs = 3000;
    return p;
}

std::vector<int> targets() {
    std::vector<int> list;
    const char* given = std::getenv("SINTER_CUDA_COMPILE");
    for (std::string rest = given ? given : ""; !rest.empty();) {
        const size_t end = std::min(rest.find(','), rest.size());
        list.push_back(std::atoi(rest.substr(rest.find_first_of("0123456789")).c_str()));
        rest.erase(0, std::min(end + 1, rest.size()));
    }
    return list;
}

/// A template by the names of its macros and the values that choose among whole code paths; tiles and shapes are left out.
std::string templateOf(const cuda::Source& source, int arch) {
    std::set<std::string> parts;
    for (const auto& [name, value] : source.defines) {
        const bool path = name == "OPERAND" || name == "PINGPONG" || name == "PERSISTENT" || name == "BYTE_RESULTS" || name.ends_with("_T");
        parts.insert(path ? name + "=" + value : name);
    }
    std::string text = source.file + "@" + std::to_string(arch);
    for (const std::string& p : parts) text += " " + p;
    return text;
}

}  // namespace

int compiledSources() { return compiled; }

std::vector<std::string> compileRows(const LayerDesc& layer, const Selection& selection, size_t caseIndex) {
    static std::set<std::string> seen;
    static const std::vector<int> archs = targets();
    const bool eachOnce = std::getenv("SINTER_COMPILE_EACH") != nullptr;  // every template once instead of every source
    std::vector<std::string> problems;
    for (const int arch : archs) {
        const cuda::DeviceProperties device = propertiesOf(arch);
        std::vector<const cuda::KernelRow*> rows;
        std::vector<std::string> names;
        for (const cuda::KernelRow* row : cuda::KernelTable::instance().find(layer.op, device)) {
            if (!row->supports(layer, device)) continue;
            rows.push_back(row);
            names.push_back(row->name);
        }
        for (const size_t chosen : selection.choose(names, caseIndex)) {
            const cuda::KernelRow* row = rows[chosen];
            std::vector<cuda::Source> sources;
            cuda::collectSources(row->make(layer, device), sources);
            for (const cuda::Source& source : sources) {
                const std::string key = cuda::keyOf(source, device);
                if (!seen.insert(eachOnce ? templateOf(source, arch) : key).second) continue;
                try {
                    (void)cuda::compileSource(source, key.substr(0, key.find(':')), key);
                    ++compiled;
                } catch (const Error& e) {
                    problems.push_back(row->name + " for " + key.substr(0, key.find(':')) + ": " + e.what());
                }
            }
        }
    }
    return problems;
}

}  // namespace sinter::cases
