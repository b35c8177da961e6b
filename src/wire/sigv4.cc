#include "wire/sigv4.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace mdlc::wire {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (true) {
    auto end = text.find(at);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// 20260131T235959Z
base::result<base::time_point> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return base::fail("not YYYYMMDDTHHMMSSZ");
  return base::from_iso8601(fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2),
                                        text.substr(9, 2), text.substr(11, 2), text.substr(13, 2)));
}

std::string print_amz_date(base::time_point t) {
  std::string out;
  for (char c : base::to_iso8601_seconds(t))
    if (c != '-' && c != ':') out += c;
  return out;
}

auto incomplete(std::string detail) { return tl::unexpected(auth_error{auth_failure::incomplete, std::move(detail)}); }

base::result<void, auth_error> read_credential(std::string_view credential, signature& out) {
  // Access keys may hold '/' in theory only; the scope's parts never do.
  auto parts = split(credential, '/');
  if (parts.size() != 5 || parts[4] != "aws4_request" || parts[0].empty())
    return incomplete(fmt::format(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
        credential));
  out.access_key = parts[0];
  out.date = parts[1];
  out.region = parts[2];
  out.service = parts[3];
  return {};
}

base::result<void, auth_error> read_date(std::string_view text, signature& out) {
  auto time = parse_amz_date(text);
  if (!time)
    return incomplete(
        fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                    "http://en.wikipedia.org/wiki/ISO_8601",
                    text));
  out.amz_date = text;
  out.time = *time;
  if (out.date != text.substr(0, 8))
    return incomplete(
        fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                    "HTTP: '{}' != '{}', from '{}'.",
                    out.date, text.substr(0, 8), text));
  return {};
}

// Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…
base::result<signature, auth_error> read_header(const request& r, std::string_view authorization) {
  auto parameters = trim(authorization.substr(std::min(authorization.size(), algorithm.size())));
  std::string credential, headers, hex;
  for (const auto& part : split(parameters, ',')) {
    auto text = trim(part);
    auto equals = text.find('=');
    auto name = text.substr(0, equals);
    auto value = equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") headers = value;
    if (name == "Signature") hex = value;
  }
  std::string lacking;
  auto need = [&](const std::string& value, std::string_view name) {
    if (value.empty()) lacking += fmt::format("Authorization header requires '{}' parameter. ", name);
  };
  need(credential, "Credential");
  need(hex, "Signature");
  need(headers, "SignedHeaders");
  auto date = r.headers.get("X-Amz-Date");
  if (date.empty()) lacking += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (!lacking.empty()) return incomplete(lacking + fmt::format("Authorization={}", algorithm));
  signature out;
  out.signed_headers = split(headers, ';');
  out.hex = std::move(hex);
  out.session_token = r.headers.get("X-Amz-Security-Token");
  if (auto ok = read_credential(credential, out); !ok) return tl::unexpected(ok.error());
  if (auto ok = read_date(date, out); !ok) return tl::unexpected(ok.error());
  return out;
}

base::result<signature, auth_error> read_presigned(const request& r) {
  signature out;
  out.presigned = true;
  std::string lacking;
  auto need = [&](std::string_view name) -> std::string {
    auto* value = find_parameter(r.query, name);
    if (value && !value->empty()) return *value;
    lacking += fmt::format("AWS query-string parameters must include '{}'. ", name);
    return {};
  };
  auto credential = need("X-Amz-Credential");
  out.hex = need("X-Amz-Signature");
  out.signed_headers = split(need("X-Amz-SignedHeaders"), ';');
  auto date = need("X-Amz-Date");
  if (!lacking.empty()) return incomplete(lacking + "Re-examine the query-string parameters.");
  if (auto* used = find_parameter(r.query, "X-Amz-Algorithm"); *used != algorithm)
    return incomplete("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  if (auto ok = read_credential(credential, out); !ok) return tl::unexpected(ok.error());
  if (auto ok = read_date(date, out); !ok) return tl::unexpected(ok.error());
  if (auto* token = find_parameter(r.query, "X-Amz-Security-Token")) out.session_token = *token;
  // Services other than S3 presign without a life of their own; theirs is the clock's tolerance.
  out.expires_seconds = max_clock_skew_ms / 1000;
  if (auto* life = find_parameter(r.query, "X-Amz-Expires")) {
    auto [end, error] = std::from_chars(life->data(), life->data() + life->size(), out.expires_seconds);
    if (error != std::errc{} || end != life->data() + life->size())
      return incomplete("X-Amz-Expires should be a number");
    if (out.expires_seconds < 0) return incomplete("X-Amz-Expires must be non-negative");
    if (out.expires_seconds > max_presigned_seconds)
      return incomplete(
          "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
          "less than 604800 seconds");
  }
  return out;
}

// S3 signs the path encoded once, the others encode what was sent once more, dots resolved.
std::string canonical_path(const request& r, std::string_view service) {
  if (service == "s3") {
    auto path = percent_encode(percent_decode(r.path), true);
    return path.empty() ? "/" : path;
  }
  std::vector<std::string> kept;
  auto parts = split(r.path.empty() ? "/" : r.path, '/');
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i] == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!parts[i].empty() && parts[i] != ".") {
      kept.push_back(parts[i]);
    }
  }
  std::string out;
  for (const auto& part : kept) out += "/" + percent_encode(part);
  if (out.empty() || r.path.back() == '/') out += "/";
  return out;
}

