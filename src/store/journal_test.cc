#include "store/journal.h"

#include <algorithm>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing.h"

namespace mdlc::store {
namespace {

using sys::temporary_folder;

std::unique_ptr<database> open(const sys::path& folder) {
  auto db = database::open(folder / "db");
  EXPECT_TRUE(db) << db.error().message;
  return std::move(*db);
}

const procedure_id a{"execution", "a"}, b{"execution", "b"}, c{"stack", "a"};

sequence append(database& db, journal& j, const procedure_id& id, sequence previous, std::string_view records,
                bool closes = false) {
  return db.write([&](transaction& t) { return j.append(t, id, previous, records, closes); });
}

std::string history(database& db, const journal& j, sequence last) {
  return db.read([&](reader& r) {
    std::string all;
    for (const auto& batch : j.read(r, last)) all += batch.records + (batch.closes ? "." : " ");
    return all;
  });
}

std::map<procedure_id, sequence> heads(journal& j) {
  std::map<procedure_id, sequence> all;
  for (auto& o : j.open()) all.emplace(o.id, o.last);
  return all;
}

// What stands in journal_open and journal_checkpoint.
std::string checkpoint(database& db) {
  return db.read([](reader& r) {
    std::string all = fmt::format("{}:", r.first("SELECT at FROM journal_checkpoint")->integer(0));
    for (auto& row : r.query("SELECT kind, uid, last FROM journal_open ORDER BY kind, uid"))
      all += fmt::format(" {}/{}@{}", row.text(0), row.text(1), row.integer(2));
    return all;
  });
}

TEST(journal, keeps_each_procedures_records_in_order) {
  temporary_folder folder;
  auto db = open(folder.path());
  journal j(*db);
  auto a1 = append(*db, j, a, 0, std::string_view("a\0one", 5));
  auto b1 = append(*db, j, b, 0, "b1");
  auto a2 = append(*db, j, a, a1, "a2");
  auto c1 = append(*db, j, c, 0, "c1");
  auto b2 = append(*db, j, b, b1, "b2", true);
  EXPECT_EQ(history(*db, j, a2), std::string("a\0one a2 ", 9));
  EXPECT_EQ(history(*db, j, b2), "b1 b2.");
  EXPECT_EQ(history(*db, j, 0), "");
  EXPECT_EQ(heads(j), (std::map<procedure_id, sequence>{{a, a2}, {c, c1}}));
  EXPECT_THROW(history(*db, j, 99), failure);
}

TEST(journal, what_is_rolled_back_was_never_there) {
  temporary_folder folder;
  auto db = open(folder.path());
  journal j(*db);
  auto a1 = append(*db, j, a, 0, "a1");
  EXPECT_THROW(db->write([&](transaction& t) {
    j.append(t, a, a1, "lost", true);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  db->write([&](transaction& t) {
    t.nested([&] {
      j.append(t, b, 0, "lost", false);
      return false;
    });
  });
  EXPECT_EQ(heads(j), (std::map<procedure_id, sequence>{{a, a1}}));
  auto a2 = append(*db, j, a, a1, "a2");
  EXPECT_EQ(history(*db, j, a2), "a1 a2 ");
}

// The same story with a checkpoint after any of its steps, or after none, ends in the same heads.
TEST(journal, recovers_with_and_without_checkpoint) {
  for (int checkpoint_after : {-1, 0, 1, 2, 3, 4, 5, 6}) {
    SCOPED_TRACE(checkpoint_after);
    temporary_folder folder;
    std::map<procedure_id, sequence> last;
    {
      auto db = open(folder.path());
      journal j(*db);
      struct {
        procedure_id id;
        bool closes;
      } steps[] = {{a, false}, {b, false}, {a, false}, {c, false}, {b, true}, {a, false}, {c, true}};
      for (int i = 0; i < 7; i++) {
        auto& head = last[steps[i].id];
        head = append(*db, j, steps[i].id, head, fmt::format("{}", i), steps[i].closes);
        if (i == checkpoint_after) j.checkpoint();
      }
    }
    auto db = open(folder.path());
    journal j(*db);
    EXPECT_EQ(heads(j), (std::map<procedure_id, sequence>{{a, last[a]}}));
    EXPECT_EQ(history(*db, j, last[a]), "0 2 5 ");
    EXPECT_EQ(history(*db, j, last[b]), "1 4.");
    auto next = append(*db, j, a, last[a], "6");
    EXPECT_GT(next, last[c]);
    EXPECT_EQ(history(*db, j, next), "0 2 5 6 ");
  }
}

TEST(journal, what_was_closed_can_be_opened_again) {
  for (bool checkpoints : {false, true}) {
    temporary_folder folder;
    sequence last = 0;
    {
      auto db = open(folder.path());
      journal j(*db);
      auto closed = append(*db, j, a, append(*db, j, a, 0, "a1"), "a2", true);
      EXPECT_TRUE(heads(j).empty());
      if (checkpoints) j.checkpoint();
      last = db->write([&](transaction& t) { return j.append(t, a, closed, "a3", false, true); });
      last = append(*db, j, a, last, "a4");
      EXPECT_EQ(heads(j), (std::map<procedure_id, sequence>{{a, last}}));
    }
    auto db = open(folder.path());
    journal j(*db);
    EXPECT_EQ(heads(j), (std::map<procedure_id, sequence>{{a, last}}));
    EXPECT_EQ(history(*db, j, last), "a1 a2.a3 a4 ");
  }
}

TEST(journal, a_checkpoint_writes_what_changed_since_the_last) {
  temporary_folder folder;
  auto db = open(folder.path());
  journal j(*db);
  auto a1 = append(*db, j, a, 0, "");
  auto b1 = append(*db, j, b, 0, "");
  j.checkpoint();
  EXPECT_EQ(checkpoint(*db), "2: execution/a@1 execution/b@2");
  append(*db, j, c, 0, "");
  append(*db, j, a, a1, "", true);
  EXPECT_EQ(checkpoint(*db), "2: execution/a@1 execution/b@2");  // lazy
  j.checkpoint();
  EXPECT_EQ(checkpoint(*db), "4: execution/b@2 stack/a@3");
  append(*db, j, b, b1, "", true);
  j.checkpoint();
  EXPECT_EQ(checkpoint(*db), "5: stack/a@3");
}

// A checkpoint in the same transaction as appends that were not told yet: they are the tail after it.
TEST(journal, a_checkpoint_amid_a_transaction_loses_nothing) {
  temporary_folder folder;
  {
    auto db = open(folder.path());
    journal j(*db);
    auto a1 = append(*db, j, a, 0, "");
    std::promise<void> queued;
    sequence b1 = 0;
    db->post([&](transaction&) { queued.get_future().wait(); }, {});
    db->post([&](transaction& t) { j.append(t, a, a1, "", true); }, {});
    db->post([&](transaction& t) { b1 = j.append(t, b, 0, "", false); }, {});
    std::thread checkpoints([&] { j.checkpoint(); });
    queued.set_value();
    checkpoints.join();
    append(*db, j, b, b1, "", true);
    append(*db, j, c, 0, "");
    j.checkpoint();
  }
  auto db = open(folder.path());
  journal j(*db);
  EXPECT_EQ(checkpoint(*db), "5: stack/a@5");
  EXPECT_EQ(heads(j), (std::map<procedure_id, sequence>{{c, 5}}));
}

TEST(journal, checkpoints_by_itself_so_that_a_start_is_short) {
  temporary_folder folder;
  auto db = open(folder.path());
  journal j(*db);
  auto fill = [&](sequence from, sequence to) {
    db->write([&](transaction& t) {
      for (auto i = from; i < to; i++) j.append(t, {"execution", fmt::format("{}", i)}, 0, "", true);
    });
    db->write([](transaction&) {});  // the checkpoint was posted before it
  };
  fill(0, checkpoint_every_rows - 1);
  EXPECT_EQ(checkpoint(*db), "0:");
  fill(checkpoint_every_rows - 1, checkpoint_every_rows);
  EXPECT_EQ(checkpoint(*db), fmt::format("{}:", checkpoint_every_rows));
}

TEST(journal, refuses_a_tail_that_hangs_in_the_air) {
  temporary_folder folder;
  auto db = open(folder.path());
  {
    journal j(*db);
    append(*db, j, a, 0, "");
  }
  db->write([](transaction& t) { t.run("INSERT INTO journal VALUES (2, 77, 0, NULL, NULL, '')"); });
  EXPECT_THROW(journal{*db}, failure);
}

// Run by the next test in a process of its own.
TEST(journal_crash, DISABLED_appends) {
  auto db = open(testing::child_folder());
  journal j(*db);
  std::map<int64_t, sequence> last;
  for (int64_t i = 0; i < 1000; i++) {
    int64_t who = i % 7;
    auto& head = last[who];
    head = append(*db, j, {"execution", fmt::format("{}", who)}, head, fmt::format("{}", i));
    testing::acknowledge(i);
    if (i % 5 == 4) j.checkpoint();
  }
}

TEST(journal_crash, every_acknowledged_record_is_found_from_the_heads) {
  for (std::string point : {"store.before_commit", "store.after_commit"})
    for (int passing : {2, 3, 8, 9, 10, 41}) {
      SCOPED_TRACE(fmt::format("{}:{}", point, passing));
      temporary_folder folder;
      auto child =
          testing::run_child("journal_crash.DISABLED_appends", folder.path(), fmt::format("{}:{}", point, passing));
      EXPECT_EQ(child.signal, SIGKILL);
      auto db = open(folder.path());
      journal j(*db);
      std::vector<int64_t> found;
      for (auto& open : j.open())
        db->read([&](reader& r) {
          for (auto& batch : j.read(r, open.last)) found.push_back(std::stoll(batch.records));
          return 0;
        });
      std::sort(found.begin(), found.end());
      // In order, without a gap: all that was acknowledged, and one more where it was durable and nobody told.
      for (size_t i = 0; i < found.size(); i++) EXPECT_EQ(found[i], static_cast<int64_t>(i));
      EXPECT_GE(found.size(), child.acknowledged.size());
      EXPECT_LE(found.size(), child.acknowledged.size() + 1);
    }
}

}  // namespace
}  // namespace mdlc::store
