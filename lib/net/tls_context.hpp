// One side's TLS settings, ready for many connections: files are read once, and sessions are kept for resumption.
//
// May be shared between threads.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "net/tls_options.hpp"

namespace mqtk {

class TlsContext {
 public:
  using Made = std::expected<std::shared_ptr<TlsContext>, std::string>;

  // The error is one line that names the file or value and what is wrong with it. Never a pass phrase.
  [[nodiscard]] static Made for_client(const TlsClientOptions& options);
  [[nodiscard]] static Made for_server(const TlsServerOptions& options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  // For lib/net.
  class Parts;
  [[nodiscard]] Parts& parts() const { return *parts_; }

 private:
  explicit TlsContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace mqtk
