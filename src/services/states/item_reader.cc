#include "services/states/item_reader.h"

#include <set>

#include "services/states/byte_source.h"

namespace mdlc::services::states {
namespace {

using status = base::result<bool>;  // false: enough

std::string member(const json::value* v, std::string_view name, std::string_view otherwise = {}) {
  return std::string{v ? json::text(*v, name, otherwise) : otherwise};
}

// A string's hash in Java, over its UTF-16 units.
uint32_t java_hash(std::string_view utf8) {
  uint32_t hash = 0;
  for (size_t i = 0; i < utf8.size();) {
    auto lead = static_cast<unsigned char>(utf8[i]);
    size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? lead : lead & (0x3fU >> more);
    for (++i; more > 0 && i < utf8.size(); --more, ++i) c = c << 6 | (static_cast<unsigned char>(utf8[i]) & 0x3fU);
    if (c < 0x10000)
      hash = hash * 31 + c;
    else
      hash = (hash * 31 + (0xd800 + ((c - 0x10000) >> 10))) * 31 + (0xdc00 + ((c - 0x10000) & 0x3ff));
  }
  return hash;
}

// The columns in the order in which AWS writes a row's members: that of a HashMap.
std::vector<size_t> member_order(const std::vector<std::string>& names) {
  size_t buckets = 16;
  while (names.size() * 4 > buckets * 3) buckets *= 2;
  std::vector<size_t> order(names.size()), bucket(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    auto hash = java_hash(names[i]);
    order[i] = i;
    bucket[i] = (hash ^ hash >> 16) & (buckets - 1);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return bucket[a] < bucket[b]; });
  return order;
}

class reading {
 public:
  reading(const json::value& plan, const call_as& call, const item_sink& sink)
      : call_(call), sink_(sink), config_(json::find(plan, "config")) {
    if (const auto* given = json::find(plan, "arguments")) arguments_ = *given;
  }

  base::result<void> object() {
    auto type = member(config_, "InputType");
    MDLC_TRY(auto body, fetch(arguments_));
    status done =
        type == "MANIFEST" || !member(config_, "ManifestType").empty() ? manifest(body) : items_of(body, type);
    if (!done) return tl::unexpected(done.error());
    return {};
  }

  base::result<void> listing() {
    bool loads = member(config_, "Transformation") == "LOAD_AND_FLATTEN";
    json::value input = arguments_;
    for (;;) {
      MDLC_TRY(auto page, call("listObjectsV2", input, nullptr));
      if (const auto* contents = json::find(page, "Contents"))
        for (const auto& o : contents->as_array()) {
          status more = loads
                            ? load(json::object{{"Bucket", json::text(input, "Bucket")}, {"Key", json::text(o, "Key")}})
                            : sink_(listed(o));
          if (!more) return tl::unexpected(more.error());
          if (!*more) return {};
        }
      auto next = json::text(page, "NextContinuationToken");
      if (next.empty()) return {};
      input.as_object()["ContinuationToken"] = next;
    }
  }

 private:
  base::result<json::value> call(std::string_view operation, const json::value& input,
                                 std::optional<blob::slice>* body) {
    auto answer = call_(operation, input, body);
    if (answer) return *std::move(answer);
    const auto& e = answer.error();
    return base::fail(
        fmt::format("{} (Service: Amazon S3; Status Code: {}; Error Code: {})", e.message, e.status, e.code));
  }

  base::result<blob::slice> fetch(const json::value& input) {
    std::optional<blob::slice> body;
    MDLC_CHECK(call("getObject", input, &body));
    if (!body) return base::fail("The object has no content.");
    return *std::move(body);
  }

  static json::value listed(const json::value& o) {
    json::object out{{"Etag", json::text(o, "ETag")}, {"Key", json::text(o, "Key")}};
    if (const auto* at = json::find(o, "LastModified"))
      out["LastModified"] = static_cast<int64_t>(json::is_number(*at) ? json::to_double(*at) : 0);
    if (const auto* size = json::find(o, "Size")) out["Size"] = *size;
    out["StorageClass"] = json::text(o, "StorageClass", "STANDARD");
    return out;
  }

  status load(const json::value& where) {
    MDLC_TRY(auto body, fetch(where));
    return items_of(body, member(config_, "InputType"));
  }

  status items_of(const blob::slice& body, const std::string& type) {
    auto from = open_unpacked(body);
    if (type == "CSV") return csv(*from);
    if (type == "JSONL") return lines(*from);
    if (type == "PARQUET") return base::fail("Items in Parquet files are not read here.");
    return elements(*from);
  }

  status elements(byte_source& from) {
    json_elements all{from, member(config_, "ItemsPointer")};
    std::string text;
    for (;;) {
      MDLC_TRY(bool one, all.next(text));
      if (!one) return true;
      MDLC_TRY(bool more, pass_on(text));
      if (!more) return false;
    }
  }

  status lines(byte_source& from) {
    std::string line;
    for (;;) {
      MDLC_TRY(bool one, read_line(from, line));
      if (!one) return true;
      if (line.find_first_not_of(" \t") == line.npos) continue;
      MDLC_TRY(bool more, pass_on(line));
      if (!more) return false;
    }
  }

  status pass_on(const std::string& text) {
    auto item = json::parse(text);
    if (!item) return base::fail("The item source is not valid JSON.");
    return sink_(*item);
  }

