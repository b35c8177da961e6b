// Which operation a REST request names: method, path, and what its query string has.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "wire/codec.h"

namespace mdlc::wire::rest_protocol {
namespace {

// What S3 calls subresources, and its like: a query parameter that makes another operation of the same path. One that
// an operation does not know must not be passed over: GET ?website is no listing.
constexpr std::array subresources{
    std::string_view{"abac"},
    std::string_view{"accelerate"},
    std::string_view{"acl"},
    std::string_view{"analytics"},
    std::string_view{"annotation"},
    std::string_view{"attributes"},
    std::string_view{"cors"},
    std::string_view{"delete"},
    std::string_view{"encryption"},
    std::string_view{"intelligent-tiering"},
    std::string_view{"inventory"},
    std::string_view{"legal-hold"},
    std::string_view{"lifecycle"},
    std::string_view{"location"},
    std::string_view{"logging"},
    std::string_view{"metadataConfiguration"},
    std::string_view{"metadataTable"},
    std::string_view{"metrics"},
    std::string_view{"notification"},
    std::string_view{"object-lock"},
    std::string_view{"ownershipControls"},
    std::string_view{"partNumber"},
    std::string_view{"policy"},
    std::string_view{"policyStatus"},
    std::string_view{"publicAccessBlock"},
    std::string_view{"renameObject"},
    std::string_view{"replication"},
    std::string_view{"requestPayment"},
    std::string_view{"restore"},
    std::string_view{"retention"},
    std::string_view{"select"},
    std::string_view{"session"},
    std::string_view{"tagging"},
    std::string_view{"torrent"},
    std::string_view{"uploadId"},
    std::string_view{"uploads"},
    std::string_view{"versioning"},
    std::string_view{"versions"},
    std::string_view{"website"},
};

std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

// /2015-03-31/functions/{FunctionName}/versions, /{Bucket}/{Key+}
bool match_path(std::string_view pattern, std::string_view path, parameters& labels) {
  while (!pattern.empty() && !path.empty()) {
    auto part = next_segment(pattern);
    if (part.starts_with('{') && part.ends_with("+}")) {
      auto rest = path.substr(1);
      if (rest.empty()) return false;
      labels.emplace_back(part.substr(1, part.size() - 3), percent_decode(rest));
      return true;
    }
    auto segment = next_segment(path);
    if (part.starts_with('{')) {
      if (segment.empty()) return false;
      labels.emplace_back(part.substr(1, part.size() - 2), percent_decode(segment));
    } else if (percent_decode(segment) != part) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

// How well the query fits: -1 not at all, else the number of things that only this operation asks for.
int match_query(const service& s, const operation& op, std::string_view literals, const request& r) {
  int score = 0;
  auto wanted = parse_query(literals);
  for (const auto& [name, value] : wanted) {
    const auto* got = find_parameter(r.query, name);
    if (!got || (!value.empty() && *got != value)) return -1;
    ++score;
  }
  if (s.speaks != protocol::rest_xml) return score;
  auto knows = [&](std::string_view name) {
    return find_parameter(wanted, name) ||
           std::any_of(op.input->members.begin(), op.input->members.end(),
                       [&](auto& m) { return m.where == location::querystring && m.wire_name == name; });
  };
  for (const auto& [name, value] : r.query)
    if (std::find(subresources.begin(), subresources.end(), name) != subresources.end() && !knows(name)) return -1;
  for (const auto& m : op.input->members) {
    if (!m.required) continue;
    if (m.where == location::querystring) {
      if (!find_parameter(r.query, m.wire_name)) return -1;
      ++score;
    }
    if (m.where == location::header && m.wire_name == "x-amz-copy-source") {
      if (!r.headers.has(m.wire_name)) return -1;
      ++score;
    }
  }
  return score;
}

std::string_view without_trailing_slash(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

base::result<match, refusal> find_operation(const service& s, const request& r, std::string_view path) {
  bool xml = s.speaks == protocol::rest_xml;
  if (!path.starts_with('/')) path = "/";
  // A bucket may be written with a slash behind it; an object's key may end in one.
  if (xml && path.size() > 1 && path.find('/', 1) == path.size() - 1) path.remove_suffix(1);
  if (!xml) path = without_trailing_slash(path);
  std::optional<match> best;
  int best_score = -1;
  for (const auto* op : s.operations) {
    if (op->method != r.method) continue;
    auto mark = op->uri.find('?');
    auto pattern = op->uri.substr(0, mark);
    parameters labels;
    if (!match_path(xml ? pattern : without_trailing_slash(pattern), path, labels)) continue;
    auto literals = mark == std::string_view::npos ? std::string_view{} : op->uri.substr(mark + 1);
    int score = match_query(s, *op, literals, r);
    if (score <= best_score) continue;
    best_score = score;
    best = match{op, std::move(labels)};
  }
  if (best) return *std::move(best);
  return tl::unexpected(unknown_operation(s, fmt::format("{} {}", r.method, path)));
}

}  // namespace mdlc::wire::rest_protocol
