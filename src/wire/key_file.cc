#include "wire/key_file.h"

#include "base/bytes.h"

namespace mdlc::wire {
namespace {

constexpr std::string_view file_name = "access-key.json";
constexpr size_t access_key_letters = 16;
constexpr size_t secret_bytes = 30;  // 40 characters of base64

}  // namespace

std::string new_access_key(std::string_view prefix, sys::env& env) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";  // base32's
  std::string bytes(access_key_letters, '\0');
  env.random_bytes(bytes.data(), bytes.size());
  std::string out{prefix};
  for (char c : bytes) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

base::result<client_key> read_key_file(const sys::path& data_folder) {
  MDLC_TRY(auto text, sys::read_file(data_folder / file_name));
  MDLC_TRY(auto parsed, json::parse(text));
  client_key key{std::string{json::text(parsed, "AccessKeyId")}, std::string{json::text(parsed, "SecretAccessKey")}};
  if (key.access_key.empty() || key.secret_key.empty())
    return base::fail(fmt::format("{} holds no access key", (data_folder / file_name).string()));
  return key;
}

base::result<client_key> open_key_file(const sys::path& data_folder, sys::env& env) {
  std::error_code error;
  if (std::filesystem::exists(data_folder / file_name, error)) return read_key_file(data_folder);
  std::string secret(secret_bytes, '\0');
  env.random_bytes(secret.data(), secret.size());
  client_key key{new_access_key("AKIA", env), base::to_base64(secret)};
  auto text = json::print(json::object{{"AccessKeyId", key.access_key}, {"SecretAccessKey", key.secret_key}});
  MDLC_CHECK(sys::write_file_durably(data_folder / file_name, text + "\n", 0600));
  return key;
}

}  // namespace mdlc::wire
