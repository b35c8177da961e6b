#include "services/s3/listing.h"

#include "services/s3/testing.h"

namespace mdlc::services::s3 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class listings : public testing::s3_test {
 protected:
  listings() { make_bucket(); }

  void put_all(std::initializer_list<const char*> keys) {
    for (auto* key : keys) put(key, "x");
  }

  // Keys, then common prefixes, as one text; and whether there is more.
  static std::string shown(const outcome& page) {
    if (!page.ok()) return page.code();
    std::string all;
    if (auto* contents = page.find("Contents"))
      for (auto& o : contents->as_array()) all += std::string(json::text(o, "Key")) + " ";
    if (auto* prefixes = page.find("CommonPrefixes"))
      for (auto& p : prefixes->as_array()) all += std::string(json::text(p, "Prefix")) + " ";
    if (page.find("IsTruncated")->as_bool()) all += "...";
    return all;
  }
  outcome list(json::object input) {
    input.emplace("Bucket", "b-bucket");
    return call("ListObjectsV2", input);
  }
  // All pages of a listing, put together.
  std::string paged(json::object input, int64_t most) {
    std::string all;
    input.emplace("MaxKeys", most);
    for (int pages = 0; pages < 100; pages++) {
      auto page = list(input);
      auto text = shown(page);
      if (!text.ends_with("...")) return all + text;
      EXPECT_EQ(page.find("KeyCount")->as_int64(), most);
      all += text.substr(0, text.size() - 3);
      input.insert_or_assign("ContinuationToken", *page.find("NextContinuationToken"));
    }
    return "without end";
  }
};

TEST_F(listings, are_by_prefix_and_delimiter_in_the_order_of_bytes) {
  put_all({"a", "a/1", "a/2/x", "a/2/y", "a/3", "b/1", "B", "\xc3\xa9", "z"});
  struct {
    json::object input;
    const char* shown;
  } cases[] = {
      {{}, "B a a/1 a/2/x a/2/y a/3 b/1 z \xc3\xa9 "},
      {{{"Prefix", "a"}}, "a a/1 a/2/x a/2/y a/3 "},
      {{{"Prefix", "a/"}, {"Delimiter", "/"}}, "a/1 a/3 a/2/ "},
      {{{"Delimiter", "/"}}, "B a z \xc3\xa9 a/ b/ "},
      {{{"Delimiter", "/2"}}, "B a a/1 a/3 b/1 z \xc3\xa9 a/2 "},
      {{{"Prefix", "none"}}, ""},
      {{{"StartAfter", "a/2/x"}}, "a/2/y a/3 b/1 z \xc3\xa9 "},
      {{{"StartAfter", "a/2/x"}, {"Prefix", "a/"}, {"Delimiter", "/"}}, "a/3 a/2/ "},
      {{{"StartAfter", "a"}, {"Prefix", "b"}}, "b/1 "},
      {{{"StartAfter", "zz"}, {"Prefix", "a"}}, ""},
      {{{"MaxKeys", 2}}, "B a ..."},
      {{{"MaxKeys", 0}}, ""},
      {{{"MaxKeys", -1}}, "InvalidArgument"},
      {{{"ContinuationToken", "?"}}, "InvalidArgument"},
      {{{"ContinuationToken", "AAAA"}}, "InvalidArgument"},
      {{{"EncodingType", "rot13"}}, "InvalidArgument"},
      {{{"EncodingType", "url"}, {"Prefix", "\xc3"}}, "%C3%A9 "},
  };
  for (auto& c : cases) EXPECT_EQ(shown(list(c.input)), c.shown) << json::print(c.input);
  EXPECT_EQ(call("ListObjectsV2", {{"Bucket", "none-bucket"}}).code(), "NoSuchBucket");
}