  base::result<std::vector<std::string>> headers(csv_reader& rows) {
    std::vector<std::string> out;
    if (member(config_, "CSVHeaderLocation", "FIRST_ROW") == "GIVEN") {
      const auto* given = json::find(*config_, "CSVHeaders");
      if (given && given->is_array())
        for (const auto& h : given->get_array()) out.emplace_back(json::view(h.as_string()));
    } else {
      MDLC_CHECK(rows.next(out));
      if (!out.empty() && out[0].starts_with("\xef\xbb\xbf")) out[0].erase(0, 3);
    }
    size_t bytes = 0;
    std::set<std::string_view> seen;
    for (const auto& h : out) {
      bytes += h.size();
      if (!seen.insert(h).second) return base::fail("CSV headers cannot contain duplicates.");
    }
    if (bytes > csv_header_bytes_max)
      return base::fail(fmt::format("CSV headers cannot exceed {} bytes.", csv_header_bytes_max));
    return out;
  }

  char delimiter() const {
    auto named = member(config_, "CSVDelimiter", "COMMA");
    return named == "PIPE" ? '|' : named == "SEMICOLON" ? ';' : named == "SPACE" ? ' ' : named == "TAB" ? '\t' : ',';
  }

  status csv(byte_source& from) {
    csv_reader rows{from, delimiter()};
    MDLC_TRY(auto names, headers(rows));
    return rows_of(rows, names);
  }

  // What a row has too much is dropped, what it lacks is empty.
  status rows_of(csv_reader& rows, const std::vector<std::string>& names) {
    const auto order = member_order(names);
    std::vector<std::string> fields;
    for (;;) {
      MDLC_TRY(bool one, rows.next(fields));
      if (!one) return true;
      json::object item;
      for (size_t i : order) item[names[i]] = i < fields.size() ? fields[i] : std::string{};
      MDLC_TRY(bool more, sink_(item));
      if (!more) return false;
    }
  }

  // An S3 inventory's manifest.json, or the list of files that an Athena UNLOAD wrote.
  status manifest(const blob::slice& body) {
    auto from = open_unpacked(body);
    if (member(config_, "ManifestType") == "ATHENA_DATA") return athena(*from);
    if (body.count() > static_cast<int64_t>(item_bytes_max)) return base::fail("The manifest is too large.");
    MDLC_TRY(auto text, body.read_all());
    auto parsed = json::parse(text);
    if (!parsed) return base::fail("The manifest is not valid JSON.");
    if (auto format = json::text(*parsed, "fileFormat", "CSV"); format != "CSV")
      return base::fail(fmt::format("Inventory files of the format {} are not read here.", format));
    std::string bucket{json::text(*parsed, "destinationBucket")};
    if (auto colon = bucket.rfind(':'); colon != bucket.npos) bucket.erase(0, colon + 1);
    std::vector<std::string> names;
    std::string schema{json::text(*parsed, "fileSchema")};
    for (size_t at = 0; at < schema.size();) {
      size_t comma = std::min(schema.find(',', at), schema.size());
      auto begin = schema.find_first_not_of(' ', at);
      if (begin < comma) names.push_back(schema.substr(begin, comma - begin));
      at = comma + 1;
    }
    const auto* files = json::find(*parsed, "files");
    if (!files || !files->is_array() || names.empty()) return base::fail("The manifest is no S3 inventory's manifest.");
    for (const auto& f : files->get_array()) {
      MDLC_TRY(auto part, fetch(json::object{{"Bucket", bucket}, {"Key", json::text(f, "key")}}));
      auto bytes = open_unpacked(part);
      csv_reader rows{*bytes, ','};
      MDLC_TRY(bool more, rows_of(rows, names));
      if (!more) return false;
    }
    return true;
  }

  status athena(byte_source& from) {
    constexpr std::string_view scheme = "s3://";
    auto type = member(config_, "InputType");
    std::string line;
    for (;;) {
      MDLC_TRY(bool one, read_line(from, line));
      if (!one) return true;
      if (line.empty()) continue;
      auto slash = line.find('/', scheme.size());
      if (!line.starts_with(scheme) || slash == line.npos)
        return base::fail(fmt::format("The manifest's line '{}' is no S3 URI.", line.substr(0, 100)));
      MDLC_TRY(auto part, fetch(json::object{{"Bucket", line.substr(scheme.size(), slash - scheme.size())},
                                             {"Key", line.substr(slash + 1)}}));
      MDLC_TRY(bool more, items_of(part, type));
      if (!more) return false;
    }
  }

  const call_as& call_;
  const item_sink& sink_;
  const json::value* config_;
  json::value arguments_ = json::object{};
};

}  // namespace

base::result<void> read_items(const json::value& plan, const call_as& call, const item_sink& sink) {
  if (auto why = json::text(plan, "failed"); !why.empty()) return base::fail(std::string{why});
  int64_t left = INT64_MAX;
  if (const auto* most = json::find(plan, "max_items")) left = most->to_number<int64_t>();
  item_sink counted = [&](const json::value& item) -> base::result<bool> {
    MDLC_TRY(bool more, sink(item));
    return more && --left > 0;
  };
  reading r{plan, call, counted};
  return json::text(plan, "action") == "s3:listObjectsV2" ? r.listing() : r.object();
}

}  // namespace mdlc::services::states
