#include "cli/packet_viewer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/append_format.hpp"
#include "base/json_text.hpp"
#include "base/quoted_text.hpp"
#include "capture/annotated_view.hpp"
#include "capture/packet_json.hpp"
#include "capture/packet_line.hpp"
#include "capture/tree_view.hpp"

namespace mqtk::cli {

PacketViewer::PacketViewer(const ViewOptions& options, std::unique_ptr<StreamFile> written, Target target)
    : options_(options),
      waiting_(target.waiting),
      paint_(use_color(options.color, target.descriptor) ? Paint::colored : Paint::plain),
      output_(target.descriptor),
      written_(std::move(written)),
      payloads_(options.payload) {}

void PacketViewer::show(const PacketRecord& record, const FlowCheck* flow) {
  // Without them what else is written could not be read: they tell the version and the limits.
  const bool opens = record.type == PacketType::connect || record.type == PacketType::connack;
  if (written_ && opens) written_->append(record);
  // Read before --where, so that the names of births are known whatever is shown.
  const PayloadReading& payload = payloads_.read(record);
  if (options_.where && !options_.where->matches({record, flow})) return;
  ++packets_;
  problems_ += record.problems.size() + (record.missing_bytes > 0 ? 1U : 0U);
  const bool is_cut = record.missing_bytes > 0 && !record.left_out;
  const bool broken = is_cut || std::ranges::any_of(record.problems, [](const Problem& problem) {
                        return rule_info(problem.fault.rule).rule_class != RuleClass::advice;
                      });
  problems_ += payload.findings.size();
  if ((broken || !payload.findings.empty()) && status_ == ExitStatus::done) status_ = ExitStatus::malformed_input;
  if (options_.statistics) statistics_.count(record, flow);
  if (written_ && !opens) written_->append(record);
  append_view(record, flow, payload);
  if (waiting_ == Waiting::in_calls) output_.wrote();
}

namespace {

// The member of JSON; empty if there is nothing to say.
std::string payload_member(const PayloadReading& payload) {
  if (payload.format.empty()) return {};
  std::string out = R"("payload_decoded":{"format":")";
  out.append(payload.format).append("\"");
  if (!payload.json.empty()) out.append(R"(,"value":)").append(payload.json);
  if (!payload.error.empty()) {
    out += R"(,"error":)";
    append_json_string(out, payload.error);
  }
  if (!payload.findings.empty()) out += R"(,"findings":[)";
  for (const SparkplugFinding& finding : payload.findings) {
    if (out.back() != '[') out += ',';
    out += R"({"statement":)";
    if (finding.statement.empty()) {
      out += "null";
    } else {
      append_json_string(out, finding.statement);
    }
    out += R"(,"message":)";
    append_json_string(out, finding.message);
    out += '}';
  }
  if (!payload.findings.empty()) out += ']';
  return out + '}';
}

void append_payload_lines(std::string& out, const PayloadReading& payload, Paint paint) {
  if (payload.format.empty()) return;
  Painter painter{out, paint};
  if (!payload.text.empty()) {
    painter.spaces(2);
    painter(Ink::faint, "= ");
    out.append(payload.format).append(" ").append(payload.text).append("\n");
  }
  if (!payload.error.empty()) {
    painter.spaces(2);
    painter(Ink::caution, fmt::format("= not {}: {}", payload.format, payload.error));
    out += '\n';
  }
  for (const SparkplugFinding& finding : payload.findings) {
    painter.spaces(2);
    painter(Ink::failure, finding.statement.empty() ? "! " + finding.message
                                                    : fmt::format("! {} [{}]", finding.message, finding.statement));
    out += '\n';
  }
}

}  // namespace

void PacketViewer::append_view(const PacketRecord& record, const FlowCheck* flow, const PayloadReading& payload) {
  std::string& out = output_.buffer();
  const AnnotatedViewStyle style{paint_, secrets(), options_.full ? Folding::full : Folding::folded};
  switch (view_) {
    case View::annotated: append_annotated_view(out, record, style); break;
    case View::tree: append_tree_view(out, record, style); break;
    case View::line: append_packet_line(out, record, {paint_, secrets()}); break;
    case View::json:
      append_packet_json(out, record, secrets(), payload_member(payload));
      out += '\n';
      break;
    case View::fields: append_fields(record, flow); break;
    case View::none: break;
  }
  if (view_ == View::annotated || view_ == View::tree) {
    if (payload.format.empty()) return;
    out.pop_back();  // the empty line comes behind the payload
    append_payload_lines(out, payload, paint_);
    out += '\n';
  } else if (view_ == View::line && !payload.format.empty()) {
    append_payload_lines(out, payload, paint_);
  }
}

// A tab between fields, commas between the values of one. What would break a table is escaped.
void PacketViewer::append_fields(const PacketRecord& record, const FlowCheck* flow) {
  std::string& out = output_.buffer();
  for (const PacketField field : options_.fields) {
    if (field != options_.fields.front()) out += '\t';
    bool first = true;
    for_each_value(field, {record, flow}, [&](const FieldValue& value) {
      if (!first) out += ',';
      first = false;
      if (const auto* number = std::get_if<std::uint64_t>(&value)) {
        append_format(out, "{}", *number);
        return;
      }
      const std::string_view text = std::get<std::string_view>(value);
      std::string quoted;
      append_quoted(quoted, as_bytes(text));
      // The quotation marks are of no use in a table; their escapes are.
      out += std::string_view{quoted}.substr(1, quoted.size() - 2);
    });
  }
  out += '\n';
}

void PacketViewer::count_problem(ExitStatus status) {
  ++problems_;
  if (status_ == ExitStatus::done) status_ = status;
}

void PacketViewer::complain(const std::string& source_name, const std::string& text, ExitStatus status) {
  if (waiting_ == Waiting::in_calls) output_.flush();
  report(source_name.empty() ? text : source_name + ": " + text);
  if (status == ExitStatus::usage || status_ == ExitStatus::done) status_ = status;
}

void PacketViewer::append_summary() {
  if (view_ == View::json) {
    append_format(output_.buffer(), R"({{"summary":{{"packets":{},"problems":{},"streams":{}}}}})", packets_, problems_,
                  streams);
    output_.buffer() += '\n';
  } else {
    append_format(output_.buffer(), "{} packet{}, {} problem{}, {} stream{}\n", packets_, packets_ == 1 ? "" : "s",
                  problems_, problems_ == 1 ? "" : "s", streams, streams == 1 ? "" : "s");
  }
}

void PacketViewer::finish() {
  if (options_.statistics && view_ == View::json) {
    statistics_.append_json(output_.buffer());
  } else if (options_.statistics) {
    statistics_.append(output_.buffer());
  }
  if (options_.summary) append_summary();
  output_.flush();
  if (!written_) return;
  if (const std::string failure = written_->finish(); !failure.empty()) {
    complain("", failure, ExitStatus::local_failure);
  }
}

}  // namespace mqtk::cli
