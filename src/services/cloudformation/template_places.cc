#include "services/cloudformation/template_places.h"

#include <charconv>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace mdlc::services::cloudformation {

struct template_places::body {
  std::string_view text;
  YAML::Node document;
};

namespace {

// Whether `path` begins with the step, and the step ends there.
bool begins_with(std::string_view path, std::string_view step) {
  if (!path.starts_with(step)) return false;
  return path.size() == step.size() || path[step.size()] == '/' || path[step.size()] == '[';
}

// The element that "[2]…" names.
std::optional<YAML::Node> element(const YAML::Node& list, std::string_view& path) {
  size_t index = 0;
  auto end = path.find(']');
  if (end == std::string_view::npos || !list.IsSequence()) return {};
  auto read = std::from_chars(path.data() + 1, path.data() + end, index);
  if (read.ec != std::errc{} || index >= list.size()) return {};
  path.remove_prefix(end + 1);
  return list[index];
}

// The member that "/Name…" names. A name may hold a slash itself: the longest one that fits counts.
std::optional<YAML::Node> member(const YAML::Node& map, std::string_view& path) {
  if (!map.IsMap()) return {};
  std::optional<YAML::Node> found;
  size_t length = 0;
  for (const auto& pair : map) {
    auto step = "/" + pair.first.Scalar();
    if (step.size() <= length || !begins_with(path, step)) continue;
    length = step.size();
    found.emplace(pair.second);
  }
  path.remove_prefix(length);
  return found;
}

YAML::Node nearest(YAML::Node node, std::string_view path) {
  while (!path.empty()) {
    const auto& tag = node.Tag();
    if (tag.size() > 1 && tag[0] == '!')
      if (auto step = "/Fn::" + tag.substr(1); begins_with(path, step)) path.remove_prefix(step.size());
    if (path.empty()) return node;
    auto next = path[0] == '[' ? element(node, path) : member(node, path);
    if (!next) return node;
    node.reset(*next);
  }
  return node;
}

// The line that begins the text, which moves on to the next.
std::string_view take_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

template_places::template_places(std::string_view text)
    : body_(std::make_unique<const body>(body{text, YAML::Load(std::string{text})})) {}

template_places::~template_places() = default;

template_places::place template_places::of(std::string_view path) const {
  auto mark = nearest(body_->document, path).Mark();
  return {mark.line + 1, mark.column + 1};
}

std::optional<template_places::block> template_places::literal_block(std::string_view path) const {
  auto node = nearest(body_->document, path);
  if (!node.IsScalar()) return {};
  auto file = body_->text;
  int line = 0;
  for (; line <= node.Mark().line; ++line) take_line(file);
  // The library does not tell a block from a quoted text: it is one if the file has its lines, all indented alike.
  std::optional<size_t> indent;
  for (std::string_view content = node.Scalar(); !content.empty();) {
    auto wanted = take_line(content);
    auto there = take_line(file);
    if (wanted.empty() && there.find_first_not_of(' ') == std::string_view::npos) continue;
    if (!there.ends_with(wanted)) return {};
    if (!indent) indent = there.size() - wanted.size();
    if (there.size() - wanted.size() != *indent) return {};
    if (there.substr(0, *indent).find_first_not_of(' ') != std::string_view::npos) return {};
  }
  return block{line + 1, static_cast<int>(indent.value_or(0))};
}

}  // namespace mdlc::services::cloudformation
