#include "expr/jsonata/signature.h"

#include <algorithm>
#include <array>

#include "expr/jsonata/jsonata.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr std::string_view letters = "asnblfom";

uint16_t bit(char letter) {
  size_t at = letters.find(letter);
  return at == std::string_view::npos ? 0 : static_cast<uint16_t>(1u << at);
}

uint16_t bits(std::string_view chosen) {
  uint16_t out = 0;
  for (char c : chosen) out |= bit(c);
  return out;
}

char letter_of(const val& v) {
  switch (v.what) {
    case kind::null:
      return 'l';
    case kind::boolean:
      return 'b';
    case kind::number:
      return 'n';
    case kind::string:
      return 's';
    case kind::array:
      return 'a';
    case kind::object:
      return 'o';
    case kind::function:
      return 'f';
    default:
      return 'm';
  }
}

std::string_view plural_of(char letter) {
  switch (letter) {
    case 'a':
      return "arrays";
    case 'b':
      return "booleans";
    case 'f':
      return "functions";
    case 'n':
      return "numbers";
    case 'o':
      return "objects";
    case 's':
      return "strings";
    default:
      return "";
  }
}

// Where the bracket that is open at `from` closes.
size_t closing(std::string_view text, size_t from, char open, char close) {
  int depth = 1;
  while (++from < text.size()) {
    if (text[from] == close && --depth == 0) return from;
    if (text[from] == open) ++depth;
  }
  return text.size();
}

}  // namespace

base::result<signature, signature::problem> signature::parse(std::string_view text) {
  signature out;
  auto& all = out.parameters_;
  for (size_t i = 1; i < text.size() && text[i] != ':'; ++i) {
    char c = text[i];
    switch (c) {
      case 's':
      case 'n':
      case 'b':
      case 'l':
      case 'o':
        all.push_back({.accepts = static_cast<uint16_t>(bit(c) | bit('m'))});
        break;
      case 'a':
        all.push_back({.accepts = bits(letters), .array = true});
        break;
      case 'f':
        all.push_back({.accepts = bit('f')});
        break;
      case 'j':
        all.push_back({.accepts = bits("asnblom")});
        break;
      case 'x':
        all.push_back({.accepts = bits(letters)});
        break;
      case '-':
        if (!all.empty()) all.back().context = all.back().optional = true;
        break;
      case '?':
        if (!all.empty()) all.back().optional = true;
        break;
      case '+':
        if (!all.empty()) all.back().repeated = true;
        break;
      case '(': {
        size_t end = closing(text, i, '(', ')');
        auto choice = text.substr(i + 1, end - i - 1);
        if (choice.find('<') != std::string_view::npos) return tl::unexpected(problem{"S0402", i, std::string(choice)});
        all.push_back({.accepts = static_cast<uint16_t>(bits(choice) | bit('m'))});
        i = end;
        break;
      }
      case '<': {
        bool function = !all.empty() && all.back().accepts == bit('f');
        if (all.empty() || (!all.back().array && !function)) return tl::unexpected(problem{"S0401", i, {}});
        size_t end = closing(text, i, '<', '>');
        if (all.back().array && i + 1 < end) {
          all.back().array_of = text[i + 1];
          all.back().plural = plural_of(text[i + 1]);
        }
        i = end;
        break;
      }
      default:
        break;
    }
    if (all.size() > max_parameters) return tl::unexpected(problem{"S0401", i, {}});
  }
  return out;
}

bool signature::fits_as_it_is(std::span<const val> arguments) const {
  if (arguments.size() != parameters_.size()) return false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto& p = parameters_[i];
    char letter = letter_of(arguments[i]);
    if (!(p.accepts & bit(letter)) || (p.array && (letter != 'a' || p.array_of))) return false;
  }
  return true;
}

// As a regular expression would, greedily, one step back at a time; what has failed once is not tried again.
bool signature::match(std::span<const uint16_t> kinds, trial& t, size_t parameter, size_t argument) const {
  if (parameter == t.parameters) {
    t.end = argument;
    return !t.whole || argument == kinds.size();
  }
  char& failed = t.failed[parameter * (kinds.size() + 1) + argument];
  if (failed) return false;
  const auto& p = parameters_[parameter];
  size_t most = 0;
  while (argument + most < kinds.size() && (kinds[argument + most] & p.accepts) && (most == 0 || p.repeated)) ++most;
  for (size_t n = most + 1; n-- > (p.optional ? 0 : 1);) {
    t.taken[parameter] = n;
    if (match(kinds, t, parameter + 1, argument + n)) return true;
  }
  failed = 1;
  return false;
}

// What nearly every call is: the parameters from the first on have an argument each, the rest may go without.
bool signature::one_each(std::span<const uint16_t> kinds, size_t* taken) const {
  if (kinds.size() > parameters_.size()) return false;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& p = parameters_[i];
    taken[i] = i < kinds.size() ? 1 : 0;
    if (i < kinds.size() ? p.repeated || !(kinds[i] & p.accepts) : !p.optional) return false;
  }
  return true;
}

signature::misfit signature::blame(std::span<const val> arguments, std::span<const uint16_t> kinds) const {
  // The parameters one after the other, as far as they match.
  size_t good_to = 0;
  for (size_t n = 1; n <= parameters_.size(); ++n) {
    trial t(n, kinds.size(), false);
    if (!match(kinds, t, 0, 0)) break;
    good_to = t.end;
  }
  val bad = good_to < arguments.size() ? arguments[good_to] : val{};
  return {"T0410", bad, static_cast<int>(good_to) + 1, {}};
}

base::result<void, signature::misfit> signature::apply(std::span<const val> arguments, const val& context, list& out,
                                                       arena& memory) const {
  std::array<uint16_t, max_arguments + 1> letter_bits;
  for (size_t i = 0; i < arguments.size(); ++i) letter_bits[i] = bit(letter_of(arguments[i]));
  std::span<const uint16_t> kinds{letter_bits.data(), arguments.size()};
  std::array<size_t, max_parameters + 1> taken;
  if (!one_each(kinds, taken.data())) {
    trial t(parameters_.size(), kinds.size(), true);
    if (!match(kinds, t, 0, 0)) return tl::unexpected(blame(arguments, kinds));
    std::copy(t.taken.begin(), t.taken.end(), taken.begin());
  }
  size_t at = 0;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& p = parameters_[i];
    if (taken[i] == 0) {
      if (!p.context) {
        out.push(at < arguments.size() ? arguments[at] : val{});
        ++at;
        continue;
      }
      if (!(bit(letter_of(context)) & p.accepts))
        return tl::unexpected(misfit{"T0411", context, static_cast<int>(at) + 1, {}});
      out.push(context);
      continue;
    }
    for (size_t k = 0; k < taken[i]; ++k, ++at) {
      val v = arguments[at];
      if (p.array && !v.is_nothing()) {
        bool right = true;
        if (p.array_of && !v.is_array()) right = taken[i] == 1 && letter_of(v) == p.array_of;
        if (p.array_of && v.is_array())
          for (size_t j = 0; j < (v.held == form::range ? 1 : v.size) && right; ++j)
            right = letter_of(item(v, j)) == p.array_of;
        if (!right) return tl::unexpected(misfit{"T0412", v, static_cast<int>(at) + 1, p.plural});
        if (!v.is_array()) {
          list one(memory);
          one.push(v);
          v = one.done(0);
        }
      }
      out.push(v);
    }
  }
  return {};
}

}  // namespace mdlc::expr::jsonata
