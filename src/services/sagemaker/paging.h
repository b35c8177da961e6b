// Lists as SageMaker gives them: filtered, sorted, a page at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/error.h"
#include "base/bytes.h"
#include "base/time.h"
#include "services/sagemaker/errors.h"

namespace mdlc::services::sagemaker {

inline constexpr int64_t default_page_size = 10;

// What is listed, as far as filters and order look at it.
struct listed {
  std::string name;
  std::string status{};
  int64_t created_ms = 0;
  int64_t modified_ms = 0;
};

struct page {
  std::string sort_by{};
  bool is_descending = true;
  size_t size = default_page_size;
  std::optional<listed> after{};  // from NextToken: the last one of the page before
  std::string name_contains{};
  std::optional<int64_t> created_after_ms{}, created_before_ms{}, modified_after_ms{}, modified_before_ms{};
  std::string status{};
  // As ListTrainingJobs does with MaxResults and StatusEquals both given: so many of any status, then those of that
  // one.
  bool cuts_before_status = false;
};

api::answer<std::optional<listed>> read_token(const std::optional<std::string>&);

// The members that all List… requests share. Newest first unless told otherwise, as SageMaker does.
template <class In>
api::answer<page> page_of(const In& in, std::string sort_by) {
  page p;
  p.sort_by = std::move(sort_by);
  p.is_descending = in.SortOrder.value_or("Descending") == "Descending";
  p.size = static_cast<size_t>(in.MaxResults.value_or(default_page_size));
  MDLC_TRY(p.after, read_token(in.NextToken));
  p.name_contains = in.NameContains.value_or("");
  const auto ms = [](const std::optional<base::time_point>& t) {
    return t ? std::optional{base::to_ms(*t)} : std::nullopt;
  };
  p.created_after_ms = ms(in.CreationTimeAfter);
  p.created_before_ms = ms(in.CreationTimeBefore);
  if constexpr (requires { in.StatusEquals; }) {
    p.modified_after_ms = ms(in.LastModifiedTimeAfter);
    p.modified_before_ms = ms(in.LastModifiedTimeBefore);
    p.status = in.StatusEquals.value_or("");
  }
  return p;
}

// Those on the page, and the token of the next one.
std::vector<listed> cut(std::vector<listed> all, const page&, std::optional<std::string>& next_token);

}  // namespace mdlc::services::sagemaker
