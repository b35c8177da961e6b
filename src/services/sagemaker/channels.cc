#include "services/sagemaker/channels.h"

#include "services/sagemaker/errors.h"
#include "services/sagemaker/feeds.h"
#include "services/sagemaker/inputs.h"

namespace mdlc::services::sagemaker {
namespace {

const json::value& member(const json::object& o, std::string_view name) {
  static const json::value null;
  const auto* found = o.if_contains(name);
  return found ? *found : null;
}

const json::array& channels_of(const json::object& request) {
  static const json::array none;
  const auto& channels = member(request, "InputDataConfig");
  return channels.is_array() ? channels.get_array() : none;
}

std::string_view mode_of(const json::object& request, const json::value& channel) {
  return json::text(channel, "InputMode",
                    json::text(member(request, "AlgorithmSpecification"), "TrainingInputMode", "File"));
}

const json::value* s3_source(const json::value& channel) {
  const auto* source = json::find(channel, "DataSource");
  return source ? json::find(*source, "S3DataSource") : nullptr;
}

bool is_augmented(const json::value& channel) {
  const auto* s3 = s3_source(channel);
  return s3 && json::text(*s3, "S3DataType") == "AugmentedManifestFile";
}

bool is_gzipped(const json::value& channel) { return json::text(channel, "CompressionType") == "Gzip"; }
bool wraps_records(const json::value& channel) { return json::text(channel, "RecordWrapperType") == "RecordIO"; }

// "train_3", where "train" is a pipe.
bool is_name_of_a_pipe(std::string_view name, std::string_view pipe) {
  if (!name.starts_with(pipe) || name.size() < pipe.size() + 2 || name[pipe.size()] != '_') return false;
  return name.find_first_not_of("0123456789", pipe.size() + 1) == std::string_view::npos;
}

api::answer<void> check_channel(const json::object& request, const json::value& channel) {
  const auto name = json::text(channel, "ChannelName");
  const auto mode = mode_of(request, channel);
  if (name == "." || name == "..") return invalid(fmt::format("The channel name {} is no folder's name.", name));
  const auto* s3 = s3_source(channel);
  const auto* attributes = s3 ? json::find(*s3, "AttributeNames") : nullptr;
  if (is_augmented(channel) && (!attributes || attributes->as_array().empty()))
    return invalid(
        fmt::format("AttributeNames is required for channel {}: its S3DataType is AugmentedManifestFile", name));
  if (mode == "Pipe") return {};
  if (is_augmented(channel))
    return invalid(fmt::format(
        "Invalid S3DataType for channel {}: AugmentedManifestFile can only be used in Pipe mode, got {} instead", name,
        mode));
  if (is_gzipped(channel))
    return invalid(fmt::format("Invalid compression type for channel {}: {} mode only supports NONE, got Gzip instead",
                               name, mode));
  if (wraps_records(channel))
    return invalid(fmt::format(
        "Invalid record wrapper type for channel {}: {} mode only supports NONE, got RecordIO instead", name, mode));
  return {};
}

class placing {
 public:
  placing(run& r, reader who) : r_(r), who_(who), data_(r.folder() / "ml" / "input" / "data") {}

  base::result<std::vector<runner::feed>> place_all() {
    const auto& channels = channels_of(r_.j.request);
    MDLC_CHECK(check_names(channels));
    MDLC_CHECK(sys::make_folder(data_, 0755));
    for (const auto& c : channels) MDLC_CHECK(place(c));
    return std::move(feeds_);
  }

 private:
  bool is_piped(const json::value& channel) const {
    return who_ == reader::program && mode_of(r_.j.request, channel) == "Pipe";
  }

  base::result<void> check_names(const json::array& channels) const {
    for (const auto& pipe : channels)
      for (const auto& other : channels)
        if (is_piped(pipe) && !is_piped(other) &&
            is_name_of_a_pipe(json::text(other, "ChannelName"), json::text(pipe, "ChannelName")))
          return base::fail(fmt::format("The channel {} has the name of a pipe of the channel {}",
                                        json::text(other, "ChannelName"), json::text(pipe, "ChannelName")));
    return {};
  }

  base::result<void> place(const json::value& channel) {
    const auto name = json::text(channel, "ChannelName");
    const auto* s3 = s3_source(channel);
    if (!s3) return base::fail(fmt::format("The channel {} has no S3DataSource, which is what can be read here", name));
    if (!is_piped(channel)) return place_files(channel, *s3);
    runner::feed f{data_ / name, r_.folder() / "feeds" / name, is_gzipped(channel), wraps_records(channel), {}};
    if (const auto* shuffle = json::find(channel, "ShuffleConfig"))
      if (const auto* seed = json::find(*shuffle, "Seed"); seed && seed->is_int64()) f.seed = seed->get_int64();
    MDLC_CHECK(prepare_feed(r_, *s3, f.folder));
    feeds_.push_back(std::move(f));
    return {};
  }

  base::result<void> place_files(const json::value& channel, const json::value& s3) {
    const auto name = json::text(channel, "ChannelName");
    if (is_augmented(channel) || wraps_records(channel))
      return base::fail(fmt::format(
          "The channel {} has an augmented manifest or a RecordIO wrapper, which the built-in algorithm does not read",
          name));
    MDLC_TRY(const auto objects, list_inputs(r_, s3));
    const auto folder = data_ / name;
    MDLC_CHECK(sys::make_folder(folder, 0755));
    for (const auto& o : objects) {
      if (r_.steering.wants_attention()) return {};
      auto placed = is_gzipped(channel) ? place_unzipped(r_, o, folder) : place_object(r_, o, folder);
      if (!placed) return placed;
    }
    return {};
  }

  run& r_;
  const reader who_;
  const sys::path data_;
  std::vector<runner::feed> feeds_;
};

}  // namespace

api::answer<void> check_channels(const json::object& request) {
  std::set<std::string_view> names;
  for (const auto& c : channels_of(request)) {
    const auto name = json::text(c, "ChannelName");
    if (!names.insert(name).second)
      return invalid(fmt::format("Channel names must be unique, and {} is given more than once.", name));
    MDLC_CHECK(check_channel(request, c));
  }
  return {};
}

base::result<std::vector<runner::feed>> place_channels(run& r, reader who) { return placing{r, who}.place_all(); }

json::object input_data_config(const job& j) {
  json::object channels;
  for (const auto& c : channels_of(j.request)) {
    const auto* s3 = s3_source(c);
    json::object one{
        {"TrainingInputMode", mode_of(j.request, c)},
        {"S3DistributionType", s3 ? json::text(*s3, "S3DataDistributionType", "FullyReplicated") : "FullyReplicated"},
        {"RecordWrapperType", json::text(c, "RecordWrapperType", "None")}};
    if (const auto type = json::text(c, "ContentType"); !type.empty()) one["ContentType"] = type;
    if (const auto compression = json::text(c, "CompressionType", "None"); compression != "None")
      one["CompressionType"] = compression;
    channels[json::text(c, "ChannelName")] = std::move(one);
  }
  return channels;
}

}  // namespace mdlc::services::sagemaker
