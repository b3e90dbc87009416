#include "core/recurrence.h"

#include <cctype>
#include <cmath>
#include <variant>

namespace sinter {
namespace {

std::optional<Activation> activationOf(std::string name, std::optional<double> alpha, std::optional<double> beta) {
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    struct Known {
        const char* name;
        double alpha, beta;
    };
    constexpr Known all[] = {{"relu", 0, 0}, {"tanh", 0, 0}, {"sigmoid", 0, 0}, {"affine", 1, 0}, {"leakyrelu", 0.01, 0}, {"thresholdedrelu", 1, 0},
                             {"scaledtanh", 1, 1}, {"hardsigmoid", 0.2, 0.5}, {"elu", 1, 0}, {"softsign", 0, 0}, {"softplus", 0, 0}};
    for (const Known& k : all)
        if (name == k.name) return Activation{name, alpha.value_or(k.alpha), beta.value_or(k.beta)};
    return std::nullopt;
}

std::vector<std::string> activationNames(const LayerDesc& d) {
    if (const AttrValue* v = d.attr("activations")) {
        if (const auto* list = std::get_if<std::vector<std::string>>(v)) return *list;
        if (const auto* text = std::get_if<std::string>(v)) {  // joined by commas
            std::vector<std::string> names(1);
            for (char c : *text) {
                if (c == ',') names.emplace_back();
                else names.back() += c;
            }
            if (text->empty()) names.clear();
            return names;
        }
    }
    return {};
}

/// Whether biases, lengths, states and outputs have the sizes that the weights say.
bool sizesFit(const LayerDesc& d, const Recurrence& s) {
    using Dims = std::vector<int64_t>;
    const bool lstm = s.cell == Cell::Lstm;
    const Dims state = s.batchFirst ? Dims{s.batch, s.directions, s.hidden} : Dims{s.directions, s.batch, s.hidden};
    const Dims all = s.batchFirst ? Dims{s.batch, s.steps, s.directions, s.hidden} : Dims{s.steps, s.directions, s.batch, s.hidden};
    const auto fits = [](const std::vector<TensorInfo>& list, size_t i, const Dims& dims) {
        return i >= list.size() || !list[i].present() || list[i].dims == dims;
    };
    if (d.inputs.size() > (lstm ? 8u : 6u) || d.outputs.empty() || d.outputs.size() > (lstm ? 3u : 2u)) return false;
    return fits(d.inputs, 3, {s.directions, 2 * s.gates() * s.hidden}) && fits(d.inputs, 4, {s.batch}) && fits(d.inputs, 5, state) &&
           fits(d.inputs, 6, state) && fits(d.inputs, 7, {s.directions, 3 * s.hidden}) && fits(d.outputs, 0, all) &&
           fits(d.outputs, 1, state) && fits(d.outputs, 2, state);
}

}  // namespace

double Activation::operator()(double x) const {
    if (name == "sigmoid") return 1 / (1 + std::exp(-x));
    if (name == "tanh") return std::tanh(x);
    if (name == "relu") return x < 0 ? 0 : x;
    if (name == "affine") return alpha * x + beta;
    if (name == "leakyrelu") return x < 0 ? alpha * x : x;
    if (name == "thresholdedrelu") return x > alpha ? x : 0;
    if (name == "scaledtanh") return alpha * std::tanh(beta * x);
    if (name == "hardsigmoid") return std::min(std::max(alpha * x + beta, 0.0), 1.0);
    if (name == "elu") return x < 0 ? alpha * std::expm1(x) : x;
    if (name == "softsign") return x / (1 + std::fabs(x));
    return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));  // softplus
}

std::optional<Recurrence> Recurrence::of(const LayerDesc& d, Cell cell) {
    Recurrence s{};
    s.cell = cell;
    if (d.inputs.size() < 3 || !d.inputs[0].present() || !d.inputs[1].present() || !d.inputs[2].present()) return std::nullopt;
    const auto &x = d.inputs[0].dims, &w = d.inputs[1].dims, &r = d.inputs[2].dims;
    if (x.size() != 3 || w.size() != 3 || r.size() != 3) return std::nullopt;
    const std::string direction = d.stringAttr("direction", "forward");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional") return std::nullopt;
    s.directions = direction == "bidirectional" ? 2 : 1;
    s.reverse = direction == "reverse";
    const int64_t layout = d.intAttr("layout", 0);
    if (layout != 0 && layout != 1) return std::nullopt;
    s.batchFirst = layout == 1;
    s.steps = x[s.batchFirst ? 1 : 0];
    s.batch = x[s.batchFirst ? 0 : 1];
    s.inputs = x[2];
    s.hidden = d.intAttr("hidden_size", r[2]);
    s.linearBeforeReset = d.intAttr("linear_before_reset", 0) != 0;
    s.inputForget = d.intAttr("input_forget", 0) != 0;
    s.clip = d.floatAttr("clip", 0);
    const int64_t rows = s.gates() * s.hidden;
    if (s.hidden <= 0 || w != std::vector<int64_t>{s.directions, rows, s.inputs} || r != std::vector<int64_t>{s.directions, rows, s.hidden} || !sizesFit(d, s)) return std::nullopt;
    std::vector<std::string> names = activationNames(d);
    const size_t total = s.functions() * static_cast<size_t>(s.directions);
    if (names.empty())
        for (int k = 0; k < s.directions; ++k) {
            if (cell == Cell::Lstm) names.insert(names.end(), {"sigmoid", "tanh", "tanh"});
            else if (cell == Cell::Gru) names.insert(names.end(), {"sigmoid", "tanh"});
            else names.emplace_back("tanh");
        }
    if (names.size() != total) return std::nullopt;
    const auto alpha = d.floatsAttr("activation_alpha"), beta = d.floatsAttr("activation_beta");
    for (size_t i = 0; i < total; ++i) {
        const auto f = activationOf(names[i], i < alpha.size() ? std::optional(alpha[i]) : std::nullopt, i < beta.size() ? std::optional(beta[i]) : std::nullopt);
        if (!f) return std::nullopt;
        s.activations.push_back(*f);
    }
    return s;
}

}  // namespace sinter
