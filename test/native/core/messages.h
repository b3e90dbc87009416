#pragma once
// Encodes engine.proto messages for tests: a terse builder over protozero's writer.
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include <protozero/pbf_writer.hpp>

#include "core/dtype.h"

namespace sinter::test {

class Msg {
public:
    Msg& num(uint32_t tag, uint64_t v) {
        protozero::pbf_writer(bytes_).add_uint64(tag, v);
        return *this;
    }
    Msg& str(uint32_t tag, const std::string& s) {
        protozero::pbf_writer(bytes_).add_bytes(tag, s);
        return *this;
    }
    Msg& sub(uint32_t tag, const Msg& m) { return str(tag, m.bytes_); }
    Msg& packed(uint32_t tag, std::vector<int64_t> v) {
        protozero::pbf_writer(bytes_).add_packed_int64(tag, v.begin(), v.end());
        return *this;
    }
    Msg& dbl(uint32_t tag, double v) {
        protozero::pbf_writer(bytes_).add_double(tag, v);
        return *this;
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

inline Msg constant(int64_t v) { return Msg().num(1, 0).num(2, static_cast<uint64_t>(v)); }
inline Msg symbol(int64_t i) { return Msg().num(1, 1).num(2, static_cast<uint64_t>(i)); }
/// kind: 2 add, 3 mul, 4 floorDiv, 5 ceilDiv, 6 min, 7 max
inline Msg dimOp(int kind, std::initializer_list<Msg> args) {
    Msg m;
    m.num(1, static_cast<uint64_t>(kind));
    for (const Msg& a : args) m.sub(3, a);
    return m;
}

inline Msg value(const std::string& name, DType type, const std::vector<Msg>& shape) {
    Msg m;
    m.str(1, name).num(2, static_cast<uint64_t>(type));
    for (const Msg& d : shape) m.sub(3, d);
    return m;
}
inline std::vector<Msg> fixed(const std::vector<int64_t>& dims) {
    std::vector<Msg> shape;
    for (const int64_t d : dims) shape.push_back(constant(d));
    return shape;
}

inline Msg instruction(const std::string& op, std::vector<int64_t> args, DType type = DType::F32) {
    return Msg().str(1, op).packed(2, std::move(args)).num(3, static_cast<uint64_t>(type));
}
inline Msg program(int inputs, const std::vector<Msg>& code, std::vector<int64_t> outputs) {
    Msg m;
    m.num(1, static_cast<uint64_t>(inputs));
    for (const Msg& i : code) m.sub(2, i);
    return m.packed(3, std::move(outputs));
}
inline Msg layer(const std::string& name, const std::string& op, const std::string& tactic, std::vector<int64_t> inputs,
                 int opInputs, std::vector<int64_t> outputs) {
    Msg m;
    m.str(1, name).str(2, op).packed(4, std::move(inputs)).num(5, static_cast<uint64_t>(opInputs)).packed(6, std::move(outputs));
    return m.str(8, "cpu").str(9, tactic);
}

inline std::string floats(const std::vector<float>& v) {
    std::string s(v.size() * sizeof(float), '\0');
    std::memcpy(s.data(), v.data(), s.size());
    return s;
}
inline Msg expr(DType type, std::vector<int64_t> shape) { return Msg().num(1, static_cast<uint64_t>(type)).packed(2, std::move(shape)); }
inline Msg literal(std::vector<int64_t> shape, const std::vector<float>& v) { return expr(DType::F32, std::move(shape)).str(4, floats(v)); }

}  // namespace sinter::test
