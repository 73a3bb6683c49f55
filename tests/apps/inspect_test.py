"""Runs mqtk-inspect as users do: arguments, files, pipes; compares whole outputs and the exit status.

MQTK_BIN_DIR is where the program is.
"""

import collections
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import traceback

PROGRAM = pathlib.Path(os.environ["MQTK_BIN_DIR"]) / "mqtk-inspect"
DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "packets"
SANITIZED = b"__asan_init" in PROGRAM.read_bytes() or b"__tsan_init" in PROGRAM.read_bytes()

CONNECT_5 = (
    "10 32 0004 4D515454 05 EE 003C 05 11 0000000A 0003 616263"
    " 05 18 00000005 0003 772F74 0004 676F6E65 0002 6D65 0006 736563726574"
)

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run(*arguments, stdin=b"", timeout=60, **options):
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
    result = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, timeout=timeout,
                            env=environment, check=False, **options)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def check_equal(found, expected):
    assert found == expected, f"found:\n{found}\nexpected:\n{expected}"


@test
def a_connect_of_5_0_with_will_and_properties_is_shown_field_by_field():
    status, out, err = run(CONNECT_5)
    check_equal(out, """\
CONNECT  MQTT 5.0, client to server, packet 0, 52 bytes at offset 0
      0  10                       Packet Type and Flags
         0001 ....                  Packet Type              1       CONNECT
         .... 0000                  Reserved                 0
      1  32                       Remaining Length           50
      2  00 04                    Protocol Name Length       4
      4  4d 51 54 54              Protocol Name              "MQTT"
      8  05                       Protocol Version           5       MQTT 5.0
      9  ee                       Connect Flags
         1... ....                  User Name Flag           1
         .1.. ....                  Password Flag            1
         ..1. ....                  Will Retain              1
         ...0 1...                  Will QoS                 1       at least once
         .... .1..                  Will Flag                1
         .... ..1.                  Clean Start              1
         .... ...0                  Reserved                 0
     10  00 3c                    Keep Alive                 60      seconds
     12                           Properties                         6 bytes
     12  05                         Property Length          5
     13                             Session Expiry Interval          5 bytes
     13  11                           Property Identifier    17      Session Expiry Interval
     14  00 00 00 0a                  Value                  10      seconds
     18  00 03                    Client Identifier Length   3
     20  61 62 63                 Client Identifier          "abc"
     23                           Will                               17 bytes
     23                             Will Properties                  6 bytes
     23  05                           Property Length        5
     24                               Will Delay Interval            5 bytes
     24  18                             Property Identifier  24      Will Delay Interval
     25  00 00 00 05                    Value                5       seconds
     29  00 03                      Will Topic Length        3
     31  77 2f 74                   Will Topic               "w/t"
     34  00 04                      Will Payload Length      4
     36  67 6f 6e 65                Will Payload             "gone"  4 bytes
     40  00 02                    User Name Length           2
     42  6d 65                    User Name                  "me"
     44  00 06                    Password Length            6
     46  ** ** ** ** ** **        Password                   ***     6 bytes, hidden

""")
    check_equal((status, err), (0, ""))


@test
def json_is_one_object_per_packet_and_a_summary_at_the_end():
    status, out, err = run("--json", "--summary", CONNECT_5, "c0 00", "36 07 0001 61 000A 00 62")
    check_equal(out, (
        '{"index":0,"offset":0,"length":52,"type":"CONNECT","time":null,"direction":"client_to_server","stream":1,'
        '"protocol_version":5,"fields":{"protocol_name":"MQTT","protocol_level":5,"clean_start":true,"keep_alive":60,'
        '"client_identifier":"abc","will":{"topic":"w/t","qos":1,"retain":true,"payload":"gone",'
        '"properties":{"will_delay_interval":5}},"user_name":"me","password":"***",'
        '"properties":{"session_expiry_interval":10}},"problems":[]}\n'
        '{"index":1,"offset":52,"length":2,"type":"PINGREQ","time":null,"direction":"client_to_server","stream":1,'
        '"protocol_version":5,"fields":{},"problems":[]}\n'
        '{"index":2,"offset":54,"length":9,"type":"PUBLISH","time":null,"direction":null,"stream":1,'
        '"protocol_version":5,"fields":{"dup":false,"qos":3,"retain":false,"topic_name":"a","packet_identifier":10,'
        '"payload":"b"},"problems":[{"severity":"error","class":"malformed_packet","rule":"qos_reserved",'
        '"statement":"MQTT-3.3.1-4","offset":0,"length":1,"reason_code":129,"message":"both QoS bits are set"}]}\n'
        '{"summary":{"packets":3,"problems":1,"streams":1}}\n'))
    check_equal((status, err), (7, ""))


