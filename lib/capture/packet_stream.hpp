// Bytes of one stream to its packets, one after another, with the version that they are read in.
//
// The version comes from the caller, else from the CONNECT in the stream. Where packets stand before any CONNECT, the
// first 64 KiB are read in each version and the one with the fewest faults is kept (5.0 before 3.1.1 before 3.1 when
// they are equal), so nothing comes out of next() until so much has been fed or the input has ended.
//
// Where no packet can start, and behind bytes that are missing, packets are searched for, and the bytes passed over are
// counted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "codec/codec.hpp"

namespace mqtk {

class PacketStream {
 public:
  // Of a longer packet only the beginning is kept.
  static constexpr std::uint32_t max_kept_bytes = 4U * 1024 * 1024;

  struct Options {
    std::optional<Version> version;  // for all packets but CONNECT
    Role sender = Role::unknown;     // of all packets
    std::size_t trial_bytes = 64U * 1024;
    bool in_sync = true;  // the first byte starts a packet
  };

  enum class VersionSource : std::uint8_t { open, asked, connect, tried };

  // How each version fared when the versions were tried.
  struct Trial {
    Version version = Version::v5;
    std::uint32_t faults = 0;
  };

  struct Item {
    enum class State : std::uint8_t {
      whole,
      incomplete,  // the input ended inside the packet, or bytes in it are missing
      unreadable,  // the bytes of a fixed header that cannot be one
      skipped,     // bytes in which no packet was found: `skipped_bytes`, and no packet
    };
    State state = State::whole;
    std::uint64_t offset = 0;
    Bytes bytes;                      // of an unreadable one: its fixed header
    std::uint32_t missing_bytes = 0;  // incomplete only; 1 where even the size is not known
    PacketType type{};
    Version version = Version::v5;
    Role sender = Role::unknown;  // as told, else by the type of packet where only one side sends it
    std::uint64_t skipped_bytes = 0;
    bool left_out = false;  // incomplete only because it is longer than max_kept_bytes, or was given up
  };

  explicit PacketStream(Options options);

  // New bytes go to the end of this buffer; only append. Its memory is reused: items die at the next feed_buffer().
  [[nodiscard]] std::vector<std::uint8_t>& feed_buffer();
  // The same without a copy, only while is_idle(): the bytes must live until keep(), and items die with them.
  void lend(Bytes bytes);
  // What has been lent and not yet been handed out is copied.
  void keep();
  // No more bytes will come.
  void finish() { finished_ = true; }
  // Whoever feeds cannot keep what is not yet whole: next() hands out what there is of a packet as left out, and passes
  // over bytes in which none has been found. Then release(). The stream goes on with what is fed next.
  void give_up() { giving_up_ = true; }
  void release();
  // Memory that it takes beside its own.
  [[nodiscard]] std::size_t held_bytes() const { return buffer_.capacity(); }
  // So many bytes are missing behind those fed. Call next() until it has no more before this, and again after it.
  void lose(std::uint64_t count);
  // The other direction has told the version.
  void learn_version(Version version);
  void set_sender(Role sender) { options_.sender = sender; }

  // The next packet, or nothing until more bytes have been fed. After finish() an incomplete packet is handed out
  // once.
  [[nodiscard]] std::optional<Item> next();
  // The same in place, for many packets: copying one that has just been made takes as long as making it.
  [[nodiscard]] bool next(Item& item);
  // Whether next() has nothing to tell before more is fed.
  [[nodiscard]] bool is_idle() const { return at_ == data().size() && missing_ == 0 && skipped_ == 0; }
  // Offset in the stream of the byte that is fed next.
  [[nodiscard]] std::uint64_t end_offset() const { return base_ + data().size() + lost_; }

  [[nodiscard]] VersionSource version_source() const { return source_; }
  // In the order of preference; only if the versions were tried.
  [[nodiscard]] const std::vector<Trial>& trials() const { return trials_; }
  // Whether all packets that were tried read the same in every version (PINGREQ and PINGRESP do).
  [[nodiscard]] bool trial_was_idle() const { return trial_was_idle_; }

 private:
  [[nodiscard]] Bytes data() const { return lent_ ? *lent_ : Bytes{buffer_}; }
  [[nodiscard]] Bytes ahead() const { return data().subspan(at_); }
  // Nothing that is to come can be waited for.
  [[nodiscard]] bool must_decide() const { return finished_ || giving_up_; }
  [[nodiscard]] bool settle_version();
  void try_versions();
  void learn_from_connect(Item& connect);
  [[nodiscard]] bool last_item(Item& item, const Frame& frame);
  [[nodiscard]] bool is_noise(const Frame& frame, bool& wait) const;
  [[nodiscard]] bool search(Item& item);
  void describe(Item& item, PacketType type) const;
  void cut(Item& item, const Frame& frame);
  void make_unreadable(Item& item);

  Options options_;
  std::vector<std::uint8_t> buffer_;
  std::optional<Bytes> lent_;  // in place of the buffer
  std::size_t at_ = 0;         // of the next packet in the data
  std::uint64_t base_ = 0;     // offset in the stream of the first byte of the data
  bool finished_ = false;
  bool giving_up_ = false;
  bool searching_ = false;
  std::uint64_t skipped_ = 0;       // while searching
  std::uint64_t damaged_left_ = 0;  // bytes to come that belong to a packet with a gap
  std::uint64_t lost_ = 0;          // behind the buffer, not yet in base_
  std::uint32_t missing_ = 0;       // of the packet at the front, told by lose()
  Version version_ = Version::v5;
  VersionSource source_ = VersionSource::open;
  std::vector<Trial> trials_;
  bool trial_was_idle_ = true;
};

// The version that a CONNECT names; nothing for other packets, or if it was not reached or is not supported.
[[nodiscard]] std::optional<Version> version_of_connect(const Annotated& notes);

// What a packet that the input cut off shows: its fields up to the cut, without the faults that the cut itself makes.
// The notes cover the bytes that are there; the value of Remaining Length is the one on the wire. `copy` holds the
// bytes that `Annotated::packet` views.
[[nodiscard]] Annotated annotate_incomplete(Bytes bytes, CodecContext context, std::vector<std::uint8_t>& copy);

}  // namespace mqtk
