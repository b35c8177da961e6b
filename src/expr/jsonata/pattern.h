// A regular expression's tree, and the two ways to match it. Private to this library.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/jsonata/regex.h"

namespace mdlc::expr::jsonata {

// Ranges of code points.
struct char_set {
  std::vector<std::pair<char32_t, char32_t>> ranges;
  bool negated = false;

  bool has(char32_t) const;
  void add(char32_t first, char32_t last) { ranges.emplace_back(first, last); }
  void add_all(const char_set&);
};

struct pattern_node {
  enum class kind {
    empty,
    character,
    set,
    begin,
    end,
    boundary,
    no_boundary,
    group,
    sequence,
    choice,
    repeat,
    look,
    reference
  };
  static constexpr size_t unlimited = SIZE_MAX;

  kind what = kind::empty;
  char32_t character = 0;
  char_set set{};
  size_t index = 0;  // group: its number, 0 where it does not capture; reference: whose
  size_t least = 0, most = 0;
  bool lazy = false, negated = false, behind = false;  // repeat; look
  std::vector<pattern_node> parts{};
};

struct pattern {
  pattern_node root;
  size_t groups = 0;
  regex::flags with;
  // What RE2 does not have, or has otherwise.
  bool looks = false, refers = false, line_anchors = false, captures_in_loops = false;

  static base::result<pattern> parse(std::string_view text, regex::flags);
};

// As RE2 writes it.
std::string re2_text(const pattern&);

// A program for the backtracking matcher.
class backtracker {
 public:
  // Fails where the program would be larger than max_pattern_size.
  static base::result<std::shared_ptr<const backtracker>> compile(const pattern&);
  regex::answer find(std::string_view text, size_t from, regex::match&, size_t& steps) const;

 private:
  enum class op : uint8_t {
    character,
    set,
    begin,
    end,
    boundary,
    no_boundary,
    split,
    jump,
    save,
    mark,
    progress,
    reset,
    look,
    reference,
    done
  };
  struct instruction {
    op what;
    bool back = false;     // matches what stands before
    bool negated = false;  // look
    uint32_t a = 0, b = 0;
    char32_t character = 0;
  };
  class builder;
  class run;

  std::vector<instruction> code_;
  std::vector<char_set> sets_;
  size_t groups_ = 0, registers_ = 0;
  regex::flags with_;
};

}  // namespace mdlc::expr::jsonata
