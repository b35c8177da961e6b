// What the code that tools/apigen writes stands on: values of the generated types to and from the normal form, which is
// the JSON that AWS's JSON protocols carry: blobs in base64, times in seconds since 1970.
//
// Reading is for input that was decoded and validated: what is absent, null or of another type leaves the value as it
// is.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/time.h"
#include "json/value.h"

namespace mdlc::wire {

// An optional value on the heap: how a structure holds another of its own kind. Copies are deep.
template <class T>
class box {
 public:
  box() = default;
  box(T value) : value_(std::make_unique<T>(std::move(value))) {}
  box(const box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  box(box&&) noexcept = default;
  box& operator=(box other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~box() = default;

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  T& emplace() { return *(value_ = std::make_unique<T>()); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;
};

namespace generated {

// The leaves of a type that are std::string are text, or bytes.
inline constexpr bool bytes = true;

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <class... Args, template <class...> class Template>
inline constexpr bool is_a<Template<Args...>, Template> = true;

json::value write_bytes(std::string_view);
json::value write_time(base::time_point);

void read_text(const json::value&, std::string&);
void read_bytes(const json::value&, std::string&);
void read_time(const json::value&, base::time_point&);
void read_boolean(const json::value&, bool&);
void read_integer(const json::value&, int64_t&);
void read_number(const json::value&, double&);

template <bool Bytes, class T>
json::value write(const T& v) {
  if constexpr (std::is_same_v<T, json::value>) {
    return v;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if constexpr (Bytes)
      return write_bytes(v);
    else
      return json::value(std::string_view(v));
  } else if constexpr (std::is_same_v<T, base::time_point>) {
    return write_time(v);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return json::value(v);
  } else if constexpr (is_a<T, std::vector>) {
    json::array out;
    out.reserve(v.size());
    for (const typename T::value_type& x : v) out.push_back(write<Bytes>(x));
    return out;
  } else if constexpr (is_a<T, std::map>) {
    json::object out;
    out.reserve(v.size());
    for (const auto& [key, x] : v) out.emplace(key, write<Bytes>(x));
    return out;
  } else {
    return to_json(v);
  }
}

template <bool Bytes, class T>
void read(const json::value& j, T& v) {
  if constexpr (std::is_same_v<T, json::value>) {
    v = j;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if constexpr (Bytes)
      read_bytes(j, v);
    else
      read_text(j, v);
  } else if constexpr (std::is_same_v<T, base::time_point>) {
    read_time(j, v);
  } else if constexpr (std::is_same_v<T, bool>) {
    read_boolean(j, v);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    read_integer(j, v);
  } else if constexpr (std::is_same_v<T, double>) {
    read_number(j, v);
  } else if constexpr (is_a<T, std::vector>) {
    const json::array* items = j.if_array();
    if (!items) return;
    v.clear();
    v.reserve(items->size());
    for (const json::value& item : *items) {
      typename T::value_type x{};
      read<Bytes>(item, x);
      v.push_back(std::move(x));
    }
  } else if constexpr (is_a<T, std::map>) {
    const json::object* entries = j.if_object();
    if (!entries) return;
    v.clear();
    for (const auto& [key, item] : *entries) {
      typename T::mapped_type x{};
      read<Bytes>(item, x);
      v.insert_or_assign(std::string(key), std::move(x));
    }
  } else {
    from_json(j, v);
  }
}

// The member of an object; an absent optional is left out.
template <bool Bytes = false, class T>
void put(json::object& o, std::string_view name, const T& v) {
  if constexpr (is_a<T, std::optional> || is_a<T, box>) {
    if (v) o.emplace(name, write<Bytes>(*v));
  } else {
    o.emplace(name, write<Bytes>(v));
  }
}

template <bool Bytes = false, class T>
void get(const json::value& j, std::string_view name, T& v) {
  const json::value* found = json::find(j, name);
  if (!found || found->is_null()) return;
  if constexpr (is_a<T, std::optional> || is_a<T, box>)
    read<Bytes>(*found, v.emplace());
  else
    read<Bytes>(*found, v);
}

}  // namespace generated
}  // namespace mdlc::wire
