#include "runner/records/record.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace mdlc::runner::records {
namespace {

constexpr std::string_view usual_name = "values";
enum wire : uint64_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
enum class number { float32, float64, int32 };

tl::unexpected<base::error> wrong(std::string_view why) {
  return base::fail(fmt::format("the protobuf record {}", why));
}

bool take_varint(std::string_view& from, uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    out |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return true;
  }
  return false;
}

struct field {
  uint64_t number = 0;
  uint64_t type = 0;
  uint64_t value = 0;        // of a varint
  std::string_view content;  // of the others
};

// False at the end of the message.
base::result<bool> take_field(std::string_view& message, field& f) {
  if (message.empty()) return false;
  uint64_t tag, length;
  if (!take_varint(message, tag)) return wrong("is cut off");
  f = {.number = tag >> 3, .type = tag & 7, .value = 0, .content = {}};
  switch (f.type) {
    case wire::varint:
      if (!take_varint(message, f.value)) return wrong("is cut off");
      return true;
    case wire::fixed64:
      length = 8;
      break;
    case wire::fixed32:
      length = 4;
      break;
    case wire::bytes:
      if (!take_varint(message, length)) return wrong("is cut off");
      break;
    default:
      return wrong("is not one that can be read");
  }
  if (length > message.size()) return wrong("is cut off");
  f.content = message.substr(0, length);
  message.remove_prefix(length);
  return true;
}

tl::unexpected<base::error> too_many() {
  return wrong(fmt::format("has a tensor of more than {} values", tensor_values_max));
}

base::result<void> append_counts(std::vector<uint64_t>& to, const field& f) {
  if (f.type == wire::varint) {
    if (to.size() == tensor_values_max) return too_many();
    to.push_back(f.value);
    return {};
  }
  if (f.type != wire::bytes) return wrong("has keys of a kind that none has");
  for (auto rest = f.content; !rest.empty();) {
    uint64_t one;
    if (!take_varint(rest, one)) return wrong("is cut off");
    if (to.size() == tensor_values_max) return too_many();
    to.push_back(one);
  }
  return {};
}

template <class T>
base::result<void> append_fixed(std::vector<float>& to, std::string_view packed) {
  if (packed.size() % sizeof(T) != 0) return wrong("has a value that is cut off");
  const size_t count = packed.size() / sizeof(T), before = to.size();
  if (count > tensor_values_max - before) return too_many();
  to.resize(before + count);
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, packed.data() + i * sizeof(T), sizeof(T));
    to[before + i] = static_cast<float>(value);
  }
  return {};
}

base::result<void> append_values(std::vector<float>& to, const field& f, number kind) {
  if (kind == number::int32) {
    std::vector<uint64_t> counts;
    MDLC_CHECK(append_counts(counts, f));
    if (counts.size() > tensor_values_max - to.size()) return too_many();
    for (auto c : counts) to.push_back(static_cast<float>(static_cast<int32_t>(c)));
    return {};
  }
  const bool is_double = kind == number::float64;
  if (f.type != wire::bytes && f.type != (is_double ? wire::fixed64 : wire::fixed32))
    return wrong("has values of a kind that its tensor has not");
  return is_double ? append_fixed<double>(to, f.content) : append_fixed<float>(to, f.content);
}

base::result<void> parse_tensor(std::string_view message, number kind, tensor& into) {
  field f;
  while (true) {
    MDLC_TRY(const bool is_there, take_field(message, f));
    if (!is_there) return {};
    if (f.number == 1) MDLC_CHECK(append_values(into.values, f, kind));
    if (f.number == 2) MDLC_CHECK(append_counts(into.keys, f));
    if (f.number == 3) MDLC_CHECK(append_counts(into.shape, f));
  }
}

void clear(tensor& t) {
  t.values.clear();
  t.keys.clear();
  t.shape.clear();
}

base::result<void> parse_value(std::string_view message, tensor& into) {
  field f;
  while (true) {
    MDLC_TRY(const bool is_there, take_field(message, f));
    if (!is_there) return {};
    if (f.number == 9) return wrong("holds bytes, where numbers are read");
    if (f.number != 2 && f.number != 3 && f.number != 7) continue;
    if (f.type != wire::bytes) return wrong("has a tensor that is none");
    clear(into);  // of several, the last one counts
    MDLC_CHECK(parse_tensor(f.content,
                            f.number == 2   ? number::float32
                            : f.number == 3 ? number::float64
                                            : number::int32,
                            into));
  }
}

// An entry of a map. Another than the usual name is taken too, where it is the only one.
base::result<void> parse_entry(const field& entry, std::string& name_before, tensor& into) {
  if (entry.type != wire::bytes) return wrong("has a map that is none");
  std::string_view message = entry.content, name, value;
  field f;
  while (true) {
    MDLC_TRY(const bool is_there, take_field(message, f));
    if (!is_there) break;
    if (f.number == 1) name = f.content;
    if (f.number == 2) value = f.content;
  }
  if (!name_before.empty() && name_before != name)
    return wrong("has tensors of several names, where one named \"values\" is read");
  name_before = name.empty() ? usual_name : name;
  clear(into);
  return parse_value(value, into);
}

void append_varint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

void append_bytes(std::string& to, unsigned field_number, std::string_view content) {
  append_varint(to, field_number << 3 | wire::bytes);
  append_varint(to, content.size());
  to += content;
}

void append_entry(std::string& to, unsigned field_number, std::string_view name, std::span<const float> values) {
  std::string in_tensor, in_value, entry;
  append_bytes(in_tensor, 1, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  append_bytes(in_value, 2, in_tensor);
  append_bytes(entry, 1, name);
  append_bytes(entry, 2, in_value);
  append_bytes(to, field_number, entry);
}

}  // namespace

base::result<void> parse_record(std::string_view message, record& into) {
  clear(into.features);
  clear(into.label);
  std::string features_name, label_name;
  field f;
  while (true) {
    MDLC_TRY(const bool is_there, take_field(message, f));
    if (!is_there) break;
    if (f.number == 1) MDLC_CHECK(parse_entry(f, features_name, into.features));
    if (f.number == 2) MDLC_CHECK(parse_entry(f, label_name, into.label));
  }
  if (features_name.empty()) return wrong("has no features");
  return {};
}

base::result<size_t> width_of(const tensor& t) {
  if (t.keys.empty() && t.shape.empty()) return t.values.size();
  if (t.shape.empty()) return wrong("is sparse and has no shape");
  const auto width = t.shape.back();
  if (width == 0 || width > tensor_values_max)
    return wrong(fmt::format("has a row of {} values, where 1 to {} are read", width, tensor_values_max));
  if (t.keys.empty()) {
    if (t.values.empty()) return width;  // all of it is zero
    if (t.values.size() != width) return wrong(fmt::format("has {} values and the shape {}", t.values.size(), width));
    return width;
  }
  if (t.keys.size() != t.values.size())
    return wrong(fmt::format("has {} keys and {} values", t.keys.size(), t.values.size()));
  if (const auto beyond = std::find_if(t.keys.begin(), t.keys.end(), [&](auto key) { return key >= width; });
      beyond != t.keys.end())
    return wrong(fmt::format("has the key {} in a row of {} values", *beyond, width));
  return width;
}

void append_label(std::string& to, std::string_view name, std::span<const float> values) {
  append_entry(to, 2, name, values);
}

void append_features(std::string& to, std::span<const float> values) { append_entry(to, 1, usual_name, values); }

}  // namespace mdlc::runner::records