std::string canonical_query(const request& r, const signature& s) {
  parameters encoded;
  for (const auto& [name, value] : r.query)
    if (!(s.presigned && name == "X-Amz-Signature")) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

// All values of a header, each trimmed and with runs of spaces made one.
std::string canonical_value(const request& r, std::string_view name) {
  std::string out;
  bool first = true;
  for (const auto& [known, value] : r.headers) {
    if (!http::equal_names(known, name)) continue;
    if (!std::exchange(first, false)) out += ',';
    bool space = false;
    for (char c : trim(value)) {
      if (!(space && c == ' ')) out += c;
      space = c == ' ';
    }
  }
  return out;
}

std::string canonical_request(const request& r, const signature& s, std::string_view hash) {
  std::string headers, names;
  for (const auto& name : s.signed_headers) {
    headers += name + ":" + canonical_value(r, name) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", r.method, canonical_path(r, s.service), canonical_query(r, s), headers,
                     names, hash);
}

std::string string_to_sign(const signature& s, std::string_view canonical) {
  return fmt::format("{}\n{}\n{}/{}/{}/aws4_request\n{}", algorithm, s.amz_date, s.date, s.region, s.service,
                     base::to_hex(base::sha256(canonical)));
}

base::result<void, auth_error> check_time(const signature& s, base::time_point now) {
  using std::chrono::milliseconds;
  auto skew = milliseconds{max_clock_skew_ms};
  if (s.presigned) {
    if (s.time > now + skew) return tl::unexpected(auth_error{auth_failure::expired_url, "Request is not valid yet"});
    auto end = s.time + std::chrono::seconds{s.expires_seconds};
    if (now <= end) return {};
    return tl::unexpected(auth_error{auth_failure::expired_url,
                                     "Request has expired",
                                     {{"X-Amz-Expires", std::to_string(s.expires_seconds)},
                                      {"Expires", base::to_iso8601_seconds(end)},
                                      {"ServerTime", base::to_iso8601_seconds(now)}}});
  }
  json::object members{{"RequestTime", s.amz_date},
                       {"ServerTime", base::to_iso8601_seconds(now)},
                       {"MaxAllowedSkewMilliseconds", std::to_string(max_clock_skew_ms)}};
  auto at = print_amz_date(now);
  if (s.time < now - skew)
    return tl::unexpected(auth_error{auth_failure::not_current,
                                     fmt::format("Signature expired: {} is now earlier than {} ({} - 15 min.)",
                                                 s.amz_date, print_amz_date(now - skew), at),
                                     members});
  if (s.time > now + skew)
    return tl::unexpected(auth_error{auth_failure::not_current,
                                     fmt::format("Signature not yet current: {} is still later than {} ({} + 15 min.)",
                                                 s.amz_date, print_amz_date(now + skew), at),
                                     members});
  return {};
}

// What is not signed can be changed on the way: the host and all that AWS gives a meaning to must be signed.
base::result<void, auth_error> check_signed_headers(const request& r, const signature& s) {
  auto is_signed = [&](std::string_view name) {
    return std::any_of(s.signed_headers.begin(), s.signed_headers.end(),
                       [&](const std::string& known) { return http::equal_names(known, name); });
  };
  if (!is_signed("host")) return incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  std::string lacking;
  for (const auto& [name, value] : r.headers) {
    auto known = lower(name);
    bool counts = known.starts_with("x-amz-") && known != "x-amz-content-sha256";
    if (counts && !is_signed(known)) lacking += (lacking.empty() ? "" : ", ") + known;
  }
  if (lacking.empty()) return {};
  return tl::unexpected(auth_error{auth_failure::unsigned_headers,
                                   "There were headers present in the request which were not signed",
                                   {{"HeadersNotSigned", lacking}}});
}

std::string spaced_hex(std::string_view bytes) {
  auto hex = base::to_hex(bytes);
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 2) out += (i ? " " : "") + hex.substr(i, 2);
  return out;
}

}  // namespace

