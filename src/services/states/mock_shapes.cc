#include "services/states/mock_shapes.h"

#include <charconv>
#include <map>
#include <mutex>

// The assembler takes the file as it is, which costs the compiler nothing.
asm(".pushsection .rodata\n"
    ".globl mdlc_mock_shapes\n"
    "mdlc_mock_shapes:\n"
    ".incbin \"" MDLC_MOCK_SHAPES
    "\"\n"
    ".globl mdlc_mock_shapes_end\n"
    "mdlc_mock_shapes_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" const char mdlc_mock_shapes[], mdlc_mock_shapes_end[];

namespace mdlc::services::states {
namespace {

std::string_view table() { return {mdlc_mock_shapes, static_cast<size_t>(mdlc_mock_shapes_end - mdlc_mock_shapes)}; }

// The part of `text` before `separator`, which is taken off.
std::string_view take(std::string_view& text, char separator) {
  auto at = text.find(separator);
  auto part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

size_t index_in(std::string_view text) {
  size_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::optional<double> bound_in(std::string_view text) {
  double out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) return {};
  return out;
}

mock_shape shape_in(std::string_view line) {
  using enum mock_shape::kind;
  mock_shape out;
  char what = take(line, ' ')[0];
  switch (what) {
    case 'S':
      out.what = structure;
      while (!line.empty()) {
        auto member = take(line, ',');
        bool is_required = member.starts_with('!');
        if (is_required) member.remove_prefix(1);
        auto name = take(member, ':');
        out.members.push_back({name, index_in(member), is_required});
      }
      return out;
    case 'L':
    case 'M':
      out.what = what == 'L' ? list : map;
      out.inner = index_in(take(line, ' '));
      break;
    case 'b':
      out.what = boolean;
      break;
    case 'D':
      break;
    default:
      out.what = what == 's' ? text : what == 'i' ? number : what == 'B' ? bytes : time;
  }
  out.min = bound_in(take(line, ' '));
  out.max = bound_in(take(line, ' '));
  while (!line.empty()) out.values.push_back(take(line, '|'));
  return out;
}

std::shared_ptr<const mock_shapes> read(std::string_view service) {
  auto head = "\n@" + std::string{service} + "\n";
  auto all = table();
  size_t at = 0;
  if (!all.starts_with(std::string_view{head}.substr(1))) {
    at = all.find(head);
    if (at == std::string_view::npos) return {};
    ++at;
  }
  auto rest = all.substr(at);
  take(rest, '\n');
  auto out = std::make_shared<mock_shapes>();
  while (!rest.empty() && rest[0] != '@') {
    auto line = take(rest, '\n');
    bool is_operation = line[0] == '>';
    line.remove_prefix(1);
    if (is_operation) {
      auto name = take(line, ' ');
      out->operations.emplace_back(name, index_in(line));
    } else {
      out->shapes.push_back(shape_in(line));
    }
  }
  return out;
}

}  // namespace

const mock_shape* mock_shapes::answer_of(std::string_view action) const {
  auto same = [&](std::string_view name) {
    return name.size() == action.size() && std::equal(name.begin(), name.end(), action.begin(), [](char a, char b) {
             return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
           });
  };
  for (const auto& [name, shape] : operations)
    if (same(name)) return &shapes[shape];
  return nullptr;
}

std::shared_ptr<const mock_shapes> find_mock_shapes(std::string_view service) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const mock_shapes>, std::less<>> known;
  std::lock_guard lock{mutex};
  if (auto found = known.find(service); found != known.end()) return found->second;
  auto made = read(service);
  // Only what is there is kept, so that requests cannot fill the memory with names.
  if (made) known.emplace(service, made);
  return made;
}

}  // namespace mdlc::services::states
