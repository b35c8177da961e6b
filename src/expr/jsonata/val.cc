#include "expr/jsonata/val.h"

#include <algorithm>
#include <cstring>

#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr size_t scan_at_most = 12;  // members that are looked for one by one

uint32_t hash_of(std::string_view s) {
  uint32_t h = 2166136261u;
  for (unsigned char c : s) h = (h ^ c) * 16777619u;
  return h;
}

constexpr int64_t exact_integers = int64_t{1} << 53;

}  // namespace

val from_json(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return null_value();
    case json::kind::bool_:
      return boolean(v.get_bool());
    case json::kind::int64: {
      int64_t i = v.get_int64();
      if (i <= exact_integers && i >= -exact_integers) return number(static_cast<double>(i));
      val out = make(kind::number);
      out.held = form::integer;
      out.first = i;
      return out;
    }
    case json::kind::uint64:
      return number(static_cast<double>(v.get_uint64()));
    case json::kind::double_:
      return number(v.get_double());
    case json::kind::string:
      return string(json::view(v.get_string()));
    case json::kind::array: {
      val out = make(kind::array);
      out.held = form::view;
      out.view = v.get_array().data();
      out.size = static_cast<uint32_t>(v.get_array().size());
      return out;
    }
    case json::kind::object: {
      val out = make(kind::object);
      out.held = form::view;
      out.object_view = &v.get_object();
      return out;
    }
  }
  return {};
}

val slice(const val& array, size_t from, size_t size) {
  val out = array;
  out.size = static_cast<uint32_t>(size);
  if (array.held == form::own)
    out.items += from;
  else if (array.held == form::view)
    out.view += from;
  else
    out.first += static_cast<int64_t>(from);
  return out;
}

val* object_node::find(std::string_view name) {
  if (!index) {
    for (uint32_t i = 0; i < size; ++i)
      if (members[i].name == name) return &members[i].value;
    return nullptr;
  }
  for (uint32_t at = hash_of(name) & (index_size - 1); index[at]; at = (at + 1) & (index_size - 1))
    if (members[index[at] - 1].name == name) return &members[index[at] - 1].value;
  return nullptr;
}

void object_node::set(arena& a, std::string_view name, const val& value) {
  if (value.depth >= depth) depth = value.depth + 1;
  if (val* there = find(name)) {
    *there = value;
    return;
  }
  if (size == capacity) {
    uint32_t more = capacity ? capacity * 2 : 4;
    auto* place = static_cast<member*>(a.try_allocate(more * sizeof(member)));
    if (!place) return;
    if (members) std::memcpy(static_cast<void*>(place), members, size * sizeof(member));
    members = place;
    capacity = more;
  }
  new (&members[size++]) member{name, value};
  if (!index && size <= scan_at_most) return;
  if (!index || size * 2 > index_size) {
    reindex(a);
    return;
  }
  uint32_t at = hash_of(name) & (index_size - 1);
  while (index[at]) at = (at + 1) & (index_size - 1);
  index[at] = size;
}

void object_node::remove(std::string_view name) {
  auto* end = members + size;
  auto* there = std::find_if(members, end, [&](const member& m) { return m.name == name; });
  if (there == end) return;
  std::copy(there + 1, end, there);
  --size;
  // The places have changed; the few objects that lose members are scanned from now on.
  index = nullptr;
}

void object_node::reindex(arena& a) {
  uint32_t wanted = 64;
  while (wanted < size * 4) wanted *= 2;
  auto* place = static_cast<uint32_t*>(a.try_allocate(wanted * sizeof(uint32_t)));
  index = place;
  if (!place) return;
  index_size = wanted;
  std::fill_n(place, wanted, 0);
  for (uint32_t i = 0; i < size; ++i) {
    uint32_t at = hash_of(members[i].name) & (wanted - 1);
    while (place[at]) at = (at + 1) & (wanted - 1);
    place[at] = i + 1;
  }
}

val find(const val& object, std::string_view name) {
  if (object.held == form::view) {
    auto* there = object.object_view->if_contains({name.data(), name.size()});
    return there ? from_json(*there) : val{};
  }
  val* there = object.object->find(name);
  return there ? *there : val{};
}

size_t member_count(const val& object) {
  return object.held == form::view ? object.object_view->size() : object.object->size;
}

val* tuple_node::find(const std::string* name) {
  for (uint32_t i = 0; i < size; ++i)
    if (bindings[i].name == name) return &bindings[i].value;
  return nullptr;
}

bool same(const val& a, const val& b) {
  if (a.what != b.what) return false;
  switch (a.what) {
    case kind::boolean:
      return a.flag == b.flag;
    case kind::number:
      return a.held == form::integer && b.held == form::integer ? a.first == b.first : a.number() == b.number();
    case kind::string:
      return a.text() == b.text();
    case kind::array:
      return a.held == b.held && a.first == b.first && a.size == b.size && (a.size || a.held == form::view);
    case kind::object:
      return a.held == b.held && a.object == b.object;
    case kind::function:
      return a.function == b.function;
    default:
      return true;
  }
}

void list::push_all(const val& array) {
  reserve(size_ + array.size);
  for (size_t i = 0; i < array.size; ++i) push(item(array, i));
}

bool list::grow(size_t at_least) {
  size_t more = std::max<size_t>({4, at_least, std::min(capacity_ * 2, capacity_ + (size_t{1} << 22))});
  if (items_ && arena_->extend(items_, capacity_ * sizeof(val), more * sizeof(val))) {
    capacity_ = more;
    return true;
  }
  auto* place = more > UINT32_MAX ? nullptr : static_cast<val*>(arena_->try_allocate(more * sizeof(val)));
  if (!place) return false;
  if (items_) std::memcpy(static_cast<void*>(place), items_, size_ * sizeof(val));
  items_ = place;
  capacity_ = more;
  return true;
}

void text::append(std::string_view s) {
  if (s.empty() || (size_ + s.size() > capacity_ && !grow(size_ + s.size()))) return;
  if (size_ >= 3 && s.size() >= 3 && utf::joins(view(), s)) {
    char pair[4];
    utf::join(view().substr(size_ - 3), s, pair);
    size_ -= 3;
    append(std::string_view{pair, 4});
    append(s.substr(3));
    return;
  }
  std::memcpy(data_ + size_, s.data(), s.size());
  size_ += s.size();
}

void text::append(size_t times, char c) {
  if (size_ + times > capacity_ && !grow(size_ + times)) return;
  std::memset(data_ + size_, c, times);
  size_ += times;
}

bool text::grow(size_t at_least) {
  size_t more = std::max<size_t>({32, at_least, capacity_ * 2});
  if (data_ && arena_.extend(data_, capacity_, more)) {
    capacity_ = more;
    return true;
  }
  auto* place = more > UINT32_MAX ? nullptr : static_cast<char*>(arena_.try_allocate(more));
  if (!place) return false;
  if (data_) std::memcpy(place, data_, size_);
  data_ = place;
  capacity_ = more;
  return true;
}

}  // namespace mdlc::expr::jsonata
