#include "services/states/result_writer.h"

#include "asl/execution.h"

namespace mdlc::services::states {
namespace {

enum class transformation { none, compact, flatten };

struct form {
  transformation how = transformation::none;
  bool lines = false;
};

form form_of(const json::value* writer) {
  const auto* config = writer ? json::find(*writer, "config") : nullptr;
  // Without any wish: all of a child in files, its output alone in the state's result.
  bool exports = writer && json::find(*writer, "action");
  form out{exports ? transformation::none : transformation::compact, false};
  if (!config) return out;
  auto named = json::text(*config, "Transformation");
  if (named == "NONE") out.how = transformation::none;
  if (named == "COMPACT") out.how = transformation::compact;
  if (named == "FLATTEN") out.how = transformation::flatten;
  out.lines = json::text(*config, "OutputType") == "JSONL";
  return out;
}

json::object included() { return {{"Included", true}}; }

// A child as ListExecutions and DescribeExecution would show it.
json::object shown(const execution_row& x, const std::string& machine_arn) {
  json::object out;
  if (x.cause) out["Cause"] = *x.cause;
  if (x.error) out["Error"] = *x.error;
  out["ExecutionArn"] = x.arn;
  out["Input"] = x.input;
  out["InputDetails"] = included();
  out["Name"] = x.name;
  if (x.output) {
    out["Output"] = *x.output;
    out["OutputDetails"] = included();
  }
  bool may = x.status != "SUCCEEDED";
  out["RedriveCount"] = x.redrives;
  out["RedriveStatus"] = may ? "REDRIVABLE_BY_MAP_RUN" : "NOT_REDRIVABLE";
  if (!may) out["RedriveStatusReason"] = fmt::format("Execution is {} and cannot be redriven", x.status);
  out["StartDate"] = base::to_iso8601(x.started);
  out["StateMachineArn"] = machine_arn;
  out["Status"] = x.status;
  if (x.stopped) out["StopDate"] = base::to_iso8601(*x.stopped);
  return out;
}

// What a child adds to the results: one text, or, flattened, any number.
std::vector<std::string> entries(const execution_row& x, const map_run_row& m, transformation how) {
  if (how == transformation::none || !x.output) return {json::print(shown(x, m.machine_arn()))};
  if (how == transformation::flatten) {
    auto parsed = json::parse(*x.output);
    if (parsed && parsed->is_array()) {
      std::vector<std::string> out;
      for (const auto& v : parsed->get_array()) out.push_back(json::print(v));
      return out;
    }
  }
  return {*x.output};
}

class exporting {
 public:
  exporting(api::host& h, const map_run_row& m, const json::value& writer, const put_object& put)
      : host_(h), run_(m), form_(form_of(&writer)), put_(put) {
    const auto* arguments = json::find(writer, "arguments");
    if (arguments) bucket_ = json::text(*arguments, "Bucket");
    if (arguments) folder_ = json::text(*arguments, "Prefix");
    if (!folder_.empty() && !folder_.ends_with('/')) folder_ += '/';
    folder_ += m.arn.substr(m.arn.rfind(':') + 1) + "/";
    if (auto known = json::parse(m.files); known && known->is_array()) files_ = known->get_array();
  }

  base::result<void> children(const char* name, std::string_view condition) {
    int64_t after = 0;
    size_t number = 0;
    for (const auto& f : files_)
      if (json::text(f, "status") == name) {
        after = f.at("last").as_int64();
        ++number;
      }
    for (bool more = true; more; ++number) {
      MDLC_TRY(auto writer, host_.blobs.stage());
      more = false;
      int64_t count = 0;
      base::result<void> written;
      host_.db.read([&](store::reader& r) {
        each_child(r, run_.arn, condition, after, [&](const execution_row& x) {
          written = add(*writer, count, entries(x, run_, form_.how));
          after = x.id;
          return written && !(more = writer->written() >= result_file_bytes_max);
        });
        return 0;
      });
      if (!written) return written;
      if (count == 0) return {};
      MDLC_CHECK(close(*writer, name, number, after));
    }
    return {};
  }

  base::result<void> pending(const pending_inputs& next) {
    size_t known = 0;
    for (const auto& f : files_) known += json::text(f, "status") == "PENDING";
    std::string input;
    for (size_t number = 0;; ++number) {
      MDLC_TRY(auto writer, host_.blobs.stage());
      int64_t count = 0;
      bool more = true;
      while (writer->written() < result_file_bytes_max) {
        MDLC_TRY(more, next(input));
        if (!more) break;
        json::object one{{"Input", input},
                         {"InputDetails", included()},
                         {"StateMachineArn", run_.machine_arn()},
                         {"Status", "PENDING"}};
        MDLC_CHECK(add(*writer, count, {json::print(one)}));
      }
      if (count == 0) return {};
      if (number >= known) MDLC_CHECK(close(*writer, "PENDING", number, 0));
      if (!more) return {};
    }
  }

