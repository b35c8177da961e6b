#include <unordered_map>

#include "expr/jsonata/function.h"

namespace mdlc::expr::jsonata {
namespace {

struct hash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

}  // namespace

struct library::tables {
  std::unordered_map<std::string, std::shared_ptr<const definition>, hash, std::equal_to<>> functions;
};

namespace {

// Those of the language live as long as the program.
std::shared_ptr<const definition> unowned(const definition& d) { return {std::shared_ptr<void>{}, &d}; }

}  // namespace

library::library() : tables_(std::make_unique<tables>(*standard().tables_)) {}
library::~library() = default;
library::library(const library& other) : tables_(std::make_unique<tables>(*other.tables_)) {}
library::library(bare) : tables_(std::make_unique<tables>()) {}

const library& library::standard() {
  static const library* all = [] {
    auto* made = new library(bare{});
    for (auto group : {string_functions(), match_functions(), encoding_functions(), number_functions(),
                       array_functions(), higher_order_functions(), object_functions(), date_functions()})
      for (const auto& d : group) made->add(unowned(d));
    return made;
  }();
  return *all;
}

base::result<void, error> library::add(std::string name, std::string_view declared, function f) {
  auto d = std::make_shared<definition>(definition{.name = std::move(name), .host = std::move(f)});
  if (!declared.empty()) {
    auto read = signature::parse(declared);
    if (!read)
      return tl::unexpected(worded(fault{.code = read.error().code,
                                         .position = static_cast<int64_t>(read.error().offset),
                                         .value = json_text(read.error().value)}));
    d->arity = static_cast<int>(read->parameters());
    d->declared = *std::move(read);
  }
  add(std::move(d));
  return {};
}

void library::add(std::shared_ptr<const definition> d) {
  auto name = d->name;
  tables_->functions.insert_or_assign(std::move(name), std::move(d));
}

void library::hide(std::string_view name) {
  auto there = tables_->functions.find(name);
  if (there != tables_->functions.end()) tables_->functions.erase(there);
}

const definition* library::find(std::string_view name) const {
  auto there = tables_->functions.find(name);
  return there == tables_->functions.end() ? nullptr : there->second.get();
}

definition native_function(std::string name, std::string_view declared, int arity, native body) {
  return {.name = std::move(name), .body = body, .arity = arity, .declared = *signature::parse(declared)};
}

}  // namespace mdlc::expr::jsonata
