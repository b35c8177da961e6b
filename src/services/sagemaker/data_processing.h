// A transform's DataProcessing: what of each record the model sees, and what of record and answer comes out.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "json/value.h"

namespace mdlc::services::sagemaker {

// The JSONPath that InputFilter and OutputFilter take: $, then members (.a, ['a','b']), and elements and ranges in any
// mixture ([0], [-1], [1:], [:-1], [0,5:]). Several members of an object are an object. A CSV row is an array of its
// fields. Immutable.
class filter {
 public:
  static base::result<filter> parse(std::string_view);
  bool is_everything() const { return steps_.empty(); }

  // Fields keep their quotes. An error where it selects nothing, or names an element that is not there.
  base::result<std::string> apply_to_csv(std::string_view row) const;
  base::result<json::value> apply_to(const json::value&) const;

 private:
  struct range {
    std::optional<int64_t> begin, end;
  };
  using names = std::vector<std::string>;
  using elements = std::vector<std::variant<int64_t, range>>;
  using step = std::variant<names, elements>;

  static base::result<step> parse_brackets(std::string_view inside);
  static base::result<names> parse_names(std::string_view inside);
  static base::result<elements> parse_elements(std::string_view inside);
  template <class T>
  static base::result<std::vector<T>> select(const std::vector<T>& items, const elements&);

  std::vector<step> steps_;
};

// The fields of a CSV row, each as it is written.
std::vector<std::string_view> split_csv(std::string_view row);

struct data_processing {
  filter input, output;
  bool joins_input = false;

  bool changes_output() const { return joins_input || !output.is_everything(); }
  bool is_nothing() const { return input.is_everything() && !changes_output(); }
};

// The record as the model gets it. `type` is the job's content type.
base::result<std::string> filter_input(const data_processing&, std::string_view type, std::string_view record);

// What is written for a record, given the model's answer to it: joined, then filtered. `type` is the answer's. No
// newline at the end.
base::result<std::string> process_output(const data_processing&, std::string_view type, std::string_view record,
                                         std::string_view answer);

}  // namespace mdlc::services::sagemaker