@test
def a_publish_and_a_subscribe_on_one_line_each():
    status, out, err = run("-V", "5", "--view", "line", "--summary",
                           "3B 0A 0003 612F62 000A 00 6869", "82 0C 0001 00 0003 612F23 2D 0000 00")
    check_equal(out, """\
0           12       PUBLISH      "a/b", QoS 1, id 10, dup, retain, 2 bytes "hi"
12          14  C>S  SUBSCRIBE    id 1, "a/#" QoS 1 no local retain as published retain handling 2, "" QoS 0
  ! SUBSCRIBE, byte 11: a Topic Filter is empty [MQTT-4.7.3-1]; Protocol Error (0x82)
2 packets, 1 problem, 1 stream
""")
    check_equal((status, err), (7, ""))


@test
def a_malformed_packet_ends_with_what_is_wrong_in_one_line():
    status, out, _ = run("36 07 0001 61 000A 00 62")
    assert "  ! PUBLISH, byte 0: both QoS bits are set [MQTT-3.3.1-4]; Malformed Packet (0x81)\n" in out, out
    check_equal(status, 7)


@test
def secrets_are_shown_only_on_request():
    for view in ([], ["--json"], ["--view", "line"]):
        _, hidden, _ = run(*view, CONNECT_5)
        assert "secret" not in hidden and "73 65 63" not in hidden, hidden
        _, shown, _ = run("--show-secrets", *view, CONNECT_5)
        assert '"secret"' in shown, shown


@test
def hex_comes_from_arguments_files_and_standard_input():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "ping.hex"
        file.write_text("# a ping\nc0 00\n")
        expected = "0            2  C>S  PINGREQ\n"
        check_equal(run("--view", "line", "c0", "00"), (0, expected, ""))
        check_equal(run("--view", "line", "c000"), (0, expected, ""))
        check_equal(run("--view", "line", str(file)), (0, expected, ""))
        check_equal(run("--view", "line", "-", stdin=b"0xc0, 0x0"), (0, expected, ""))
        check_equal(run("--view", "line", stdin=b"c0:00\n"), (0, expected, ""))
        status, out, _ = run("--json", "--summary", "c000", str(file), "d000")
        streams = [json.loads(line).get("stream") for line in out.splitlines()]
        check_equal((status, streams), (0, [1, 2, 3, None]))


@test
def dumps_are_found_and_told():
    dump = b"00000000: c000 d000                                ....\n"
    check_equal(run("--view", "line", "-", stdin=dump), (
        0, "0            2  C>S  PINGREQ\n2            2  S>C  PINGRESP\n",
        "mqtk-inspect: standard input: read as xxd dump\n"))
    check_equal(run("--view", "line", "--input-format", "raw", stdin=b"\xc0\x00"),
                (0, "0            2  C>S  PINGREQ\n", ""))


@test
def the_version_comes_from_connect_or_from_the_option_or_is_tried():
    connect_3_1_1 = "10 0F 0004 4D515454 04 02 003C 0003 616263"

    def versions(*arguments):
        _, out, err = run("--json", *arguments)
        return [json.loads(line)["protocol_version"] for line in out.splitlines()], err

    check_equal(versions(connect_3_1_1, "20020000"), ([4, 4], ""))
    check_equal(versions("-V", "3.1", "20020000"), ([3], ""))
    check_equal(versions("20020000"), ([4], (
        "mqtk-inspect: no CONNECT tells the version; read as MQTT 3.1.1 (5.0: 1 fault, 3.1: fits as well); "
        "-V sets it\n")))
    check_equal(versions("2003000000"), ([5], (
        "mqtk-inspect: no CONNECT tells the version; read as MQTT 5.0 (3.1.1: 1 fault, 3.1: 1 fault); -V sets it\n")))


