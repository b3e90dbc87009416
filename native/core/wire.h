#pragma once
#include <cstring>
#include <string_view>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include "core/error.h"

namespace sinter::wire {

/// Fields of one protobuf message. Malformed bytes throw Error(Corrupt) or protozero::exception, never read outside.
class Message {
public:
    explicit Message(std::string_view bytes) : reader_(bytes.data(), bytes.size()) {}

    bool next() { return reader_.next(); }
    uint32_t tag() const { return reader_.tag(); }
    void skip() { reader_.skip(); }

    uint64_t varint() {
        expect(protozero::pbf_wire_type::varint);
        return reader_.get_uint64();
    }
    int64_t int64() { return static_cast<int64_t>(varint()); }
    uint32_t uint32() { return static_cast<uint32_t>(varint()); }
    int32_t int32() { return static_cast<int32_t>(varint()); }
    bool boolean() { return varint() != 0; }
    double float64() {
        expect(protozero::pbf_wire_type::fixed64);
        return reader_.get_double();
    }
    std::string_view bytes() {
        expect(protozero::pbf_wire_type::length_delimited);
        const auto view = reader_.get_view();
        return {view.data(), view.size()};
    }
    std::string text() { return std::string(bytes()); }

    /// One element, or a packed run of them.
    template <typename T>
    void varints(std::vector<T>& into) {
        if (reader_.wire_type() == protozero::pbf_wire_type::length_delimited) {
            const std::string_view run = bytes();
            const char* at = run.data();
            const char* end = at + run.size();
            while (at != end) into.push_back(static_cast<T>(protozero::decode_varint(&at, end)));
        } else {
            into.push_back(static_cast<T>(varint()));
        }
    }
    void doubles(std::vector<double>& into) {
        if (reader_.wire_type() == protozero::pbf_wire_type::length_delimited) {
            const std::string_view run = bytes();
            if (run.size() % sizeof(double) != 0) throw Error(ErrorCode::Corrupt, "a run of numbers is cut off");
            for (size_t i = 0; i < run.size(); i += sizeof(double)) {
                double v = 0;
                std::memcpy(&v, run.data() + i, sizeof v);
                into.push_back(v);
            }
        } else {
            into.push_back(float64());
        }
    }

private:
    void expect(protozero::pbf_wire_type type) const {
        if (reader_.wire_type() != type) {
            throw Error(ErrorCode::Corrupt, "field " + std::to_string(reader_.tag()) + " has the wrong wire type");
        }
    }
    protozero::pbf_reader reader_;
};

}  // namespace sinter::wire
