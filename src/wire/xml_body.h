// Values of the normal form as XML elements, by their shape; shared by REST-XML and Query.
#pragma once

#include "base/result.h"
#include "json/value.h"
#include "wire/shape.h"
#include "wire/xml.h"

namespace mdlc::wire {

// The error says which element is wrong.
base::result<json::value> from_xml(const shape&, const xml::element&);

struct xml_style {
  bool time_with_fraction = true;  // 2013-07-01T12:30:00.000Z, or without where it is whole
};
// The members of a structure, inside an element that is open; those that travel elsewhere (headers) are left out.
void members_to_xml(xml::writer&, const shape& structure, const json::value&, xml_style);
// A member's element, or elements where it is flattened.
void member_to_xml(xml::writer&, const member&, const json::value&, xml_style);

}  // namespace mdlc::wire
