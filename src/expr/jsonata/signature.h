// A function's signature: <s-n?:s>. Private to this library.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/jsonata/val.h"

namespace mdlc::expr::jsonata {

class signature {
 public:
  // What is wrong with a text that is none: S0401 or S0402, and where.
  struct problem {
    const char* code;
    size_t offset;
    std::string value;
  };
  static base::result<signature, problem> parse(std::string_view text);

  // Why arguments do not fit. `index` counts from 1.
  struct misfit {
    const char* code;  // T0410, T0411, T0412
    val value;
    int index;
    std::string_view type;
  };
  // Most calls have as many arguments as there are parameters, each as it should be: these need no copy.
  bool fits_as_it_is(std::span<const val> arguments) const;
  // Appends the arguments as the function shall see them: the context where one is left out that may be, arrays around
  // what should be one.
  base::result<void, misfit> apply(std::span<const val> arguments, const val& context, list& out, arena&) const;

  size_t parameters() const { return parameters_.size(); }

 private:
  struct parameter {
    uint16_t accepts = 0;  // a bit for each of asnblfom
    bool optional = false, repeated = false, context = false;
    char array_of = 0;  // of an array: what it must hold, if that is said
    std::string_view plural{};
    bool array = false;
  };
  static constexpr size_t max_parameters = 64;
  // One attempt to lay arguments against the first `parameters`.
  struct trial {
    trial(size_t parameters_tried, size_t arguments, bool all)
        : parameters(parameters_tried),
          whole(all),
          taken(parameters_tried),
          failed((parameters_tried + 1) * (arguments + 1)) {}
    size_t parameters;
    bool whole;
    size_t end = 0;
    std::vector<size_t> taken;
    std::vector<char> failed;
  };
  bool one_each(std::span<const uint16_t> kinds, size_t* taken) const;
  misfit blame(std::span<const val> arguments, std::span<const uint16_t> kinds) const;
  bool match(std::span<const uint16_t> kinds, trial&, size_t parameter, size_t argument) const;

  std::vector<parameter> parameters_;
};

}  // namespace mdlc::expr::jsonata
