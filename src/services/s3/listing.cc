#include "services/s3/listing.h"

#include "services/s3/errors.h"
#include "wire/uri.h"

namespace mdlc::services::s3 {
namespace {

// Rows of older versions that are stepped over one by one; then a new search is cheaper.
constexpr int max_stepped_over = 16;

// After every key that begins with `prefix`, but for some that begin with it and this character, which nobody has.
std::string beyond(std::string_view prefix) { return std::string(prefix) + "\U0010FFFF"; }

class walk {
 public:
  walk(store::reader& r, std::string_view bucket, const listing& l, bool all_versions)
      : reader_(r), bucket_(bucket), listing_(l), all_versions_(all_versions) {}

  // Rows after this place. With `version` the walk goes on amid that key.
  page from(std::string_view after, std::optional<int64_t> version) {
    key_ = after;
    order_ = version.value_or(INT64_MAX);
    seen_ = version ? key_ : std::string();
    rolled_up_ = after;
    if (listing_.prefix > key_) {
      // Before the first key with the prefix, which itself may be a key.
      key_ = listing_.prefix;
      order_ = INT64_MIN;
    }
    if (listing_.most == 0) return {};
    while (!done_) {
      bool jumped = false;
      reader_.each(
          "SELECT key, version_id, version_order, is_marker, modified_ms, size, etag, storage_class, checksum "
          "FROM s3_object WHERE bucket = ?1 AND (key, version_order) > (?2, ?3) ORDER BY key, version_order",
          {bucket_, std::string(key_), order_}, [&](const store::row& row) {
            jumped = visit(row);
            return !jumped && !done_;
          });
      if (!jumped) done_ = true;
    }
    return std::move(page_);
  }

 private:
  // Whether the search has to begin anew, behind (key_, order_).
  bool visit(const store::row& row) {
    const auto& key = row.text(0);
    if (!key.starts_with(listing_.prefix)) {
      done_ = true;
      return false;
    }
    bool is_latest = key != seen_;
    seen_ = key;
    if (!all_versions_) {
      if (!is_latest) return ++stepped_over_ > max_stepped_over && jump(key);
      stepped_over_ = 0;
      if (row.integer(3)) return false;
    }
    if (auto common = common_prefix(key)) return roll_up(*common);
    if (!has_room()) return false;
    page_.entries.push_back({key, row.text(1), row.integer(2), row.integer(3) != 0, is_latest,
                             base::from_ms(row.integer(4)), row.integer(5), row.text(6), row.text(7),
                             json::parse(row.text(8)).value().as_object()});
    page_.last_key = key;
    page_.last_version = row.text(1);
    return false;
  }

  bool roll_up(const std::string& common) {
    if (common != rolled_up_) {
      if (!has_room()) return false;
      page_.common_prefixes.push_back(common);
      page_.last_key = rolled_up_ = common;
      page_.last_version.clear();
    }
    return jump(beyond(common));
  }

  bool has_room() {
    auto count = static_cast<int64_t>(page_.entries.size() + page_.common_prefixes.size());
    if (count < listing_.most) return true;
    page_.is_truncated = true;
    done_ = true;
    return false;
  }

  std::optional<std::string> common_prefix(const std::string& key) const {
    if (listing_.delimiter.empty()) return std::nullopt;
    auto at = key.find(listing_.delimiter, listing_.prefix.size());
    if (at == std::string::npos) return std::nullopt;
    return key.substr(0, at + listing_.delimiter.size());
  }

  bool jump(std::string behind) {
    key_ = std::move(behind);
    order_ = INT64_MAX;
    stepped_over_ = 0;
    return true;
  }

  store::reader& reader_;
  const std::string_view bucket_;
  const listing& listing_;
  const bool all_versions_;
  page page_;
  std::string key_;
  int64_t order_ = 0;
  std::string seen_;       // the key of the row before
  std::string rolled_up_;  // the common prefix that is on a page already
  int stepped_over_ = 0;
  bool done_ = false;
};

}  // namespace

page list_current(store::reader& r, std::string_view bucket, const listing& l, std::string_view after) {
  return walk(r, bucket, l, false).from(after, std::nullopt);
}

page list_versions(store::reader& r, std::string_view bucket, const listing& l, std::string_view after,
                   std::string_view after_version) {
  std::optional<int64_t> order;
  if (!after_version.empty())
    if (auto found = find_version(r, bucket, after, after_version)) order = found->order;
  return walk(r, bucket, l, true).from(after, order);
}

api::answer<int64_t> page_size(const std::optional<int64_t>& asked, std::string_view name, int64_t most) {
  if (!asked) return most;
  if (*asked < 0 || *asked > INT32_MAX)
    return invalid_argument(fmt::format("Argument {} must be an integer between 0 and 2147483647", name), name,
                            std::to_string(*asked));
  return std::min(*asked, most);
}

api::answer<bool> asks_for_url_encoding(const std::optional<std::string>& encoding_type) {
  if (!encoding_type || encoding_type->empty()) return false;
  if (*encoding_type == "url") return true;
  return invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", *encoding_type);
}

std::string shown_key(std::string_view key, bool encode) {
  return encode ? wire::percent_encode(key, true) : std::string(key);
}

}  // namespace mdlc::services::s3
