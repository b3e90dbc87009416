#include "core/trace_layers.h"

#include <algorithm>
#include <limits>
#include <map>

namespace sinter {

void LayerTrace::addLayer(std::vector<TracedKernel> kernels) {
    std::sort(kernels.begin(), kernels.end(), [](const TracedKernel& a, const TracedKernel& b) { return a.start < b.start; });
    counts_.push_back(kernels.size());
    for (TracedKernel& k : kernels) names_.push_back(std::move(k.name));
}

std::vector<LayerTrace::Span> LayerTrace::assign(std::vector<TracedKernel> run, const std::vector<uint32_t>& streams) const {
    // Kernels of a recording have their place in it; kernels launched one by one ran on one stream, in order.
    std::stable_sort(run.begin(), run.end(), [](const TracedKernel& a, const TracedKernel& b) { return a.node != b.node ? a.node < b.node : a.start < b.start; });
    const bool same = run.size() == names_.size() && std::equal(run.begin(), run.end(), names_.begin(), [](const TracedKernel& k, const std::string& name) { return k.name == name; });
    if (!same || run.empty()) return {};
    double origin = std::numeric_limits<double>::infinity();
    for (const TracedKernel& k : run) origin = std::min(origin, k.start);
    std::map<uint32_t, double> busy;  // end of the last layer on each stream
    std::vector<Span> spans;
    size_t at = 0;
    for (size_t layer = 0; layer < counts_.size(); ++layer) {
        double& before = busy[layer < streams.size() ? streams[layer] : 0];
        Span s{before, before};
        for (size_t i = 0; i < counts_[layer]; ++i, ++at) {
            if (i == 0) s.start = std::max(run[at].start - origin, before);
            s.end = std::max(s.end, run[at].end - origin);
        }
        s.end = std::max(s.end, s.start);
        before = s.end;
        spans.push_back(s);
    }
    return spans;
}

}  // namespace sinter
