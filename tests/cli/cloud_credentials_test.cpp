#include "cli/cloud_credentials.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/hex.hpp"

using namespace mqtk;
using namespace mqtk::cli;
using namespace std::chrono_literals;

namespace {

const std::string connection_string =
    "HostName=plant.azure-devices.net;DeviceId=sensor-7;"
    "SharedAccessKey=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

DeviceConnection device(const std::string& text) {
  auto parsed = parse_connection_string(text);
  if (!parsed) FAIL(parsed.error());
  return *parsed;
}

std::string refusal(const std::string& text) {
  const auto parsed = parse_connection_string(text);
  return parsed ? "accepted" : parsed.error();
}

// The keys of the examples in AWS's documentation.
const AwsKeys example_keys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

}  // namespace

TEST_CASE("a device connection string gives the hub, the Client Identifier and the user name") {
  const DeviceConnection it = device(connection_string);
  CHECK(it.host_name == "plant.azure-devices.net");
  CHECK(it.client_identifier() == "sensor-7");
  CHECK(it.user_name() == "plant.azure-devices.net/sensor-7/?api-version=2021-04-12");
  const DeviceConnection module = device(connection_string + ";ModuleId=camera;GatewayHostName=edge.local");
  CHECK(module.client_identifier() == "sensor-7/camera");
  CHECK(module.user_name() == "plant.azure-devices.net/sensor-7/camera/?api-version=2021-04-12");
  CHECK(module.gateway_host == "edge.local");
}

TEST_CASE("a Shared Access Signature is the HMAC of the device and the time of its end") {
  // printf 'plant.azure-devices.net%%2Fdevices%%2Fsensor-7\n1800000000' |
  //   openssl dgst -sha256 -mac HMAC -macopt key:0123456789abcdef0123456789abcdef -binary | base64
  CHECK(shared_access_signature(device(connection_string), std::chrono::sys_seconds{1'800'000'000s}) ==
        "SharedAccessSignature sr=plant.azure-devices.net%2Fdevices%2Fsensor-7&"
        "sig=UhwlomdXZx3vi%2BXV2duLWj600nQ7RsiAebXPnM06eDY%3D&se=1800000000");
}

TEST_CASE("damaged connection strings are refused without repeating them") {
  CHECK(refusal("") == "not HostName=...;DeviceId=...;SharedAccessKey=...");
  CHECK(refusal("HostName=h;DeviceId=d") == "not HostName=...;DeviceId=...;SharedAccessKey=...");
  CHECK(refusal("HostName=h;DeviceId=d;SharedAccessKey=?") == "SharedAccessKey is no Base64");
  CHECK(refusal("HostName=h;HostName=i") == "HostName is empty or given twice");
  CHECK(refusal("DeviceId=") == "DeviceId is empty or given twice");
  CHECK(refusal("HostName=a b") == "HostName holds blanks");
  CHECK(refusal("Endpoint=sb://x") == "names something else than a device of an IoT Hub has");
}

TEST_CASE("the signing key is that of AWS's example") {
  const auto key = aws_signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam");
  REQUIRE(key.has_value());
  CHECK(to_hex(*key) == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST_CASE("a signed URL is that of AWS's example") {
  // "Authenticating Requests: Using Query Parameters" in the documentation of Amazon S3
  const AwsRequest request{.host = "examplebucket.s3.amazonaws.com",
                           .path = "/test.txt",
                           .region = "us-east-1",
                           .service = "s3",
                           .payload_hash = "UNSIGNED-PAYLOAD",
                           .expires_in = 86400s};
  CHECK(aws_signed_query(request, example_keys, *parse_rfc3339("2013-05-24T00:00:00Z")) ==
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&"
        "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("the session token of temporary keys follows behind the signature") {
  AwsKeys keys = example_keys;
  keys.session_token = "a/b+c";
  const AwsRequest request{.host = "x-ats.iot.eu-central-1.amazonaws.com",
                           .path = "/mqtt",
                           .region = "eu-central-1",
                           .service = "iotdevicegateway",
                           .payload_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                           .expires_in = {}};
  const auto query = aws_signed_query(request, keys, *parse_rfc3339("2026-11-20T23:56:54Z"));
  REQUIRE(query.has_value());
  CHECK(
      query->starts_with("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261120%2F"
                         "eu-central-1%2Fiotdevicegateway%2Faws4_request&X-Amz-Date=20261120T235654Z&"
                         "X-Amz-SignedHeaders=host&X-Amz-Signature="));
  CHECK(query->ends_with("&X-Amz-Security-Token=a%2Fb%2Bc"));
}

TEST_CASE("the region is part of AWS's host names") {
  CHECK(aws_region_of("a1b2c3-ats.iot.eu-central-1.amazonaws.com") == "eu-central-1");
  CHECK(aws_region_of("a1b2c3.iot.cn-north-1.amazonaws.com.cn") == "cn-north-1");
  CHECK(aws_region_of("localhost") == "");
}