base::result<signature, auth_error> read_signature(const request& r) {
  auto authorization = r.headers.get("Authorization");
  if (!authorization.empty()) {
    auto word = authorization.substr(0, authorization.find(' '));
    if (word != algorithm) return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.", word));
    return read_header(r, authorization);
  }
  if (find_parameter(r.query, "X-Amz-Algorithm")) return read_presigned(r);
  bool old = find_parameter(r.query, "AWSAccessKeyId") && find_parameter(r.query, "Signature");
  return tl::unexpected(auth_error{old ? auth_failure::version_2 : auth_failure::missing});
}

std::string payload_hash(const request& r, const signature& s, std::string_view body) {
  if (auto* declared = r.headers.find("X-Amz-Content-Sha256")) return *declared;
  if (s.presigned && s.service == "s3") return std::string{unsigned_payload};
  return base::to_hex(base::sha256(body));
}

std::string signing_key(std::string_view secret_key, const signature& s) {
  auto date = base::hmac_sha256("AWS4" + std::string{secret_key}, s.date);
  return base::hmac_sha256(base::hmac_sha256(base::hmac_sha256(date, s.region), s.service), "aws4_request");
}

base::result<void, auth_error> check_signature(const request& r, const signature& s, std::string_view secret_key,
                                               std::string_view hash, base::time_point now) {
  if (auto ok = check_signed_headers(r, s); !ok) return ok;
  auto canonical = canonical_request(r, s, hash);
  auto to_sign = string_to_sign(s, canonical);
  auto expected = base::to_hex(base::hmac_sha256(signing_key(secret_key, s), to_sign));
  if (!base::equal_in_constant_time(expected, s.hex))
    return tl::unexpected(auth_error{auth_failure::mismatch,
                                     {},
                                     {{"AWSAccessKeyId", s.access_key},
                                      {"StringToSign", to_sign},
                                      {"SignatureProvided", s.hex},
                                      {"StringToSignBytes", spaced_hex(to_sign)},
                                      {"CanonicalRequest", canonical},
                                      {"CanonicalRequestBytes", spaced_hex(canonical)}}});
  return check_time(s, now);
}

void sign(request& r, const client_key& key, std::string_view service, std::string_view region, base::time_point now) {
  signature s;
  s.amz_date = print_amz_date(now);
  s.date = s.amz_date.substr(0, 8);
  s.region = region;
  s.service = service;
  r.headers.set("X-Amz-Date", s.amz_date);
  if (!r.headers.has("X-Amz-Content-Sha256")) r.headers.set("X-Amz-Content-Sha256", base::to_hex(base::sha256(r.body)));
  if (!key.session_token.empty()) r.headers.set("X-Amz-Security-Token", key.session_token);
  for (const auto& [name, value] : r.headers) {
    auto known = lower(name);
    if (known == "host" || known == "content-type" || known.starts_with("x-amz-")) s.signed_headers.push_back(known);
  }
  std::sort(s.signed_headers.begin(), s.signed_headers.end());
  std::string names;
  for (const auto& name : s.signed_headers) names += (names.empty() ? "" : ";") + name;
  auto to_sign = string_to_sign(s, canonical_request(r, s, r.headers.get("X-Amz-Content-Sha256")));
  r.headers.set("Authorization", fmt::format("{} Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={}",
                                             algorithm, key.access_key, s.date, region, service, names,
                                             base::to_hex(base::hmac_sha256(signing_key(key.secret_key, s), to_sign))));
}

}  // namespace mdlc::wire
