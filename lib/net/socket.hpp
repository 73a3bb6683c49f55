// Opening sockets the way all of ours are: non-blocking, closed on exec, TCP_NODELAY. Private to lib/net.
#pragma once

#include <expected>
#include <string>
#include <system_error>
#include <utility>

#include "net/endpoint.hpp"
#include "net/file_descriptor.hpp"
#include "net/socket_address.hpp"

namespace mqtk {

[[nodiscard]] std::expected<FileDescriptor, std::error_code> open_tcp_socket(const SocketAddress& address);

[[nodiscard]] std::error_code bind_socket(const FileDescriptor& socket, const SocketAddress& address);

// Success also when the connection is only on its way: the socket becomes writable when it is decided.
[[nodiscard]] std::error_code start_connecting(const FileDescriptor& socket, const SocketAddress& address);

// How connecting ended; also takes the error off the socket.
[[nodiscard]] std::error_code pending_error(const FileDescriptor& socket);

[[nodiscard]] std::expected<std::pair<FileDescriptor, SocketAddress>, std::error_code> accept_from(
    const FileDescriptor& listening);

[[nodiscard]] std::expected<SocketAddress, std::error_code> local_address(const FileDescriptor& socket);

// --- sockets that somebody else has opened

[[nodiscard]] std::error_code make_non_blocking(const FileDescriptor& socket);
// Where a TCP or Unix socket listens; an error if it does not.
[[nodiscard]] std::expected<Endpoint, std::error_code> endpoint_of_listening(const FileDescriptor& socket);

// --- Unix sockets. `path` is a file, or with a leading '@' a name in Linux's abstract namespace.
// -------------------------

[[nodiscard]] std::expected<FileDescriptor, std::error_code> open_unix_socket();
[[nodiscard]] std::error_code start_connecting(const FileDescriptor& socket, const std::string& path);

// Two that are connected to each other, without a path.
[[nodiscard]] std::expected<std::pair<FileDescriptor, FileDescriptor>, std::error_code> open_unix_socket_pair();

// A file that nobody listens at any more is replaced; any other one is address_in_use.
[[nodiscard]] std::error_code bind_socket(const FileDescriptor& socket, const std::string& path);

}  // namespace mqtk
