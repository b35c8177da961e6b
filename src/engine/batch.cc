#include "engine/batch.h"

namespace mdlc::engine {

std::string seal(const std::vector<command_id>& begun, std::string_view records) {
  std::string row;
  row.reserve(records.size() + 2);
  row += batch_format;
  for (const auto& id : begun) row.append(id).push_back('\n');
  row += '\n';
  row += records;
  return row;
}

base::result<envelope> unseal(std::string_view row) {
  if (row.empty() || row.front() != batch_format) return base::fail("a journal row of a newer format");
  row.remove_prefix(1);
  envelope out;
  while (true) {
    auto end = row.find('\n');
    if (end == std::string_view::npos) return base::fail("a journal row that is cut off");
    if (end == 0) break;
    out.begun.emplace_back(row.substr(0, end));
    row.remove_prefix(end + 1);
  }
  out.records = row.substr(1);
  return out;
}

}  // namespace mdlc::engine