  base::result<std::string> manifest() {
    auto key = folder_ + "manifest.json";
    json::object by_status{{"FAILED", json::array{}}, {"PENDING", json::array{}}, {"SUCCEEDED", json::array{}}};
    bool is_written = false;
    for (const auto& f : files_) {
      if (auto* list = by_status.if_contains(json::text(f, "status")))
        list->as_array().push_back(json::object{{"Key", json::text(f, "key")}, {"Size", f.at("size")}});
      else
        is_written = true;
    }
    if (!is_written) {
      json::object told{{"DestinationBucket", bucket_}, {"MapRunArn", run_.arn}, {"ResultFiles", std::move(by_status)}};
      MDLC_TRY(auto blob, host_.blobs.put(json::print(told)));
      MDLC_CHECK(publish("MANIFEST", key, blob, 0));
    }
    return json::print(json::object{{"MapRunArn", run_.arn},
                                    {"ResultWriterDetails", json::object{{"Bucket", bucket_}, {"Key", key}}}});
  }

 private:
  base::result<void> add(blob::writer& w, int64_t& count, const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      if (!form_.lines) MDLC_CHECK(w.write(count == 0 ? "[" : ","));
      MDLC_CHECK(w.write(text));
      if (form_.lines) MDLC_CHECK(w.write("\n"));
      ++count;
    }
    return {};
  }

  base::result<void> close(blob::writer& w, const char* name, size_t number, int64_t last) {
    if (!form_.lines) MDLC_CHECK(w.write("]"));
    MDLC_TRY(auto blob, w.finish());
    auto key = fmt::format("{}{}_{}.{}", folder_, name, number, form_.lines ? "jsonl" : "json");
    return publish(name, key, blob, last);
  }

  // The object and that the row knows of it are one commit: nothing is written twice.
  base::result<void> publish(std::string_view status, const std::string& key, const blob::ref& blob, int64_t last) {
    files_.push_back(json::object{{"status", status}, {"key", key}, {"size", blob.size}, {"last", last}});
    auto answer = put_(bucket_, key, blob, [&](store::transaction& t) {
      t.run("UPDATE states_map_run SET files = ?2 WHERE arn = ?1", {run_.arn, json::print(files_)});
    });
    if (answer) return {};
    const auto& e = answer.error();
    return base::fail(
        fmt::format("{} (Service: Amazon S3; Status Code: {}; Error Code: {})", e.message, e.status, e.code));
  }

  api::host& host_;
  const map_run_row& run_;
  const form form_;
  const put_object& put_;
  std::string bucket_, folder_;
  json::array files_;
};

}  // namespace

base::result<std::string, asl::failure> collect_results(api::host& h, const map_run_row& m, const json::value* writer,
                                                        std::string_view state) {
  auto wanted = form_of(writer);
  const size_t most = asl::limits{}.payload_bytes;
  std::string out;
  h.db.read([&](store::reader& r) {
    each_child(r, m.arn, "1 = 1", 0, [&](const execution_row& x) {
      for (const auto& text : entries(x, m, wanted.how)) {
        if (!out.empty()) out += wanted.lines ? '\n' : ',';
        out += text;
      }
      return out.size() <= most;
    });
    return 0;
  });
  out = wanted.lines ? json::print(json::string(out)) : "[" + out + "]";
  if (out.size() <= most) return out;
  return tl::unexpected(asl::failure{
      "States.DataLimitExceeded",
      fmt::format(
          "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
          state)});
}

base::result<std::string, asl::failure> export_results(api::host& h, const map_run_row& m, const json::value& writer,
                                                       const put_object& put, const pending_inputs& pending) {
  exporting all{h, m, writer, put};
  auto made = [&]() -> base::result<std::string> {
    MDLC_CHECK(all.children("SUCCEEDED", "status = 'SUCCEEDED'"));
    MDLC_CHECK(all.children("FAILED", "status IN ('FAILED', 'TIMED_OUT', 'ABORTED')"));
    MDLC_CHECK(all.pending(pending));
    return all.manifest();
  }();
  if (made) return *made;
  return tl::unexpected(asl::failure{"States.ResultWriterFailed", made.error().message});
}

}  // namespace mdlc::services::states
