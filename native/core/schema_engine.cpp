#include "core/schema_detail.h"

namespace sinter::schema {
namespace {

using wire::Message;

Binding readBinding(std::string_view bytes) {
    Binding b;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: b.name = m.text(); break;
            case 2: b.value = m.uint32(); break;
            default: m.skip();
        }
    }
    return b;
}

uint64_t readArenaBytes(std::string_view bytes) {
    uint64_t arena = 0;
    for (Message m(bytes); m.next();) {
        if (m.tag() == 1) arena = m.varint();
        else m.skip();
    }
    return arena;
}

Plan readPlan(std::string_view bytes) {
    Plan p;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: p.values.push_back(detail::readValue(m.bytes())); break;
            case 2: p.inputs.push_back(readBinding(m.bytes())); break;
            case 3: p.outputs.push_back(readBinding(m.bytes())); break;
            case 4: p.layers.push_back(detail::readLayer(m.bytes())); break;
            case 5: p.arenaBytes = readArenaBytes(m.bytes()); break;
            default: m.skip();
        }
    }
    return p;
}

Range readRange(std::string_view bytes) {
    Range r;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: r.min = m.int64(); break;
            case 2: r.opt = m.int64(); break;
            case 3: r.max = m.int64(); break;
            default: m.skip();
        }
    }
    return r;
}

Profile readProfile(std::string_view bytes) {
    Profile p;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: p.ranges.push_back(readRange(m.bytes())); break;
            case 2: p.plan = readPlan(m.bytes()); break;
            default: m.skip();
        }
    }
    return p;
}

Weight readWeight(std::string_view bytes) {
    Weight w;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: w.expr = m.bytes(); break;
            case 2: w.hash = m.text(); break;
            case 3: w.recipe = m.text(); break;
            case 4: w.offset = m.varint(); break;
            case 5: w.length = m.varint(); break;
            case 6: w.layer = m.uint32(); break;
            case 7: w.input = m.uint32(); break;
            default: m.skip();
        }
    }
    return w;
}

Kernel readKernel(std::string_view bytes) {
    Kernel k;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: k.key = m.bytes(); break;
            case 2: k.cubin = m.bytes(); break;
            case 3: k.ptx = m.bytes(); break;
            default: m.skip();
        }
    }
    return k;
}

PluginNeed readPlugin(std::string_view bytes) {
    PluginNeed p;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: p.name = m.text(); break;
            case 2: p.version = m.text(); break;
            default: m.skip();
        }
    }
    return p;
}

LibraryNeed readLibrary(std::string_view bytes) {
    LibraryNeed l;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: l.source = m.text(); break;
            case 2: l.version = m.text(); break;
            default: m.skip();
        }
    }
    return l;
}

void readProvenance(std::string_view bytes, Engine& e) {
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 4: e.device = m.text(); break;
            case 5: e.deviceFeatures.push_back(m.text()); break;
            default: m.skip();
        }
    }
}

}  // namespace

Engine decodeEngine(std::string_view bytes) {
    return detail::guarded("engine header", [&] {
        Engine e;
        for (Message m(bytes); m.next();) {
            switch (m.tag()) {
                case 1: e.format = m.uint32(); break;
                case 2: e.requiredFeatures.push_back(m.text()); break;
                case 3: e.name = m.text(); break;
                case 4: readProvenance(m.bytes(), e); break;
                case 5: e.symbols.push_back(m.text()); break;
                case 6: e.profiles.push_back(readProfile(m.bytes())); break;
                case 7: e.values.push_back(detail::readValue(m.bytes())); break;
                case 8: e.inputs.push_back(readBinding(m.bytes())); break;
                case 9: e.outputs.push_back(readBinding(m.bytes())); break;
                case 10: e.layers.push_back(detail::readLayer(m.bytes())); break;
                case 11: e.weights.push_back(readWeight(m.bytes())); break;
                case 12: e.arenaBytes = readArenaBytes(m.bytes()); break;
                case 14: e.threads = m.uint32(); break;
                case 15: e.kernels.push_back(readKernel(m.bytes())); break;
                case 16: e.plugins.push_back(readPlugin(m.bytes())); break;
                case 18: e.libraries.push_back(readLibrary(m.bytes())); break;
                default: m.skip();
            }
        }
        return e;
    });
}

Engine withPlan(const Engine& e, Plan plan) {
    Engine out;
    out.format = e.format;
    out.requiredFeatures = e.requiredFeatures;
    out.name = e.name;
    out.device = e.device;
    out.deviceFeatures = e.deviceFeatures;
    out.symbols = e.symbols;
    for (const Profile& p : e.profiles) out.profiles.push_back({p.ranges, {}});
    out.weights = e.weights;
    out.plugins = e.plugins;
    out.threads = e.threads;
    out.values = std::move(plan.values);
    out.inputs = std::move(plan.inputs);
    out.outputs = std::move(plan.outputs);
    out.layers = std::move(plan.layers);
    out.arenaBytes = plan.arenaBytes;
    return out;
}

}  // namespace sinter::schema
