#include "services/sagemaker/feeds.h"

#include <fstream>

#include "services/sagemaker/channels.h"
#include "services/sagemaker/inputs.h"
#include "services/sagemaker/records.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr std::string_view reference_suffix = "-ref";

// A record of the longest line, all of it escaped as JSON can be at worst ("\u0001"), has its place in a feed.
static_assert(augmented_line_bytes_max * 6 <= runner::feed_line_bytes_max);

class feed_writer {
 public:
  feed_writer(run& r, const sys::path& folder) : r_(r), folder_(folder) {}

  base::result<void> open() {
    MDLC_CHECK(sys::make_folder(folder_));
    records_.open(folder_ / runner::feed_records_file);
    sources_.open(folder_ / runner::feed_sources_file);
    return {};
  }

  // The object's number: it is placed once, however often it is named.
  base::result<int64_t> number_of(const std::string& bucket, const std::string& key) {
    const auto uri = fmt::format("s3://{}/{}", bucket, key);
    const auto next = static_cast<int64_t>(numbers_.size());
    const auto [known, is_new] = numbers_.try_emplace(uri, next);
    if (!is_new) return known->second;
    MDLC_CHECK(place_object(r_, {bucket, key, std::to_string(next)}, folder_));
    sources_ << json::print(json::value(uri)) << '\n';
    return next;
  }

  void add(const json::array& record) { records_ << json::print(record) << '\n'; }

  base::result<void> finish() {
    records_.close();
    sources_.close();
    if (records_ && sources_) return {};
    throw store::failure("a feed's records cannot be written");
  }

 private:
  run& r_;
  const sys::path& folder_;
  std::ofstream records_, sources_;
  std::map<std::string, int64_t> numbers_;
};

base::result<void> add_objects(run& r, const json::value& source, feed_writer& feed) {
  MDLC_TRY(const auto objects, list_inputs(r, source));
  for (const auto& o : objects) {
    if (r.steering.wants_attention()) return {};
    MDLC_TRY(const auto number, feed.number_of(o.bucket, o.key));
    feed.add({number});
  }
  return {};
}

base::result<json::array> record_of(const std::vector<augmented_part>& parts, feed_writer& feed) {
  json::array record;
  for (const auto& p : parts) {
    if (!p.is_object) {
      record.push_back(json::value(p.text));
      continue;
    }
    MDLC_TRY(const auto place, parse_s3_uri(p.text));
    MDLC_TRY(const auto number, feed.number_of(place.bucket, place.key));
    record.push_back(number);
  }
  return record;
}

base::result<void> add_lines(run& r, const json::value& source, feed_writer& feed) {
  const auto uri = json::text(source, "S3Uri");
  MDLC_TRY(const auto place, parse_s3_uri(uri));
  auto file = open_object(r, place.bucket, place.key);
  if (!file) return no_data(r, uri, place, file.error().message);
  if (file->count() > augmented_manifest_bytes_max)
    return base::fail(
        fmt::format("The augmented manifest {} is larger than {} bytes", uri, augmented_manifest_bytes_max));
  splitting by_line{
      .format = record_format::line, .one_at_a_time = true, .max_payload_bytes = augmented_line_bytes_max};
  record_reader lines{*std::move(file), by_line};
  int64_t number = 0, given = 0;
  while (!r.steering.wants_attention()) {
    ++number;
    const auto failed = [&](std::string_view why) {
      return base::fail(fmt::format("Line {} of the augmented manifest {} {}", number, uri, why));
    };
    auto line = lines.next();
    if (!line) return failed(fmt::format("is longer than {} bytes", augmented_line_bytes_max));
    if (!*line) break;
    if ((*line)->body.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto parts = read_augmented_line((*line)->body, source.at("AttributeNames").as_array());
    if (!parts) return failed(parts.error().message);
    auto record = record_of(*parts, feed);
    if (!record) return failed(fmt::format("names what cannot be read: {}", record.error().message));
    feed.add(*record);
    ++given;
  }
  if (given == 0 && !r.steering.wants_attention()) return no_data(r, uri, place, "");
  return {};
}

}  // namespace

base::result<std::vector<augmented_part>> read_augmented_line(std::string_view line, const json::array& attributes) {
  auto parsed = json::parse(line);
  if (!parsed || !parsed->is_object()) return base::fail("is not a JSON object");
  std::vector<augmented_part> parts;
  for (const auto& a : attributes) {
    const auto name = json::view(a.as_string());
    const auto* value = json::find(*parsed, name);
    if (!value) return base::fail(fmt::format("has no attribute {}", name));
    const bool is_object = name.ends_with(reference_suffix);
    if (is_object && !value->is_string()) return base::fail(fmt::format("has in {} no S3 URI", name));
    parts.push_back(
        {is_object, value->is_string() ? std::string{json::view(value->get_string())} : json::print(*value)});
  }
  return parts;
}

base::result<void> prepare_feed(run& r, const json::value& source, const sys::path& folder) {
  feed_writer feed{r, folder};
  MDLC_CHECK(feed.open());
  auto added = json::text(source, "S3DataType") == "AugmentedManifestFile" ? add_lines(r, source, feed)
                                                                           : add_objects(r, source, feed);
  if (!added) return added;
  return feed.finish();
}

}  // namespace mdlc::services::sagemaker
