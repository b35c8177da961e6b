// Zip archives, as Lambda's code comes in.
#pragma once

#include <string>
#include <string_view>

namespace mdlc::runner {

// An archive with one file. The same bytes for the same input, so that its digest tells whether code changed.
std::string zip_file(std::string_view name, std::string_view content);

}  // namespace mdlc::runner