@test
def rules_of_direction_are_checked_only_where_it_is_known():
    publish = "30 06 0001 61 02 0B07"
    check_equal(run("-V", "5", "--json", publish)[0], 0)
    check_equal(run("-V", "5", "--from", "server", "--json", publish)[0], 0)
    status, out, _ = run("-V", "5", "--from", "client", "--json", publish)
    problem = json.loads(out)["problems"][0]
    check_equal((status, problem["statement"], json.loads(out)["direction"]),
                (7, "MQTT-3.3.4-6", "client_to_server"))
    status, out, _ = run("--from", "client", "--json", "d000")
    check_equal((status, json.loads(out)["problems"][0]["rule"]), (7, "wrong_direction"))


@test
def half_a_packet_tells_how_much_is_missing():
    status, out, err = run("-V", "5", "--view", "line", "c000 3214 0003 612f62 000a")
    check_equal(out, """\
0            2  C>S  PINGREQ
2            9       PUBLISH      Topic Name "a/b", Packet Identifier 10
  ! PUBLISH, byte 9: the input ends inside the packet: 13 of 22 bytes are missing
""")
    check_equal((status, err), (7, ""))
    status, out, _ = run("--json", "30")
    check_equal((status, json.loads(out)["problems"][0]["message"]), (7, "the input ends inside the fixed header"))


@test
def garbage_is_reported_and_passed_over():
    status, out, err = run("--json", "-V", "5", "00 00 c000 30 ffffffff 01 c000")
    packets = [json.loads(line) for line in out.splitlines()]
    check_equal([packet["type"] for packet in packets], ["RESERVED", "PINGREQ", "PUBLISH", "PINGREQ"])
    check_equal([[problem["rule"] for problem in packet["problems"]] for packet in packets],
                [["packet_type_reserved"], [], ["remaining_length_too_long"], []])
    check_equal((status, err), (7, "mqtk-inspect: 1 byte skipped at offset 9: no packet starts there\n"))


@test
def damaged_hex_shows_what_came_before_and_where_it_broke():
    check_equal(run("--view", "line", stdin=b"c000\nd0 00 # fine\nc0 0g\n"), (
        7, "0            2  C>S  PINGREQ\n2            2  S>C  PINGRESP\n",
        "mqtk-inspect: standard input: line 3, column 5: 'g' is not a hex digit\n"))
    check_equal(run("c000 d")[::2], (7, "mqtk-inspect: line 1, column 6: one hex digit alone; a byte has two\n"))


@test
def what_is_no_hex_and_no_file_is_a_usage_error():
    for name in ("missing.hex", "/nonexistent", "packets"):
        status, out, err = run(name)
        check_equal((status, out, err), (1, "", f"mqtk-inspect: cannot read {name}: No such file or directory\n"))
    check_equal(run("--view", "pretty", "c000")[0], 1)
    check_equal(run("--no-such-option")[0], 1)


@test
def color_is_for_terminals_or_on_request():
    assert "\x1b[" not in run("c000")[1]
    assert "\x1b[" in run("--color", "always", "c000")[1]
    assert "\x1b[" not in run("--color", "never", "c000")[1]


