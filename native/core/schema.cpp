#include "core/schema.h"

#include "core/schema_detail.h"

namespace sinter::schema {

using wire::Message;

namespace detail {

DType dtypeOf(uint64_t number) {
    const auto type = static_cast<DType>(number);
    if (number > 255 || (type != DType::Undefined && dtypeName(type) == "undefined")) {
        throw Error(ErrorCode::Corrupt, "element type " + std::to_string(number) + " is unknown");
    }
    return type;
}

DimExpr readDim(std::string_view bytes, int depth) {
    if (depth > kMaxDimDepth) throw Error(ErrorCode::Corrupt, "a dimension expression is nested too deeply");
    DimExpr d;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: {
                const uint64_t kind = m.varint();
                if (kind > static_cast<uint64_t>(DimExpr::Kind::Max)) {
                    throw Error(ErrorCode::Corrupt, "dimension operation " + std::to_string(kind) + " is unknown");
                }
                d.kind = static_cast<DimExpr::Kind>(kind);
                break;
            }
            case 2: d.value = m.int64(); break;
            case 3: d.args.push_back(readDim(m.bytes(), depth + 1)); break;
            default: m.skip();
        }
    }
    return d;
}

namespace {

AttrValue readInts(std::string_view bytes) {
    std::vector<int64_t> v;
    for (Message m(bytes); m.next();) {
        if (m.tag() == 1) m.varints(v);
        else m.skip();
    }
    return v;
}

AttrValue readFloats(std::string_view bytes) {
    std::vector<double> v;
    for (Message m(bytes); m.next();) {
        if (m.tag() == 1) m.doubles(v);
        else m.skip();
    }
    return v;
}

AttrValue readStrings(std::string_view bytes) {
    std::vector<std::string> v;
    for (Message m(bytes); m.next();) {
        if (m.tag() == 1) v.push_back(m.text());
        else m.skip();
    }
    return v;
}

std::pair<std::string, AttrValue> readAttribute(std::string_view bytes) {
    std::pair<std::string, AttrValue> a;
    bool set = false;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: a.first = m.text(); continue;
            case 2: a.second = m.int64(); break;
            case 3: a.second = m.float64(); break;
            case 4: a.second = m.text(); break;
            case 5: a.second = readInts(m.bytes()); break;
            case 6: a.second = readFloats(m.bytes()); break;
            case 7: a.second = readStrings(m.bytes()); break;
            case 8: throw Error(ErrorCode::Corrupt, "attribute \"" + a.first + "\" is a tensor, which no layer takes");
            default: m.skip(); continue;
        }
        set = true;
    }
    if (!set) throw Error(ErrorCode::Corrupt, "attribute \"" + a.first + "\" has no value");
    return a;
}

PointwiseProgram::Instruction readInstruction(std::string_view bytes) {
    PointwiseProgram::Instruction i;
    i.dtype = DType::Undefined;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: i.op = m.text(); break;
            case 2: m.varints(i.args); break;
            case 3: i.dtype = dtypeOf(m.varint()); break;
            case 4: m.doubles(i.params); break;
            default: m.skip();
        }
    }
    return i;
}

/// Single assignment: an instruction reads what comes before it. Kernels rely on this.
void checkProgram(const PointwiseProgram& p) {
    for (size_t k = 0; k < p.code.size(); ++k) {
        for (const uint32_t arg : p.code[k].args) {
            if (arg >= p.inputCount + k) throw Error(ErrorCode::Corrupt, "a pointwise program reads a later result");
        }
    }
    for (const uint32_t out : p.outputs) {
        if (out >= p.inputCount + p.code.size()) throw Error(ErrorCode::Corrupt, "a pointwise program's output is missing");
    }
}

PointwiseProgram readProgram(std::string_view bytes) {
    PointwiseProgram p;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: p.inputCount = m.uint32(); break;
            case 2: p.code.push_back(readInstruction(m.bytes())); break;
            case 3: m.varints(p.outputs); break;
            default: m.skip();
        }
    }
    if (p.inputCount > 1u << 20) throw Error(ErrorCode::Corrupt, "a pointwise program has too many inputs");
    checkProgram(p);
    return p;
}

