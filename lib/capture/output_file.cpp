#include "capture/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace mqtk {
namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

}  // namespace

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::expected<OutputFile, std::error_code> OutputFile::create(std::string path, Existing existing) {
  constexpr int as_always = O_WRONLY | O_CREAT | O_CLOEXEC;
  int descriptor = ::open(path.c_str(), as_always | O_EXCL, 0666);
  if (descriptor >= 0) return OutputFile{std::move(path), descriptor, Content::ours};
  if (errno != EEXIST) return std::unexpected(last_error());
  // A link that leads nowhere is no device either.
  struct stat facts{};
  const bool is_file = ::stat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode);
  if (is_file && existing == Existing::is_refused) return std::unexpected(std::make_error_code(std::errc::file_exists));
  descriptor = ::open(path.c_str(), as_always | (existing == Existing::is_replaced ? O_TRUNC : 0), 0666);
  if (descriptor < 0) return std::unexpected(last_error());
  const Content content = !is_file                            ? Content::of_a_device
                          : existing == Existing::is_replaced ? Content::ours
                                                              : Content::from_before;
  return OutputFile{std::move(path), descriptor, content};
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      content_(other.content_),
      size_(other.size_) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(content_, other.content_);
  std::swap(size_, other.size_);
  return *this;
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::error_code OutputFile::write(Bytes bytes) {
  if (content_ == Content::from_before) {
    if (::ftruncate(descriptor_, 0) != 0) return last_error();
    content_ = Content::ours;
  }
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const std::error_code error = last_error();
      if (::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0) ::lseek(descriptor_, 0, SEEK_END);
      return error;
    }
    done += static_cast<std::size_t>(count);
  }
  size_ += bytes.size();
  return {};
}

std::error_code OutputFile::sync() {
  // Devices and pipes have nothing to wait for.
  if (::fdatasync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) return last_error();
  return {};
}

void OutputFile::remove() {
  if (content_ == Content::ours) ::unlink(path_.c_str());
}

}  // namespace mqtk