TEST_F(listings, show_what_an_object_is) {
  put("k y", "hello", {{"ChecksumAlgorithm", "SHA256"}, {"StorageClass", "STANDARD_IA"}});
  auto page = list({{"FetchOwner", true}, {"EncodingType", "url"}, {"StartAfter", " "}, {"Delimiter", "/"}});
  auto& o = page.find("Contents")->as_array().at(0);
  EXPECT_EQ(json::text(o, "Key"), "k%20y");
  EXPECT_EQ(json::text(o, "ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  EXPECT_EQ(o.at("Size").as_int64(), 5);
  EXPECT_EQ(json::text(o, "StorageClass"), "STANDARD_IA");
  EXPECT_EQ(json::print(o.at("ChecksumAlgorithm")), R"(["SHA256"])");
  EXPECT_EQ(json::text(o.at("Owner"), "ID").size(), 64u);
  EXPECT_EQ(page.text("StartAfter"), "%20");
  EXPECT_EQ(page.text("Delimiter"), "/");
  EXPECT_EQ(page.find("KeyCount")->as_int64(), 1);
  EXPECT_FALSE(list({}).find("Contents")->as_array().at(0).as_object().contains("Owner"));
}

// Every page size tells the same story.
TEST_F(listings, are_whole_over_pages) {
  put_all({"a", "b/1", "b/2", "b/3", "c", "d/1", "d/2", "e"});
  for (int64_t most : {1, 2, 3, 5, 1000}) {
    EXPECT_EQ(paged({}, most), "a b/1 b/2 b/3 c d/1 d/2 e ") << most;
    EXPECT_EQ(paged({{"Prefix", "b/"}}, most), "b/1 b/2 b/3 ") << most;
  }
  // Within a page keys stand before common prefixes.
  EXPECT_EQ(paged({{"Delimiter", "/"}}, 1), "a b/ c d/ e ");
  EXPECT_EQ(paged({{"Delimiter", "/"}}, 2), "a b/ c d/ e ");
  EXPECT_EQ(paged({{"Delimiter", "/"}}, 5), "a c e b/ d/ ");
}

TEST_F(listings, have_at_most_a_thousand_entries) {
  db_->write([&](store::transaction& t) {
    auto b = find_bucket(t, "b-bucket").value();
    for (int i = 0; i <= max_page; i++) {
      object o{.key = fmt::format("{:05}", i)};
      place(static_cast<service&>(*service_), t, b, o, {});
    }
  });
  auto page = list({{"MaxKeys", max_page + 1}});
  EXPECT_EQ(page.find("KeyCount")->as_int64(), max_page);
  EXPECT_TRUE(page.find("IsTruncated")->as_bool());
  EXPECT_EQ(page.find("MaxKeys")->as_int64(), max_page);
}

TEST_F(listings, step_over_old_versions_and_markers) {
  version("Enabled");
  for (int i = 0; i < 50; i++) put("a", "x");
  put_all({"b", "c"});
  on("DeleteObject", "b");
  EXPECT_EQ(shown(list({})), "a c ");
  EXPECT_EQ(paged({}, 1), "a c ");
  EXPECT_EQ(shown(list({{"StartAfter", "a"}})), "c ");
}

TEST_F(listings, of_the_first_kind_go_on_from_a_marker) {
  put_all({"a", "b/1", "b/2", "c"});
  auto list1 = [&](json::object input) {
    input.emplace("Bucket", "b-bucket");
    return call("ListObjects", input);
  };
  EXPECT_EQ(shown(list1({{"Marker", "b/1"}})), "b/2 c ");
  auto page = list1({{"Delimiter", "/"}, {"MaxKeys", 2}});
  EXPECT_EQ(shown(page), "a b/ ...");
  EXPECT_EQ(page.text("NextMarker"), "b/");
  EXPECT_EQ(shown(list1({{"Delimiter", "/"}, {"Marker", "b/"}})), "c ");
  EXPECT_FALSE(list1({{"MaxKeys", 2}}).find("NextMarker"));
}

class version_listings : public listings {
 protected:
  outcome list(json::object input) {
    input.emplace("Bucket", "b-bucket");
    return call("ListObjectVersions", input);
  }
  // key=ETag's first digit or "x" for a marker, '*' after the latest; in the answer's two lists.
  std::string shown(const outcome& page) {
    if (!page.ok()) return page.code();
    std::string all;
    for (auto* list : {"Versions", "DeleteMarkers"})
      if (auto* found = page.find(list))
        for (auto& v : found->as_array())
          all += fmt::format("{}={}{} ", json::text(v, "Key"), names_[std::string(json::text(v, "VersionId"))],
                             v.at("IsLatest").as_bool() ? "*" : "");
    return all;
  }
  void put_version(std::string key, std::string name) { names_[put(key, name).text("VersionId")] = name; }

  std::map<std::string, std::string> names_{{"null", "null"}};
};

TEST_F(version_listings, show_all_newest_first) {
  put("a", "before");
  version("Enabled");
  put_version("a", "2");
  put_version("a", "3");
  put_version("b", "1");
  names_[on("DeleteObject", "b").text("VersionId")] = "gone";
  put_version("c/1", "1");
  EXPECT_EQ(shown(list({})), "a=3* a=2 a=null b=1 c/1=1* b=gone* ");
  EXPECT_EQ(shown(list({{"Prefix", "b"}})), "b=1 b=gone* ");
  EXPECT_EQ(shown(list({{"Delimiter", "/"}, {"Prefix", "c"}})), "");
  EXPECT_EQ(json::print(*list({{"Delimiter", "/"}}).find("CommonPrefixes")), R"([{"Prefix":"c/"}])");
  EXPECT_EQ(shown(list({{"KeyMarker", "a"}})), "b=1 c/1=1* b=gone* ");
  EXPECT_EQ(shown(list({{"VersionIdMarker", "null"}})), "InvalidArgument");
}

TEST_F(version_listings, are_whole_over_pages) {
  version("Enabled");
  for (auto* name : {"1", "2", "3"}) {
    put_version("a", name);
    put_version("b", name);
  }
  for (int64_t most : {1, 2, 4, 6}) {
    std::string all;
    json::object input{{"MaxKeys", most}};
    for (bool more = true; more;) {
      auto page = list(input);
      all += shown(page);
      more = page.find("IsTruncated")->as_bool();
      if (!more) break;
      input.insert_or_assign("KeyMarker", page.text("NextKeyMarker"));
      input.insert_or_assign("VersionIdMarker", page.text("NextVersionIdMarker"));
    }
    EXPECT_EQ(all, "a=3* a=2 a=1 b=3* b=2 b=1 ") << most;
  }
}

}  // namespace
}  // namespace mdlc::services::s3