@test
def rules_are_explained_and_listed():
    status, out, err = run("--explain", "MQTT-3.3.1-4")
    check_equal((status, out, err), (0, """\
qos_reserved
  broken when    both QoS bits are set
  class          Malformed Packet
  answer in 5.0  0x81 Malformed Packet
  MQTT 5.0       MQTT-3.3.1-4
  MQTT 3.1.1     MQTT-3.3.1-4
  seen in        the bytes of one packet
  breaks it      3e 08 00 03 61 2f 62 00 0a 00  (5.0, from the server)
  keeps it       3c 08 00 03 61 2f 62 00 0a 00  (5.0, from the server)
""", ""))
    check_equal(run("--explain", "qos_reserved")[1], out)
    check_equal(run("--explain", "3.3.1-4")[1], out)
    check_equal(run("--explain", "nonsense")[0], 1)
    status, listed, _ = run("--list-rules")
    status_json, listed_json, _ = run("--list-rules", "--json")
    check_equal((status, status_json), (0, 0))
    names = [line["rule"] for line in map(json.loads, listed_json.splitlines()) if line["rule"]]
    rows = listed[:listed.index("\n\n")].splitlines()[1:]
    check_equal([line.split()[0] for line in rows], names)


@test
def every_hand_written_packet_is_judged_as_its_file_says():
    groups = collections.defaultdict(list)
    for file in sorted(DATA.glob("*/*.hex")):
        facts = dict(line[2:].split(": ", 1) for line in file.read_text().splitlines()
                     if line.startswith("# ") and ": " in line)
        groups[facts.get("version", "5.0"), facts.get("sender", "unknown")].append((file, facts))
    assert groups, f"no packets in {DATA}"
    for (version, sender), files in groups.items():
        arguments = ["-V", version] + ([] if sender == "unknown" else ["--from", sender])
        _, out, err = run("--json", *arguments, *[str(file) for file, _ in files])
        found = collections.defaultdict(list)
        for line in out.splitlines():
            packet = json.loads(line)
            found[packet["stream"]] += [problem for problem in packet["problems"]]
        for stream, (file, facts) in enumerate(files, start=1):
            wrong = {(problem["rule"], problem["offset"]) for problem in found[stream]}
            expected = {(facts["rule"], int(facts["offset"]))} if "rule" in facts else set()
            # Such a Remaining Length announces more bytes than the file has, or cannot be framed at all.
            assert wrong == expected or (expected and expected <= wrong) or file.name.startswith("packet_too_short"), \
                f"{file.name}: found {wrong}, expected {expected}; {err}"
            if "statement" in facts and expected and expected <= wrong:
                statements = {problem["statement"] for problem in found[stream]}
                assert facts["statement"].split()[0] in statements, f"{file.name}: found {statements}"


@test
def a_reader_that_goes_away_is_a_clean_end():
    reader, writer = os.pipe()
    with subprocess.Popen([PROGRAM, "--view", "line", "-"], stdin=subprocess.PIPE, stdout=writer,
                          stderr=subprocess.PIPE) as process:
        os.close(writer)
        os.read(reader, 0)
        os.close(reader)
        _, err = process.communicate(b"c000\n" * 100_000, timeout=60)
        check_equal((process.returncode, err), (0, b""))


def limit_memory():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))


@test
def fifty_megabytes_of_noise_take_bounded_time_and_memory():
    limit = 120
    # Of zeros every two bytes are a packet with a problem, so fewer of them do.
    noise = [os.urandom(1 << 20).hex().encode() * 25, b"00" * (1 << 18), b"#" * (50 << 20), b"f" * (50 << 20)]
    for text in noise:
        start = time.monotonic()
        with subprocess.Popen([PROGRAM, "--view", "line", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, preexec_fn=limit_memory) as process:
            process.communicate(text, timeout=limit)
        assert process.returncode in (0, 7), process.returncode
        seconds = time.monotonic() - start
        assert seconds < limit, f"{seconds:.1f} s for {text[:20]}"


@test
def it_starts_fast_and_without_the_network_libraries():
    linked = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=False).stdout
    # A sanitizer makes references of its own to what is not used.
    assert SANITIZED or ("libssl" not in linked and "libcrypto" not in linked), linked
    times = []
    for _ in range(20):
        start = time.monotonic()
        run("c000")
        times.append(time.monotonic() - start)
    # 5 ms are meant; starting any process from Python on a busy machine takes some of it.
    assert SANITIZED or min(times) < 0.02, f"{min(times) * 1000:.1f} ms"


def main():
    failed = 0
    for each in TESTS:
        try:
            each()
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"FAILED: {each.__name__}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