View readView(std::string_view bytes) {
    View v;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: v.of = m.uint32(); break;
            case 2: {
                const uint64_t kind = m.varint();
                if (kind > 2) throw Error(ErrorCode::Corrupt, "view kind " + std::to_string(kind) + " is unknown");
                v.kind = static_cast<View::Kind>(kind);
                break;
            }
            case 3: v.axis = m.uint32(); break;
            case 4: v.start = readDim(m.bytes(), 0); break;
            case 5: m.varints(v.perm); break;
            default: m.skip();
        }
    }
    return v;
}

}  // namespace

Region readRegion(std::string_view bytes, int depth) {
    if (depth > kMaxRegionDepth) throw Error(ErrorCode::Corrupt, "regions are nested too deeply");
    Region r;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: r.values.push_back(readValue(m.bytes())); break;
            case 2: m.varints(r.inputs); break;
            case 3: m.varints(r.outputs); break;
            case 4: r.layers.push_back(readLayer(m.bytes(), depth + 1)); break;
            case 5:
                for (Message n(m.bytes()); n.next();) {
                    if (n.tag() == 1) r.arenaBytes = n.varint();
                    else n.skip();
                }
                break;
            default: m.skip();
        }
    }
    return r;
}

Layer readLayer(std::string_view bytes, int depth) {
    Layer l;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: l.name = m.text(); break;
            case 2: l.op = m.text(); break;
            case 3: l.attrs.push_back(readAttribute(m.bytes())); break;
            case 4: m.varints(l.inputs); break;
            case 5: l.opInputs = m.uint32(); break;
            case 6: m.varints(l.outputs); break;
            case 7: l.program = readProgram(m.bytes()); break;
            case 8: l.device = m.text(); break;
            case 9: l.tactic = m.text(); break;
            case 10: l.workspace = m.varint(); break;
            case 11: l.workspaceOffset = m.varint(); break;
            case 12: l.stream = m.uint32(); break;
            case 14: l.dims.push_back(readDim(m.bytes(), 0)); break;
            case 15: l.resolve = m.boolean(); break;
            case 16: l.regions.push_back(readRegion(m.bytes(), depth)); break;
            case 17: m.varints(l.waits); break;
            default: m.skip();
        }
    }
    return l;
}

Value readValue(std::string_view bytes) {
    Value v;
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: v.name = m.text(); break;
            case 2: v.dtype = dtypeOf(m.varint()); break;
            case 3: v.shape.push_back(readDim(m.bytes(), 0)); break;
            case 4: v.layout = m.text(); break;
            case 5: v.arenaOffset = m.varint(); break;
            case 6: v.weight = m.uint32(); break;
            case 7: v.view = readView(m.bytes()); break;
            case 8: v.external = m.boolean(); break;
            case 9: v.maxBytes = m.varint(); break;
            case 10: m.doubles(v.scale); break;
            case 11: v.zeroPoint = m.int64(); break;
            case 12: v.scaleAxis = m.uint32(); break;
            case 13: v.pooled = m.boolean(); break;
            case 14: v.sequence = m.boolean(); break;
            case 15: v.optional = m.boolean(); break;
            default: m.skip();
        }
    }
    return v;
}

}  // namespace detail

LayerMessage decodeLayerMessage(std::string_view bytes) {
    return detail::guarded("layer description", [&] {
        LayerMessage l;
        for (Message m(bytes); m.next();) {
            switch (m.tag()) {
                case 1: l.layer = detail::readLayer(m.bytes()); break;
                case 2: l.values.push_back(detail::readValue(m.bytes())); break;
                case 3: l.symbols.push_back(m.text()); break;
                default: m.skip();
            }
        }
        return l;
    });
}

}  // namespace sinter::schema
