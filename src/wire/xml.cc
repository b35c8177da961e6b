#include "wire/xml.h"

#include <memory>

#include <expat.h>
#include <fmt/format.h>

namespace mdlc::wire::xml {
namespace {

struct builder {
  XML_Parser parser;
  element root;
  std::vector<element*> open;
  size_t elements = 0;
  std::string error;

  void stop(std::string why) {
    if (error.empty()) error = std::move(why);
    XML_StopParser(parser, XML_FALSE);
  }
};

void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
  auto& b = *static_cast<builder*>(data);
  if (b.open.size() >= max_depth) return b.stop(fmt::format("more than {} elements inside each other", max_depth));
  if (++b.elements > max_elements) return b.stop(fmt::format("more than {} elements", max_elements));
  element* here = &b.root;
  if (!b.open.empty()) here = &b.open.back()->children.emplace_back();
  std::string_view local{name};
  if (auto colon = local.rfind(':'); colon != std::string_view::npos) local.remove_prefix(colon + 1);
  here->name = local;
  for (; *attributes; attributes += 2) here->attributes.emplace_back(attributes[0], attributes[1]);
  b.open.push_back(here);
}

void on_end(void* data, const XML_Char*) { static_cast<builder*>(data)->open.pop_back(); }

void on_text(void* data, const XML_Char* text, int count) {
  auto& b = *static_cast<builder*>(data);
  if (!b.open.empty()) b.open.back()->text.append(text, static_cast<size_t>(count));
}

void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  static_cast<builder*>(data)->stop("document type declarations are not allowed");
}

}  // namespace

const element* element::find(std::string_view child) const {
  for (const auto& c : children)
    if (c.name == child) return &c;
  return nullptr;
}

base::result<element> parse(std::string_view document) {
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser{XML_ParserCreate(nullptr), &XML_ParserFree};
  builder b;
  b.parser = parser.get();
  XML_SetUserData(parser.get(), &b);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  if (document.size() > std::numeric_limits<int>::max()) return base::fail("the document is too long");
  auto status = XML_Parse(parser.get(), document.data(), static_cast<int>(document.size()), XML_TRUE);
  if (!b.error.empty()) return base::fail(b.error);
  if (status != XML_STATUS_OK)
    return base::fail(fmt::format("{} at line {}", XML_ErrorString(XML_GetErrorCode(parser.get())),
                                  XML_GetCurrentLineNumber(parser.get())));
  return std::move(b.root);
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;  // a parser would make it a line feed
      default:
        // XML 1.0 has no way to write the other control characters.
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
          out += "\xEF\xBF\xBD";
        else
          out += c;
    }
  }
  return out;
}

writer::writer(bool declaration) {
  if (declaration) out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

void writer::open(std::string_view name, const attributes& all) {
  out_ += '<';
  out_ += name;
  for (const auto& [key, value] : all) out_ += fmt::format(" {}=\"{}\"", key, escape(value));
  out_ += '>';
  open_.emplace_back(name);
}

void writer::close() {
  out_ += fmt::format("</{}>", open_.back());
  open_.pop_back();
}

void writer::text(std::string_view text) { out_ += escape(text); }

void writer::leaf(std::string_view name, std::string_view content) {
  open(name);
  text(content);
  close();
}

}  // namespace mdlc::wire::xml
