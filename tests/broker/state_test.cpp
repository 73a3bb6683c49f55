// What a broker keeps on a disk: written by one broker, brought back by another.
#include "broker/state_fixture.hpp"

using namespace mqtk::wire;
using mqtk::again;
using mqtk::connack_present;
using mqtk::Disk;
using mqtk::KeepingBroker;
using mqtk::magic;
using mqtk::one_hour;
using mqtk::Peer;
using mqtk::publish_as_other;

TEST_CASE("a Session, its subscription and the messages that wait for it survive the broker") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer away(broker);
    away.connect(again("a")).subscribe("t/#", 2);
    away.vanish();
    publish_as_other(broker, {.topic = "t/1", .payload = "one", .qos = 1, .id = 9});
    publish_as_other(broker,
                     {.topic = "t/2", .payload = "two", .qos = 2, .id = 9, .properties = user_property("n", "v")});
    publish_as_other(broker, {.topic = "t/3", .payload = "not kept", .qos = 0});
  }
  KeepingBroker broker(disk, std::chrono::seconds{60});
  CHECK(broker.kept.sessions == 1);
  CHECK(broker.kept.queued == 2);
  CHECK(broker.kept.cut_bytes == 0);
  Peer back(broker);
  back.send(connect(again("a")));
  EXPECT_GOT(back,
             connack_present + publish({.topic = "t/1", .payload = "one", .qos = 1, .id = 1}) +
                 publish({.topic = "t/2", .payload = "two", .qos = 2, .id = 2, .properties = user_property("n", "v")}));
  publish_as_other(broker, {.topic = "t/4", .payload = "subscribed", .qos = 0});
  EXPECT_GOT(back, publish({.topic = "t/4", .payload = "subscribed"}));
}

TEST_CASE("a message that was sent and not acknowledged is sent again with its Packet Identifier") {
  // shows 5.0: MQTT-4.4.0-1 MQTT-3.3.1-1
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer client(broker);
    client.connect(again("a")).subscribe("t", 1);
    publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 9});
    publish_as_other(broker, {.topic = "t", .payload = "2", .qos = 1, .id = 9});
    publish_as_other(broker, {.topic = "t", .payload = "3", .qos = 1, .id = 9});
    client.send(ack(0x40, 2));
  }
  KeepingBroker broker(disk);
  Peer back(broker);
  back.send(connect(again("a")));
  EXPECT_GOT(back, connack_present + publish({.topic = "t", .payload = "1", .qos = 1, .id = 1, .dup = true}) +
                       publish({.topic = "t", .payload = "3", .qos = 1, .id = 3, .dup = true}));
}

TEST_CASE("a QoS 2 message that the client has received is only released after a restart") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer client(broker);
    client.connect(again("a")).subscribe("t", 2);
    publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 2, .id = 9});
    client.send(ack(0x50, 1));
    EXPECT_GOT(client, publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}) + ack(0x62, 1));
  }
  KeepingBroker broker(disk);
  Peer back(broker);
  back.send(connect(again("a")));
  EXPECT_GOT(back, connack_present + ack(0x62, 1));
  back.send(ack(0x70, 1));
  KeepingBroker third(disk);
  CHECK(third.kept.queued == 0);
}

TEST_CASE("a QoS 2 message that the broker has taken over is not delivered again when it is repeated after a restart") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer away(broker);
    away.connect(again("away")).subscribe("t", 2);
    away.vanish();
    Peer publisher(broker);
    publisher.connect(again("p")).send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 7}));
    EXPECT_GOT(publisher, ack(0x50, 7));
  }
  KeepingBroker broker(disk);
  Peer publisher(broker);
  publisher.connect(again("p")).send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 7, .dup = true}));
  EXPECT_GOT(publisher, ack(0x50, 7));
  publisher.send(ack(0x62, 7));
  EXPECT_GOT(publisher, ack(0x70, 7));
  publisher.send(publish({.topic = "t", .payload = "2", .qos = 2, .id = 7}));
  Peer away(broker);
  away.send(connect(again("away")));
  EXPECT_GOT(away, connack_present + publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}) +
                       publish({.topic = "t", .payload = "2", .qos = 2, .id = 2}));
}

TEST_CASE("retained messages survive, deleted and expired ones do not come back") {
  Disk disk;
  const Octets ten_minutes = hex("02 00 00 02 58");  // Message Expiry Interval
  {
    KeepingBroker broker(disk);
    publish_as_other(broker, {.topic = "a", .payload = "kept", .retain = true});
    publish_as_other(broker, {.topic = "b", .payload = "deleted", .retain = true});
    publish_as_other(broker, {.topic = "b", .payload = "", .retain = true});
    publish_as_other(broker, {.topic = "c", .payload = "short", .retain = true, .properties = ten_minutes});
    publish_as_other(broker, {.topic = "d", .payload = "old", .retain = true});
    publish_as_other(broker, {.topic = "d", .payload = "new", .retain = true});
  }
  {
    KeepingBroker broker(disk, std::chrono::minutes{4});
    CHECK(broker.kept.retained == 3);
    Peer client(broker);
    client.connect({.id = "x"}).send(subscribe(1, {{"#", 0}}));
    EXPECT_GOT(client,
               hex("90 04 00 01 00 00") + publish({.topic = "a", .payload = "kept", .retain = true}) +
                   publish({.topic = "c", .payload = "short", .retain = true, .properties = hex("02 00 00 01 68")}) +
                   publish({.topic = "d", .payload = "new", .retain = true}));
  }
  KeepingBroker broker(disk, std::chrono::minutes{11});
  CHECK(broker.kept.retained == 2);
}

