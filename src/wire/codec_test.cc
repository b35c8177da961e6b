// A small service in each protocol, through requests and answers as they stand on the wire.
#include "wire/codec.h"

#include <gtest/gtest.h>

#include "wire/route.h"
#include "wire/xml.h"

namespace mdlc::wire {
namespace {

constexpr shape text{.name = "Text", .type = kind::string};
constexpr shape number{.name = "Number", .type = kind::integer};
constexpr shape flag{.name = "Flag", .type = kind::boolean};
constexpr shape bytes{.name = "Bytes", .type = kind::blob};
constexpr shape stream{.name = "Stream", .type = kind::blob, .streaming = true};
constexpr shape time{.name = "Time", .type = kind::timestamp};
constexpr member text_element{.name = "member", .target = &text, .wire_name = "member"};
constexpr shape texts{.name = "Texts", .type = kind::list, .element = &text_element};
constexpr member flat_element{.name = "member", .target = &text};
constexpr shape flat_texts{.name = "FlatTexts", .type = kind::list, .element = &flat_element, .flattened = true};
constexpr member map_key{.name = "key", .target = &text, .wire_name = "key"};
constexpr member map_value{.name = "value", .target = &text, .wire_name = "value"};
constexpr shape map{.name = "Map", .type = kind::map, .element = &map_value, .key = &map_key};
constexpr member pair_members[] = {{.name = "Key", .target = &text, .wire_name = "Key"},
                                   {.name = "When", .target = &time, .wire_name = "When"}};
constexpr shape pair{.name = "Pair", .type = kind::structure, .members = pair_members};
constexpr shape nothing{.name = "Nothing", .type = kind::structure};

constexpr member body_members[] = {
    {.name = "Name", .target = &text, .wire_name = "Name"},
    {.name = "Count", .target = &number, .wire_name = "count"},
    {.name = "On", .target = &flag, .wire_name = "On"},
    {.name = "Data", .target = &bytes, .wire_name = "Data"},
    {.name = "List", .target = &texts, .wire_name = "List"},
    {.name = "Flat", .target = &flat_texts, .wire_name = "Flat"},
    {.name = "Map", .target = &map, .wire_name = "Map"},
    {.name = "Pair", .target = &pair, .wire_name = "Pair"},
};
constexpr shape in{.name = "In", .type = kind::structure, .members = body_members};
constexpr member error_members[] = {{.name = "message", .target = &text, .wire_name = "message"}};
constexpr shape gone{
    .name = "Gone", .type = kind::structure, .members = error_members, .error_code = "Gone", .http_status = 404};
constexpr const shape* errors[] = {&gone};

constexpr operation do_it{.name = "DoIt",
                          .method = "POST",
                          .uri = "/",
                          .input = &in,
                          .output = &in,
                          .result_wrapper = "DoItResult",
                          .errors = errors};
constexpr const operation* body_operations[] = {&do_it};
constexpr service query_service{.name = "q",
                                .id = "Q",
                                .signing_name = "q",
                                .speaks = protocol::query,
                                .api_version = "2020-01-01",
                                .xml_namespace = "urn:q",
                                .operations = body_operations};
constexpr service json_service{.name = "dynamodb",
                               .id = "J",
                               .signing_name = "j",
                               .speaks = protocol::json,
                               .json_version = "1.0",
                               .target_prefix = "J_1",
                               .api_version = "2020-01-02",
                               .operations = body_operations};

constexpr member put_members[] = {
    {.name = "Bucket", .target = &text, .required = true, .where = location::uri, .wire_name = "Bucket"},
    {.name = "Key", .target = &text, .required = true, .where = location::uri, .wire_name = "Key"},
    {.name = "Body", .target = &stream, .wire_name = "Body"},
    {.name = "Expires", .target = &time, .where = location::header, .wire_name = "Expires"},
    {.name = "Attributes", .target = &texts, .where = location::header, .wire_name = "x-amz-attributes"},
    {.name = "Metadata", .target = &map, .where = location::headers, .wire_name = "x-amz-meta-"},
    {.name = "Length", .target = &number, .where = location::header, .wire_name = "Content-Length"},
};
constexpr shape put_in{.name = "PutIn", .type = kind::structure, .members = put_members, .payload = "Body"};
constexpr member part_members[] = {
    {.name = "Bucket", .target = &text, .required = true, .where = location::uri, .wire_name = "Bucket"},
    {.name = "Key", .target = &text, .required = true, .where = location::uri, .wire_name = "Key"},
    {.name = "PartNumber",
     .target = &number,
     .required = true,
     .where = location::querystring,
     .wire_name = "partNumber"},
    {.name = "UploadId", .target = &text, .required = true, .where = location::querystring, .wire_name = "uploadId"},
};
constexpr shape part_in{.name = "PartIn", .type = kind::structure, .members = part_members};
constexpr member copy_members[] = {
    {.name = "Source", .target = &text, .required = true, .where = location::header, .wire_name = "x-amz-copy-source"},
};
constexpr shape copy_in{.name = "CopyIn", .type = kind::structure, .members = copy_members};
constexpr member list_members[] = {
    {.name = "Bucket", .target = &text, .required = true, .where = location::uri, .wire_name = "Bucket"},
    {.name = "Prefix", .target = &text, .where = location::querystring, .wire_name = "prefix"},
    {.name = "MaxKeys", .target = &number, .where = location::querystring, .wire_name = "max-keys"},
};
constexpr shape list_in{.name = "ListIn", .type = kind::structure, .members = list_members};
constexpr member tagging_members[] = {
    {.name = "Bucket", .target = &text, .required = true, .where = location::uri, .wire_name = "Bucket"},
    {.name = "Tagging", .target = &in, .required = true, .wire_name = "Tagging"},
};
constexpr shape tagging_in{
    .name = "TaggingIn", .type = kind::structure, .members = tagging_members, .payload = "Tagging"};

constexpr operation list_all{.name = "ListBuckets", .method = "GET", .uri = "/", .input = &nothing, .output = &in};
constexpr operation list_v1{
    .name = "ListObjects", .method = "GET", .uri = "/{Bucket}", .input = &list_in, .output = &in};
constexpr operation list_v2{
    .name = "ListObjectsV2", .method = "GET", .uri = "/{Bucket}?list-type=2", .input = &list_in, .output = &in};
constexpr operation get_tagging{
    .name = "GetBucketTagging", .method = "GET", .uri = "/{Bucket}?tagging", .input = &list_in, .output = &in};
constexpr operation put_tagging{
    .name = "PutBucketTagging", .method = "PUT", .uri = "/{Bucket}?tagging", .input = &tagging_in, .output = &nothing};
constexpr operation get{
    .name = "GetObject", .method = "GET", .uri = "/{Bucket}/{Key+}", .input = &put_in, .output = &put_in};
constexpr operation put{
    .name = "PutObject", .method = "PUT", .uri = "/{Bucket}/{Key+}", .input = &put_in, .output = &put_in};
constexpr operation part{
    .name = "UploadPart", .method = "PUT", .uri = "/{Bucket}/{Key+}", .input = &part_in, .output = &put_in};
constexpr operation copy{
    .name = "CopyObject", .method = "PUT", .uri = "/{Bucket}/{Key+}", .input = &copy_in, .output = &in};
constexpr const operation* s3_operations[] = {&list_all, &list_v1, &list_v2, &get_tagging, &put_tagging,
                                              &get,      &put,     &part,    &copy};
constexpr service s3{.name = "s3",
                     .id = "S3",
                     .signing_name = "s3",
                     .speaks = protocol::rest_xml,
                     .api_version = "2006-03-01",
                     .operations = s3_operations};

constexpr member invoke_members[] = {
    {.name = "FunctionName", .target = &text, .required = true, .where = location::uri, .wire_name = "FunctionName"},
    {.name = "Payload", .target = &bytes, .wire_name = "Payload"},
    {.name = "Code", .target = &number, .where = location::status_code, .wire_name = "StatusCode"},
    {.name = "Log", .target = &text, .where = location::header, .wire_name = "X-Amz-Log-Result"},
};
constexpr shape invoke_shape{
    .name = "Invoke", .type = kind::structure, .members = invoke_members, .payload = "Payload"};
constexpr operation invoke{.name = "Invoke",
                           .method = "POST",
                           .uri = "/2015-03-31/functions/{FunctionName}/invocations",
                           .input = &invoke_shape,
                           .output = &invoke_shape};
constexpr operation create{.name = "CreateFunction",
                           .method = "POST",
                           .uri = "/2015-03-31/functions/",
                           .http_status = 201,
                           .input = &in,
                           .output = &in,
                           .errors = errors};
constexpr const operation* lambda_operations[] = {&invoke, &create};
constexpr service lambda{.name = "lambda",
                         .id = "Lambda",
                         .signing_name = "lambda",
                         .speaks = protocol::rest_json,
                         .api_version = "2015-03-31",
                         .operations = lambda_operations};

request make(std::string method, std::string target, http::headers headers = {}, std::string body = {}) {
  request r{http::request_head{std::move(method), std::move(target), std::move(headers)}};
  r.body = std::move(body);
  return r;
}

// What a request decodes to: the operation's name and its input; or the refusal's code.
std::string decoded(const service& s, const request& r) {
  auto found = find_operation(s, r, path_with_bucket(r));
  if (!found) return found.error().code;
  auto input = decode(s, *found, r);
  if (!input) return input.error().code;
  return fmt::format("{} {}", found->op->name, json::print(*input));
}

std::string form(std::string body) {
  return decoded(query_service,
                 make("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, std::move(body)));
}

TEST(query, requests) {
  std::pair<std::string_view, std::string_view> table[] = {
      {"Action=DoIt", "DoIt {}"},
      {"Action=DoIt&Name=a+b%26c&count=5&On=true&Data=aGk=",
       R"(DoIt {"Name":"a b&c","Count":5,"On":true,"Data":"aGk="})"},
      {"Action=DoIt&List.member.1=a&List.member.2=b&Flat.1=c", R"(DoIt {"List":["a","b"],"Flat":["c"]})"},
      {"Action=DoIt&List.member.2=b", R"(DoIt {"List":[]})"},
      {"Action=DoIt&List=", R"(DoIt {"List":[]})"},
      {"Action=DoIt&Map.entry.1.key=k&Map.entry.1.value=v", R"(DoIt {"Map":{"k":"v"}})"},
      {"Action=DoIt&Pair.Key=k&Pair.When=2020-01-01T00:00:00Z", R"(DoIt {"Pair":{"Key":"k","When":1577836800}})"},
      {"Action=DoIt&Unknown=1", "DoIt {}"},
      {"Action=DoIt&count=five", "MalformedInput"},
      {"Action=DoIt&Name.x=1", "MalformedInput"},
      {"Action=DoIt&Map.entry.1.key=k", "MalformedInput"},
      {"Action=Nothing&Version=2020-01-01", "InvalidAction"},
      {"Version=2020-01-01", "MissingAction"},
      {"", "MissingAction"},
  };
  for (const auto& [body, expected] : table) EXPECT_EQ(form(std::string{body}), expected) << body;
}

TEST(query, names_have_a_depth) {
  auto name = [](size_t dots) {
    std::string out = "x";
    for (size_t i = 0; i < dots; ++i) out += ".x";
    return form("Action=DoIt&" + out + "=1");
  };
  EXPECT_EQ(name(32), "DoIt {}");
  EXPECT_EQ(name(33), "MalformedInput");
}

TEST(query, answers) {
  auto out = encode(query_service, do_it,
                    *json::parse(R"({"Name":"<a>","List":["x","y"],"Flat":["p","q"],"Map":{"k":"v"},"On":false,
                                     "Pair":{"When":1577836800.5}})"),
                    {"id-1", ""});
  EXPECT_EQ(out.body,
            "<DoItResponse xmlns=\"urn:q\"><DoItResult><Name>&lt;a&gt;</Name><On>false</On>"
            "<List><member>x</member><member>y</member></List><Flat>p</Flat><Flat>q</Flat>"
            "<Map><entry><key>k</key><value>v</value></entry></Map>"
            "<Pair><When>2020-01-01T00:00:00.500Z</When></Pair></DoItResult>"
            "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></DoItResponse>\n");
  EXPECT_EQ(out.headers.get("x-amzn-RequestId"), "id-1");
  auto error = encode_error(query_service, &do_it, {"Gone", "it's gone", 404}, {"id-2", ""});
  EXPECT_EQ(error.status, 404);
  EXPECT_EQ(error.body,
            "<ErrorResponse xmlns=\"urn:q\"><Error><Type>Sender</Type><Code>Gone</Code><Message>it's gone</Message>"
            "</Error><RequestId>id-2</RequestId></ErrorResponse>\n");
}

TEST(json, requests) {
  auto post = [](std::string target, std::string body) {
    return decoded(json_service, make("POST", "/", {{"X-Amz-Target", std::move(target)}}, std::move(body)));
  };
  EXPECT_EQ(post("J_1.DoIt", R"({"Name":"a"})"), R"(DoIt {"Name":"a"})");
  EXPECT_EQ(post("J_1.DoIt", ""), "DoIt {}");
  EXPECT_EQ(post("J_1.DoIt", "{"), "SerializationException");
  EXPECT_EQ(post("J_1.Other", "{}"), "UnknownOperationException");
  EXPECT_EQ(post("K_1.DoIt", "{}"), "UnknownOperationException");
  EXPECT_EQ(post("DoIt", "{}"), "UnknownOperationException");
}

TEST(json, answers) {
  auto out = encode(json_service, do_it, *json::parse(R"({"Count":1})"), {"id", ""});
  EXPECT_EQ(out.body, R"({"Count":1})");
  EXPECT_EQ(out.headers.get("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(out.headers.get("x-amz-crc32"), "1479204874");  // zlib.crc32(b'{"Count":1}')
  struct {
    refusal e;
    std::string_view body;
  } table[] = {
      {{"Gone", "m", 404}, R"({"__type":"com.amazonaws.dynamodb.v20120810#Gone","message":"m"})"},
      {{"ValidationException", "m"}, R"({"__type":"com.amazon.coral.validate#ValidationException","message":"m"})"},
      {{"SerializationException", "m"},
       R"({"__type":"com.amazon.coral.service#SerializationException","message":"m"})"},
      {{"Gone", "m", 404, {{"Item", json::object{{"k", "v"}}}}},
       R"({"__type":"com.amazonaws.dynamodb.v20120810#Gone","message":"m","Item":{"k":"v"}})"},
  };
  for (const auto& row : table) EXPECT_EQ(encode_error(json_service, &do_it, row.e, {"id", ""}).body, row.body);
}

TEST(rest_xml, routes) {
  struct {
    std::string method, target;
    http::headers headers;
    std::string_view expected;
  } table[] = {
      {"GET", "/", {}, "ListBuckets {}"},
      {"GET", "/b", {}, R"(ListObjects {"Bucket":"b"})"},
      {"GET", "/b/", {}, R"(ListObjects {"Bucket":"b"})"},
      {"GET",
       "/b?list-type=2&prefix=a%2Fb&max-keys=5",
       {},
       R"(ListObjectsV2 {"Bucket":"b","Prefix":"a/b","MaxKeys":5})"},
      {"GET", "/b?list-type=3", {}, R"(ListObjects {"Bucket":"b"})"},
      {"GET", "/b?max-keys=", {}, R"(ListObjects {"Bucket":"b"})"},
      {"GET", "/b?max-keys=x", {}, "InvalidArgument"},
      {"GET", "/b?tagging", {}, R"(GetBucketTagging {"Bucket":"b"})"},
      {"GET", "/b?website", {}, "NotImplemented"},
      {"GET", "/b/k?torrent", {}, "NotImplemented"},
      {"GET", "/b/a//c/", {}, R"(GetObject {"Bucket":"b","Key":"a//c/"})"},
      {"GET", "/b//k", {}, R"(GetObject {"Bucket":"b","Key":"/k"})"},
      {"GET", "/b/a%2Fb%20+c", {}, R"(GetObject {"Bucket":"b","Key":"a/b +c"})"},
      {"GET", "/b/../c", {}, R"(GetObject {"Bucket":"b","Key":"../c"})"},
      {"PUT", "/b/k", {}, R"(PutObject {"Bucket":"b","Key":"k"})"},
      {"PUT",
       "/b/k?partNumber=2&uploadId=u",
       {},
       R"(UploadPart {"Bucket":"b","Key":"k","PartNumber":2,"UploadId":"u"})"},
      {"PUT", "/b/k?uploadId=u", {}, "NotImplemented"},
      {"PUT", "/b/k", {{"x-amz-copy-source", "/b/j"}}, R"(CopyObject {"Source":"/b/j"})"},
      {"POST", "/b", {}, "NotImplemented"},
      {"PUT", "/k", {{"Host", "b.localhost:4566"}}, R"(PutObject {"Bucket":"b","Key":"k"})"},
      {"GET", "/", {{"Host", "b.s3.us-east-1.localhost:4566"}}, R"(ListObjects {"Bucket":"b"})"},
      {"GET", "/", {{"Host", "s3.localhost:4566"}}, "ListBuckets {}"},
      {"GET", "/b", {{"Host", "127.0.0.1:4566"}}, R"(ListObjects {"Bucket":"b"})"},
      {"GET", "http://127.0.0.1:4566/b?tagging", {}, R"(GetBucketTagging {"Bucket":"b"})"},
  };
  for (const auto& row : table)
    EXPECT_EQ(decoded(s3, make(row.method, row.target, row.headers)), row.expected) << row.target;
}

TEST(rest_xml, headers) {
  auto r = make("PUT", "/b/k",
                {{"Expires", "Wed, 01 Jan 2020 00:00:00 GMT"},
                 {"X-Amz-Attributes", "a, b"},
                 {"X-Amz-Meta-One", "1"},
                 {"x-amz-meta-one", "2"},
                 {"x-amz-meta-Two", ""}},
                "streamed bodies are not decoded");
  EXPECT_EQ(
      decoded(s3, r),
      R"(PutObject {"Bucket":"b","Key":"k","Expires":1577836800,"Attributes":["a","b"],"Metadata":{"one":"1,2","two":""}})");
  EXPECT_EQ(decoded(s3, make("PUT", "/b/k", {{"Expires", "never"}})), "InvalidArgument");
}

TEST(rest_xml, bodies) {
  auto body = [](std::string xml) { return decoded(s3, make("PUT", "/b?tagging", {}, std::move(xml))); };
  EXPECT_EQ(
      body("<Tagging xmlns='urn:x'><Name> n </Name><count> 5 </count><List><member>a</member></List>"
           "<Flat>p</Flat><Flat>q</Flat><Pair><When>2020-01-01T00:00:00.000Z</When></Pair><Odd/></Tagging>"),
      R"(PutBucketTagging {"Bucket":"b","Tagging":{"Name":" n ","Count":5,"List":["a"],"Flat":["p","q"],"Pair":{"When":1577836800}}})");
  EXPECT_EQ(body("<Tagging><count>x</count></Tagging>"), "MalformedXML");
  EXPECT_EQ(body("<Tagging>"), "MalformedXML");
  EXPECT_EQ(body(""), R"(PutBucketTagging {"Bucket":"b"})");
}

TEST(rest_xml, answers) {
  auto out = encode(s3, put, *json::parse(R"({"Expires":1577836800,"Metadata":{"k":"v"},"Length":7})"), {"id", "host"});
  EXPECT_EQ(out.headers.get("Expires"), "Wed, 01 Jan 2020 00:00:00 GMT");
  EXPECT_EQ(out.headers.get("x-amz-meta-k"), "v");
  EXPECT_EQ(out.headers.get("x-amz-request-id"), "id");
  EXPECT_EQ(out.headers.get("x-amz-id-2"), "host");
  EXPECT_EQ(out.head_length, 7);
  EXPECT_FALSE(out.headers.has("Content-Length"));
  EXPECT_EQ(out.body, "");
  auto list = encode(s3, list_v2, *json::parse(R"({"Name":"b","Pair":{"When":1577836800}})"), {"id", "host"});
  EXPECT_EQ(
      list.body,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Pair><When>2020-01-01T00:00:00.000Z</When>"
      "</Pair></ListBucketResult>");
  auto error = encode_error(s3, nullptr, {"NoSuchKey", "gone", 404, {{"Key", "k<"}}}, {"id", "host"});
  EXPECT_EQ(error.body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>gone</Message>"
            "<Key>k&lt;</Key><RequestId>id</RequestId><HostId>host</HostId></Error>");
  EXPECT_EQ(encode_error(s3, &get, {"NotModified", "", 304}, {"id", "host"}).body, "");
}

TEST(rest_json, requests) {
  EXPECT_EQ(decoded(lambda, make("POST", "/2015-03-31/functions/a%3Ab/invocations", {}, "hi")),
            R"(Invoke {"FunctionName":"a:b","Payload":"aGk="})");
  EXPECT_EQ(decoded(lambda, make("POST", "/2015-03-31/functions", {}, R"({"Name":"n","count":3})")),
            R"(CreateFunction {"Name":"n","Count":3})");
  EXPECT_EQ(decoded(lambda, make("POST", "/2015-03-31/functions/", {}, "{")), "InvalidRequestContentException");
  EXPECT_EQ(decoded(lambda, make("POST", "/2015-03-31/functions/", {}, "[]")), "SerializationException");
  EXPECT_EQ(decoded(lambda, make("GET", "/2015-03-31/layers", {})), "UnknownOperationException");
}

TEST(rest_json, answers) {
  auto out = encode(lambda, invoke, *json::parse(R"({"Payload":"eyJhIjoxfQ==","Code":202,"Log":"x"})"), {"id", ""});
  EXPECT_EQ(out.status, 202);
  EXPECT_EQ(out.body, R"({"a":1})");
  EXPECT_EQ(out.headers.get("X-Amz-Log-Result"), "x");
  auto made = encode(lambda, create, *json::parse(R"({"Count":3})"), {"id", ""});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body, R"({"count":3})");
  auto error = encode_error(lambda, &create, {"Gone", "m", 404}, {"id", ""});
  EXPECT_EQ(error.headers.get("x-amzn-ErrorType"), "Gone");
  EXPECT_EQ(error.body, R"({"Type":"User","message":"m"})");
}

TEST(route, services) {
  const service* all[] = {&query_service, &json_service, &s3, &lambda};
  struct {
    request r;
    std::string_view signed_for;
    const service* expected;
  } table[] = {
      {make("GET", "/"), "", &s3},
      {make("GET", "/"), "q", &query_service},
      {make("GET", "/"), "nobody", &s3},
      {make("POST", "/", {{"X-Amz-Target", "J_1.Anything"}}), "", &json_service},
      {make("POST", "/", {{"Host", "lambda.localhost"}}), "", &lambda},
      {make("GET", "/2015-03-31/functions"), "", &lambda},
      {make("GET", "/2015-13-bucket/key"), "", &s3},
      {make("GET", "/?Action=DoIt&Version=2020-01-01"), "", &query_service},
  };
  for (const auto& row : table) EXPECT_EQ(find_service(all, row.r, row.signed_for), row.expected) << row.r.path;
  EXPECT_EQ(find_service({}, make("GET", "/"), ""), nullptr);
}

TEST(route, two_services_that_sign_with_one_name) {
  service targeted = json_service, rest = lambda;
  targeted.signing_name = rest.signing_name = "both";
  const service* all[] = {&targeted, &rest};
  EXPECT_EQ(find_service(all, make("POST", "/", {{"X-Amz-Target", "J_1.Anything"}}), "both"), &targeted);
  EXPECT_EQ(find_service(all, make("POST", "/endpoints/e/invocations"), "both"), &rest);
  const service* one[] = {&targeted};
  EXPECT_EQ(find_service(one, make("POST", "/"), "both"), &targeted);
}

}  // namespace
}  // namespace mdlc::wire
