#include "core/schema_detail.h"

namespace sinter::schema {
namespace {

using wire::Message;

std::unique_ptr<WeightExpr> readExpr(std::string_view bytes, int depth);

void readParts(std::string_view bytes, WeightExpr& w, int depth) {
    using Kind = WeightExpr::Kind;
    const auto sub = [&](Message& m) { return readExpr(m.bytes(), depth + 1); };
    std::unique_ptr<WeightExpr> factor;
    std::unique_ptr<WeightExpr> shift;
    for (Message m(bytes); m.next();) {
        const uint32_t tag = m.tag();
        if (w.kind == Kind::File && tag == 1) w.file = m.uint32();
        else if (w.kind == Kind::File && tag == 2) w.offset = m.varint();
        else if (w.kind == Kind::File && tag == 3) w.length = m.varint();
        else if (w.kind == Kind::Transpose && tag == 2) m.varints(w.perm);
        else if (w.kind == Kind::Concat && tag == 2) w.axis = m.uint32();
        else if ((w.kind == Kind::Slice || w.kind == Kind::Scale) && tag == 2) w.axis = m.uint32();
        else if (w.kind == Kind::Slice && tag == 3) w.start = m.int64();
        else if (w.kind == Kind::Scale && tag == 3) factor = sub(m);
        else if (w.kind == Kind::Scale && tag == 4) shift = sub(m);
        else if (w.kind != Kind::File && tag == 1) w.inputs.push_back(sub(m));
        else m.skip();
    }
    if (w.kind == Kind::Scale) {
        if (!factor) throw Error(ErrorCode::Corrupt, "a scale has no factor");
        w.inputs.push_back(std::move(factor));
        if (shift) w.inputs.push_back(std::move(shift));
    }
    const size_t least = w.kind == Kind::File ? 0 : w.kind == Kind::Scale ? 2 : 1;
    if (w.inputs.size() < least) throw Error(ErrorCode::Corrupt, "a weight expression has no input");
}

void readEvaluate(std::string_view bytes, WeightExpr& w, int depth) {
    for (Message m(bytes); m.next();) {
        switch (m.tag()) {
            case 1: w.layer = std::make_unique<Layer>(detail::readLayer(m.bytes())); break;
            case 2: {
                std::unique_ptr<WeightExpr> operand;
                for (Message n(m.bytes()); n.next();) {
                    if (n.tag() == 1) operand = readExpr(n.bytes(), depth + 1);
                    else n.skip();
                }
                w.inputs.push_back(std::move(operand));
                break;
            }
            case 3: w.output = m.uint32(); break;
            default: m.skip();
        }
    }
    if (!w.layer) throw Error(ErrorCode::Corrupt, "an evaluated weight has no layer");
}

std::unique_ptr<WeightExpr> readExpr(std::string_view bytes, int depth) {
    using Kind = WeightExpr::Kind;
    if (depth > detail::kMaxWeightDepth) throw Error(ErrorCode::Corrupt, "a weight expression is nested too deeply");
    auto w = std::make_unique<WeightExpr>();
    w->bytes = bytes;
    for (Message m(bytes); m.next();) {
        const uint32_t tag = m.tag();
        if (tag >= 3 && tag <= 11) {
            if (w->kind != Kind::None) throw Error(ErrorCode::Corrupt, "a weight expression has two kinds");
            w->kind = static_cast<Kind>(tag - 2);
        }
        switch (tag) {
            case 1: w->dtype = detail::dtypeOf(m.varint()); break;
            case 2: m.varints(w->shape); break;
            case 4: w->literal = m.bytes(); break;
            case 5:
            case 6: w->inputs.push_back(readExpr(m.bytes(), depth + 1)); break;
            case 3:
            case 7:
            case 8:
            case 9:
            case 10: readParts(m.bytes(), *w, depth); break;
            case 11: readEvaluate(m.bytes(), *w, depth); break;
            default: m.skip();
        }
    }
    if (w->kind == Kind::None) throw Error(ErrorCode::Corrupt, "a weight expression has no kind");
    return w;
}

}  // namespace

WeightExpr decodeWeightExpr(std::string_view bytes) {
    return detail::guarded("weight expression", [&] { return std::move(*readExpr(bytes, 0)); });
}

}  // namespace sinter::schema
