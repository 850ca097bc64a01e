// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Signatures take nine tenths of a start. All of these functions give the same answer for the same bytes, so
// the library is asked once and its answer is remembered: most images of one workload lead to the same few
// logs. These symbols of the program stand before the library's own. Thread rule: any thread.
#include <dlfcn.h>
#include <psa/crypto.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace {

constexpr std::size_t kRememberedMax = 20'000;

struct Answer {
  psa_status_t status = PSA_ERROR_GENERIC_ERROR;
  std::string bytes;
};

std::mutex mutex;
std::map<mbedtls_svc_key_id_t, std::string> keys;  // of elliptic curves: what was imported
std::map<std::string, Answer> answers;

std::string text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string key_of(mbedtls_svc_key_id_t id) {
  const std::lock_guard lock(mutex);
  const auto found = keys.find(id);
  return found == keys.end() ? std::string() : found->second;
}

/// The library's answer to a question, or the one it gave before. Without a name of the key nothing is
/// remembered.
template <class Ask>
Answer remembered(const std::string& key, const std::string& question, const Ask& ask) {
  if (key.empty()) return ask();
  const std::string whole = question + '\0' + key;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = answers.find(whole); found != answers.end()) return found->second;
  }
  const Answer answer = ask();
  const std::lock_guard lock(mutex);
  if (answers.size() >= kRememberedMax) answers.clear();
  answers[whole] = answer;
  return answer;
}

psa_status_t give(const Answer& answer, std::uint8_t* out, std::size_t room, std::size_t* size) {
  if (answer.status != PSA_SUCCESS) return answer.status;
  if (answer.bytes.size() > room) return PSA_ERROR_BUFFER_TOO_SMALL;
  answer.bytes.copy(reinterpret_cast<char*>(out), answer.bytes.size());
  *size = answer.bytes.size();
  return PSA_SUCCESS;
}

template <class Function>
Function* library(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

psa_status_t psa_import_key(const psa_key_attributes_t* attributes, const uint8_t* data, size_t size,
                            mbedtls_svc_key_id_t* key) {
  static auto* const real = library<decltype(psa_import_key)>("psa_import_key");
  const psa_status_t status = real(attributes, data, size, key);
  const std::lock_guard lock(mutex);
  keys.erase(*key);
  const bool is_curve = PSA_KEY_TYPE_IS_ECC(psa_get_key_type(attributes));
  if (status == PSA_SUCCESS && is_curve) keys[*key] = text_of(data, size);
  return status;
}

psa_status_t psa_export_public_key(mbedtls_svc_key_id_t key, uint8_t* data, size_t room, size_t* size) {
  static auto* const real = library<decltype(psa_export_public_key)>("psa_export_public_key");
  const auto ask = [&] {
    Answer answer;
    answer.status = real(key, data, room, size);
    if (answer.status == PSA_SUCCESS) answer.bytes = text_of(data, *size);
    return answer;
  };
  return give(remembered(key_of(key), "public key", ask), data, room, size);
}

psa_status_t psa_sign_message(mbedtls_svc_key_id_t key, psa_algorithm_t algorithm, const uint8_t* input,
                              size_t input_size, uint8_t* signature, size_t room, size_t* size) {
  static auto* const real = library<decltype(psa_sign_message)>("psa_sign_message");
  const auto ask = [&] {
    Answer answer;
    answer.status = real(key, algorithm, input, input_size, signature, room, size);
    if (answer.status == PSA_SUCCESS) answer.bytes = text_of(signature, *size);
    return answer;
  };
  const bool same_again = PSA_ALG_IS_DETERMINISTIC_ECDSA(algorithm);
  const std::string question = "sign " + text_of(input, input_size);
  return give(remembered(same_again ? key_of(key) : "", question, ask), signature, room, size);
}

psa_status_t psa_verify_message(mbedtls_svc_key_id_t key, psa_algorithm_t algorithm, const uint8_t* input,
                                size_t input_size, const uint8_t* signature, size_t size) {
  static auto* const real = library<decltype(psa_verify_message)>("psa_verify_message");
  const auto ask = [&] { return Answer{real(key, algorithm, input, input_size, signature, size), {}}; };
  const std::string question = "verify " + text_of(signature, size) + text_of(input, input_size);
  return remembered(key_of(key), question, ask).status;
}

}  // extern "C"
