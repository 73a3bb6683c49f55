// The series as a table for spreadsheets and plotting programs (RFC 4180, but line breaks are LF).
#include <array>

#include "base/append_format.hpp"
#include "bench/report.hpp"

namespace mqtk::bench {
namespace {

constexpr std::array kinds = {Latency::connect,    Latency::suback,
                              Latency::publish,    Latency::publish_service,
                              Latency::end_to_end, Latency::end_to_end_service,
                              Latency::round_trip, Latency::round_trip_service,
                              Latency::lateness};

}  // namespace

std::string to_csv(const Report& report) {
  std::string csv =
      "begin_ns,length_ns,sent,acknowledged,received,sent_bytes,received_bytes,errors,"
      "generator_processor_time_ns,generator_memory_bytes,broker_processor_time_ns,broker_memory_bytes";
  for (const Latency kind : kinds) {
    append_format(csv, ",{0}_count,{0}_mean_ns,{0}_p50_ns,{0}_p90_ns,{0}_p99_ns,{0}_p99.9_ns,{0}_max_ns",
                  latency_name(kind));
  }
  csv += '\n';
  for (const LoadInterval& interval : report.result.series) {
    append_format(csv, "{},{},{},{},{},{},{},{},{},{},{},{}", interval.begin.count(), interval.length.count(),
                  interval.traffic.sent, interval.traffic.acknowledged, interval.traffic.received, interval.sent_bytes,
                  interval.received_bytes, interval.errors, interval.generator.processor_time.count(),
                  interval.generator.memory_bytes, interval.broker.processor_time.count(),
                  interval.broker.memory_bytes);
    for (const Latency kind : kinds) {
      const Histogram histogram = interval.latency(kind);
      append_format(csv, ",{}", histogram.count());
      if (histogram.count() == 0) {
        csv += ",,,,,,";
        continue;
      }
      append_format(csv, ",{}", histogram.mean().count());
      for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
        append_format(csv, ",{}", histogram.percentile(percent).count());
      }
      append_format(csv, ",{}", histogram.max().count());
    }
    csv += '\n';
  }
  return csv;
}

}  // namespace mqtk::bench