TEST_CASE("a Session ends while the broker is away, and its Will is published") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer away(broker);
    away.connect({.id = "a", .properties = one_hour}).subscribe("t", 1);
    away.vanish();
    Peer watcher(broker);
    watcher.connect({.id = "watcher", .properties = hex("11 FF FF FF FF")}).subscribe("will", 1);
    Peer here(broker);
    here.connect({.id = "b", .properties = one_hour, .will = Will{.topic = "will", .payload = "gone", .qos = 1}});
  }
  KeepingBroker broker(disk, std::chrono::hours{2});
  CHECK(broker.count_events("session_ended a") == 1);
  CHECK(broker.count_events("will_published b") == 1);
  Peer watcher(broker);
  watcher.send(connect({.id = "watcher", .clean = false, .properties = hex("11 FF FF FF FF")}));
  EXPECT_GOT(watcher, connack_present + publish({.topic = "will", .payload = "gone", .qos = 1, .id = 1}));
}

TEST_CASE("a Session that ends with its connection leaves nothing on the disk") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer kept(broker);
    kept.connect(again("a")).subscribe("t", 1);
    kept.vanish();
    Peer last(broker);
    last.connect({.id = "a", .clean = false});
    Peer brief(broker);
    brief.connect({.id = "b"}).subscribe("t", 1);
  }
  KeepingBroker broker(disk);
  CHECK(broker.kept.sessions == 0);
  CHECK(disk.log == magic);
}

TEST_CASE("nothing is acknowledged that could not be written, and nobody is served any more") {
  Disk disk;
  KeepingBroker broker(disk);
  Peer away(broker);
  away.connect(again("a")).subscribe("t", 1);
  away.vanish();
  Peer publisher(broker);
  publisher.connect({.id = "p"});
  disk.full = true;
  publisher.send(publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}));
  CHECK(publisher.got().empty());
  CHECK(publisher.closed());
  CHECK(broker.count_events("state_lost") == 1);
  Peer late(broker);
  CHECK(late.closed());
}

TEST_CASE("a log that is cut anywhere is read up to its last whole frame") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    for (const char* topic : {"a", "b", "c"})
      publish_as_other(broker, {.topic = topic, .payload = "x", .retain = true});
  }
  const Octets whole = disk.log;
  std::uint64_t before = 0;
  for (std::size_t size = magic.size(); size <= whole.size(); ++size) {
    Disk cut;
    cut.log = whole.substr(0, size);
    KeepingBroker broker(cut);
    CHECK(broker.kept.retained >= before);
    before = broker.kept.retained;
    if (broker.kept.cut_bytes > 0) CHECK(cut.damaged == whole.substr(0, size));
    Disk again = cut;
    KeepingBroker second(again);
    CHECK(second.kept.cut_bytes == 0);
    CHECK(second.kept.retained == before);
  }
  CHECK(before == 3);
}

TEST_CASE("a frame with a wrong byte and all behind it are left out") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    for (const char* topic : {"a", "b", "c"})
      publish_as_other(broker, {.topic = topic, .payload = "x", .retain = true});
  }
  disk.log[magic.size() + 20] ^= 1;
  KeepingBroker broker(disk);
  CHECK(broker.kept.retained == 0);
  CHECK(broker.kept.cut_bytes > 50);
  CHECK(broker.kept.damaged_log == "damaged");
}

TEST_CASE("the log of one retained message is the bytes that its format says") {
  Disk disk;
  KeepingBroker broker(disk);
  publish_as_other(broker, {.topic = "a", .payload = "x", .retain = true});
  // message 1, its time as 9 bytes of a number, 7 bytes of PUBLISH; retained: message 1
  const Octets records = disk.log.substr(magic.size() + 8);
  REQUIRE(records.size() == 2 + 9 + 1 + 7 + 2);
  CHECK(records.substr(0, 2) == hex("07 01"));
  CHECK(records.substr(11) == hex("07 31 05 00 01 61 00 78 08 01"));
}

TEST_CASE("a member's unfinished share goes to another member when its Session ends after a restart") {
  // shows 5.0: MQTT-4.8.2-4
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer first(broker);
    first.connect({.id = "first", .clean = false, .properties = hex("11 00 00 00 64")}).subscribe("$share/g/t", 1);
    first.vanish();
    publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 9});
  }
  KeepingBroker broker(disk);
  Peer second(broker);
  second.connect({.id = "second"}).subscribe("$share/g/t", 1);
  CHECK(second.got().empty());
  broker.advance(std::chrono::seconds{101});
  EXPECT_GOT(second, publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}));
}
