// What tools/apigen writes for toy.json compiles, and its values come back as they went.
#include <cstdio>

#include "services/toy/model.h"

namespace toy = mdlc::services::toy::model;
namespace json = mdlc::json;

template <class T>
bool comes_back(const char* text) {
  T v;
  from_json(*json::parse(text), v);
  const std::string got = json::print(to_json(v));
  if (got == text) return true;
  std::printf("sent %s\ngot  %s\n", text, got.c_str());
  return false;
}

int main() {
  using mdlc::wire::operation;
  static_assert(std::is_same_v<toy::Toy::input, toy::Everything>);
  static_assert(std::is_same_v<toy::PutToy::output, toy::ToyShape>);
  static_assert(std::is_same_v<toy::DeleteToy::input, toy::DeleteToyRequest>);

  bool good = comes_back<toy::DeleteToyResponse>("{}");
  good &= comes_back<toy::PutToyRequest>(R"({"Toy":{"Toy":"a"},"Either":{"Other":1}})");
  good &= comes_back<toy::ToyBroken>(R"({"message":"m","Pieces":2})");
  good &= comes_back<toy::ToyShape>(
      R"({"Toy":"a","Inside":{"Toy":"b","Inside":{"Toy":"c"}},"Around":[{"Toy":"d"}],"ByName":{"e":{"Toy":"f"}}})");
  good &= comes_back<toy::Everything>(
      R"({"Name":"n","Count":1,"Long":2,"Share":0.5,"Flag":true,"Seen":1372636800,"Made":1372636801,"Bytes":"AP8=",)"
      R"("Parts":["AA=="],"Toys":[],"Flat":["a"],"Metadata":{"k":"v"},"Free":{"a":[1]},)"
      R"("Everything":"e","operator":"red"})");
  return good ? 0 : 1;
}
