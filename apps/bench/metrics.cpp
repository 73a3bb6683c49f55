#include "bench/metrics.hpp"

#include "base/append_format.hpp"

namespace mqtk::bench {

void Metrics::add(const LoadInterval& interval) {
  total_.add(interval);
  latest_ = interval;
}

// Counters only grow; latencies are of all that was measured so far, as the format's summaries are.
std::string Metrics::text() const {
  std::string text;
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    append_format(text, "# HELP mqtk_bench_{0} {1}\n# TYPE mqtk_bench_{0} counter\nmqtk_bench_{0} {2}\n", name, help,
                  value);
  };
  counter("sent_messages_total", "Messages sent.", total_.traffic.sent);
  counter("acknowledged_messages_total", "Messages acknowledged with success.", total_.traffic.acknowledged);
  counter("received_messages_total", "Messages received.", total_.traffic.received);
  counter("sent_payload_bytes_total", "Bytes of payloads sent.", total_.sent_bytes);
  counter("received_payload_bytes_total", "Bytes of payloads received.", total_.received_bytes);
  counter("errors_total", "Errors of all kinds.", total_.errors);
  text += "# HELP mqtk_bench_latency_seconds Latencies by kind.\n# TYPE mqtk_bench_latency_seconds summary\n";
  for (const LoadInterval::Recorded& recorded : total_.latencies) {
    const Histogram histogram{recorded.histogram};
    const std::string_view kind = latency_name(recorded.kind);
    for (const auto& [quantile, percent] : {std::pair{"0.5", 50.0}, {"0.9", 90.0}, {"0.99", 99.0}, {"0.999", 99.9}}) {
      append_format(text, "mqtk_bench_latency_seconds{{kind=\"{}\",quantile=\"{}\"}} {}\n", kind, quantile,
                    to_seconds(histogram.percentile(percent)));
    }
    const auto count = static_cast<double>(histogram.count());
    append_format(text, "mqtk_bench_latency_seconds_sum{{kind=\"{}\"}} {}\n", kind,
                  to_seconds(histogram.mean()) * count);
    append_format(text, "mqtk_bench_latency_seconds_count{{kind=\"{}\"}} {}\n", kind, histogram.count());
  }
  const auto process = [&](std::string_view name, const ProcessUse& all, const ProcessUse& now) {
    if (now.memory_bytes == 0) return;
    append_format(text, "# TYPE mqtk_bench_{0}_cpu_seconds_total counter\nmqtk_bench_{0}_cpu_seconds_total {1}\n", name,
                  to_seconds(all.processor_time));
    append_format(text, "# TYPE mqtk_bench_{0}_memory_bytes gauge\nmqtk_bench_{0}_memory_bytes {1}\n", name,
                  now.memory_bytes);
  };
  process("generator", total_.generator, latest_.generator);
  // LoadInterval::add takes the broker's for one and the same.
  if (latest_.broker.memory_bytes > 0) {
    append_format(text, "# TYPE mqtk_bench_broker_memory_bytes gauge\nmqtk_bench_broker_memory_bytes {}\n",
                  latest_.broker.memory_bytes);
  }
  return text;
}

}  // namespace mqtk::bench
