#include "cases/case.h"

namespace sinter::cases {

std::string shapeText(const std::vector<int64_t>& dims) {
    std::string s;
    for (int64_t d : dims) s += (s.empty() ? "" : "x") + std::to_string(d);
    return s.empty() ? "scalar" : s;
}

namespace {
TensorInfo plainTensor(DType t, std::vector<int64_t> dims) {
    TensorInfo info;
    info.dtype = t;
    info.dims = std::move(dims);
    return info;
}
}  // namespace

Builder& Builder::name(std::string text) {
    c_.name = std::move(text);
    return *this;
}
Builder& Builder::input(std::vector<int64_t> dims, DType t) {
    c_.desc.inputs.push_back(plainTensor(t, std::move(dims)));
    if (!extrasBegun_) ++c_.desc.opInputs;
    return *this;
}
Builder& Builder::weight(std::vector<int64_t> dims, DType t) {
    input(std::move(dims), t);
    c_.desc.inputs.back().constant = true;
    return *this;
}
Builder& Builder::absent() {
    c_.desc.inputs.emplace_back();
    if (!extrasBegun_) ++c_.desc.opInputs;
    return *this;
}
Builder& Builder::output(std::vector<int64_t> dims, DType t) {
    c_.desc.outputs.push_back(plainTensor(t, std::move(dims)));
    return *this;
}
Builder& Builder::quantizedInput(double scale, int64_t zeroPoint) {
    c_.desc.inputs.back().scale = {scale};
    c_.desc.inputs.back().zeroPoint = zeroPoint;
    return *this;
}
Builder& Builder::quantizedInput(std::vector<double> scales, uint32_t axis, int64_t zeroPoint) {
    c_.desc.inputs.back().scale = std::move(scales);
    c_.desc.inputs.back().scaleAxis = axis;
    c_.desc.inputs.back().zeroPoint = zeroPoint;
    return *this;
}
Builder& Builder::quantizedOutput(double scale, int64_t zeroPoint) {
    c_.desc.outputs.back().scale = {scale};
    c_.desc.outputs.back().zeroPoint = zeroPoint;
    return *this;
}
Builder& Builder::attr(std::string key, AttrValue v) {
    c_.desc.attrs.emplace_back(std::move(key), std::move(v));
    return *this;
}
Builder& Builder::extras() {
    extrasBegun_ = true;
    return *this;
}
Builder& Builder::step(std::string op, std::vector<uint32_t> args, std::vector<double> params, DType t) {
    code_.push_back({std::move(op), std::move(args), t, std::move(params)});
    return *this;
}
Builder& Builder::results(std::vector<uint32_t> ids) {
    results_ = std::move(ids);
    return *this;
}
Builder& Builder::tolerance(double t) {
    c_.tolerance = t;
    return *this;
}
Builder& Builder::nearTies(double share) {
    c_.nearTies = share;
    return *this;
}
Builder& Builder::range(double low, double high) {
    c_.low = low;
    c_.high = high;
    return *this;
}
Builder& Builder::values(size_t input, std::vector<double> v) {
    c_.fill.emplace_back(input, std::move(v));
    return *this;
}
Builder& Builder::viewAxis(int axis) {
    c_.viewAxis = axis;
    return *this;
}

Case Builder::build() const {
    Case c = c_;
    LayerDesc& d = c.desc;
    if (!code_.empty() || !results_.empty()) {
        const auto extra = static_cast<uint32_t>(d.inputs.size()) - d.opInputs;
        d.program.inputCount = d.op == "Pointwise" ? static_cast<uint32_t>(d.inputs.size()) : extra + 1;
        d.program.code = code_;
        d.program.outputs = results_;
        if (results_.empty()) d.program.outputs = {d.program.inputCount + static_cast<uint32_t>(code_.size()) - 1};
    }
    if (c.name.empty())
        for (const auto& i : d.inputs) c.name += (c.name.empty() ? "" : ", ") + (i.present() ? shapeText(i.dims) : "-");
    d.name = d.op + " " + c.name;
    return c;
}

}  // namespace sinter::cases
