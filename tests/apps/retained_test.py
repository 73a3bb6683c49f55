#!/usr/bin/env python3
"""mqtk-retained, run for real against mosquitto and mqtk-broker."""

import json
import pathlib
import tempfile
import threading
import time
import unittest

import running
from running import run

IDLE = ["--idle", "300ms"]


class Cases(running.BrokerCases):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def keep(self, topic, payload, *arguments, stdin=b""):
        source = ["-s"] if stdin else ["-m", payload]
        result = run("pub", "-p", self.broker.port, "-t", topic, "-r", "-q", 1, *source, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)

    def retained(self, command, *arguments, stdin=b"", status=0):
        result = run("retained", command, "-p", self.broker.port, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, status, result.stderr)
        self.stderr = result.stderr.decode()
        return result.stdout.decode()

    def keep_three(self):
        self.keep(self.topic + "/a", "x y")
        self.keep(self.topic + "/a-b", "21.5", "-q", 2, "-D", "publish", "message-expiry-interval", 3600, "-D", "publish",
                  "content-type", "text/plain")
        self.keep(self.topic + "/a/c", "", stdin=b"\0\xff")

    def test_ls_prints_topics_and_with_long_what_is_known_of_them(self):
        self.keep_three()
        everything = self.topic + "/#"
        self.assertEqual(self.retained("ls", everything, *IDLE).splitlines(),
                         [f"{self.topic}/a", f"{self.topic}/a-b", f"{self.topic}/a/c"])
        lines = [line.split() for line in self.retained("ls", "-l", everything, *IDLE).splitlines()]
        self.assertEqual(lines[0], ["BYTES", "QOS", "EXPIRES", "AGE", "TOPIC"])
        self.assertEqual(lines[1], ["3", "1", "never", "unknown", f"{self.topic}/a"])
        self.assertEqual((lines[2][:2], lines[2][3:]), (["4", "2"], ["s", "unknown", f"{self.topic}/a-b"]))
        self.assertLessEqual(int(lines[2][2]), 3600)
        self.assertGreater(int(lines[2][2]), 3500)

    def test_filters_and_a_regular_expression_select(self):
        self.keep_three()
        everything = self.topic + "/#"
        self.assertEqual(self.retained("ls", everything, "-T", "+/+/a/#", *IDLE), f"{self.topic}/a-b\n")
        self.assertEqual(self.retained("ls", everything, "--match", "(-b|/c)$", *IDLE), f"{self.topic}/a-b\n{self.topic}/a/c\n")
        self.assertEqual(self.retained("ls", "-t", self.topic + "/a", self.topic + "/a-b", *IDLE),
                         f"{self.topic}/a\n{self.topic}/a-b\n")

    def test_tree_draws_levels_and_payloads(self):
        self.keep_three()
        self.keep(self.topic + "/d//e", "\x1b[31m\n")
        first, second = self.topic.split("/")
        self.assertEqual(self.retained("tree", self.topic + "/#", *IDLE),
                         f'{first}\n  {second}\n    a  "x y"\n      c  "\\x00\\xff"\n    a-b  "21.5"\n    d\n      ""\n'
                         '        e  "\\x1b[31m\\n"\n')

    def test_get_prints_payloads_at_once_and_says_where_there_is_none(self):
        self.keep_three()
        began = time.monotonic()
        self.assertEqual(self.retained("get", self.topic + "/a", self.topic + "/a-b", "--idle", "20s"), "x y\n21.5\n")
        self.assertLess(time.monotonic() - began, 15)
        line = json.loads(self.retained("get", "--json", self.topic + "/a/c", "--idle", "20s"))
        self.assertEqual((line["topic"], line["qos"], line["retain"], line["payload_base64"]), (self.topic + "/a/c", 1, True, "AP8="))
        self.assertEqual(self.retained("get", self.topic + "/none", *IDLE, status=8), "")
        self.assertEqual(self.stderr, f"mqtk-retained: the broker keeps no message for '{self.topic}/none'\n")

    def test_what_is_exported_removed_and_imported_is_there_again(self):
        self.keep_three()
        everything, path = self.topic + "/#", pathlib.Path(self.folder.name) / "kept.jsonl"
        self.assertEqual(self.retained("export", everything, "-o", path, *IDLE), "")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual([(line["topic"].rsplit("/", 2)[-1], line["qos"]) for line in lines], [("a", 1), ("a-b", 2), ("c", 1)])
        self.assertEqual(lines[1]["properties"]["content_type"], "text/plain")
        self.assertEqual(self.retained("export", everything, "-o", path, *IDLE, status=1), "")
        self.assertIn("--overwrite", self.stderr)

        topics = "".join(f"{self.topic}/{name}\n" for name in ("a", "a-b", "a/c"))
        self.assertEqual(self.retained("rm", "--dry-run", everything, *IDLE), topics)
        self.assertEqual(self.retained("diff", path, "-t", everything, *IDLE), "")
        self.assertEqual(self.retained("rm", everything, *IDLE), topics)
        self.assertEqual(self.retained("ls", everything, *IDLE), "")

        self.assertEqual(self.retained("import", "--dry-run", path), topics)
        self.assertEqual(self.retained("ls", everything, *IDLE), "")
        self.assertEqual(self.retained("import", stdin=path.read_bytes()), topics)
        self.assertEqual(self.retained("diff", path, "-t", everything, *IDLE), "")

    def test_diff_shows_what_is_gone_new_and_other(self):
        self.keep_three()
        everything, path = self.topic + "/#", pathlib.Path(self.folder.name) / "kept.jsonl"
        self.retained("export", everything, "-o", path, *IDLE)
        self.keep(self.topic + "/a", "z")
        self.keep(self.topic + "/a-b", "21.5", "-q", 2)
        self.keep(self.topic + "/b", "new")
        self.retained("rm", self.topic + "/a/c", *IDLE)
        self.assertEqual(self.retained("diff", path, "-t", everything, *IDLE, status=8),
                         f'- {self.topic}/a "x y"\n+ {self.topic}/a "z"\n~ {self.topic}/a-b other properties\n'
                         f'- {self.topic}/a/c "\\x00\\xff"\n+ {self.topic}/b "new"\n')
        result = run("retained", "diff", path, path)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))

    def test_import_passes_over_what_no_broker_kept(self):
        lines = (f'{{"topic":"{self.topic}/live","payload":"x"}}\n{{"topic":"{self.topic}/gone","retain":true,"payload":""}}\n'
                 f'{{"topic":"{self.topic}/kept","retain":true,"qos":1,"payload":"1"}}\n'
                 f'{{"topic":"{self.topic}/kept","retain":true,"qos":1,"payload":"2"}}\n')
        self.assertEqual(self.retained("import", stdin=lines.encode()), f"{self.topic}/kept\n")
        self.assertEqual(self.stderr, "mqtk-retained: 2 messages without RETAIN or without payload are passed over\n")
        self.assertEqual(self.retained("get", self.topic + "/kept", "--idle", "20s"), "2\n")

    def test_half_a_file_changes_nothing(self):
        lines = f'{{"topic":"{self.topic}/kept","retain":true,"payload":"1"}}\n{{"topic":'
        self.assertEqual(self.retained("import", stdin=lines.encode(), status=7), "")
        self.assertEqual(self.retained("ls", self.topic + "/#", *IDLE), "")

    def test_messages_that_are_just_being_published_do_not_hold_up_the_end(self):
        self.keep(self.topic + "/kept", "x")
        publisher = running.start("pub", "-p", self.broker.port, "-t", self.topic + "/live", "-m", "x", "--repeat", "forever",
                                  "--interval", "50ms")
        try:
            self.assertEqual(self.retained("ls", self.topic + "/#", "-W", "20s"), f"{self.topic}/kept\n")
        finally:
            publisher.kill()
            publisher.communicate()

    def lint(self, prefix, *arguments, status=0):
        """Lines without the topic's beginning."""
        out = self.retained("lint", "--homeassistant", "--prefix", prefix, *IDLE, *arguments, status=status)
        return [line.removeprefix(prefix + "/") for line in out.splitlines()]

    def test_lint_finds_nothing_wrong_with_documents_that_home_assistant_takes(self):
        prefix = self.topic + "/ha"
        self.keep(prefix + "/sensor/node/t1/config", json.dumps(
            {"~": self.topic, "stat_t": "~/t1", "uniq_id": "t1", "dev": {"ids": ["1"]}, "avty_t": "~/online"}))
        self.keep(prefix + "/device/d1/config", json.dumps(
            {"dev": {"ids": "d1"}, "o": {"name": "test"}, "availability": [{"topic": self.topic + "/online"}],
             "cmps": {"s": {"p": "switch", "unique_id": "s", "command_topic": self.topic + "/s/set"}, "old": {"p": "sensor"}}}))
        self.keep(self.topic + "/t1", "21.5")
        self.keep(self.topic + "/online", "online")
        self.assertEqual(self.lint(prefix), [])
        self.assertEqual(self.stderr, "")

    def test_lint_names_each_fault(self):
        prefix = self.topic + "/ha"
        for name, document in [
            ("sensor/a b/config", {"stat_t": self.topic + "/x", "uniq_id": "1"}),
            ("sensor/b/config", {"name": "no state", "uniq_id": "1"}),
            ("sensor/c/config", {"stat_t": "~/x", "dev": {}, "uniq_id": 7}),
            ("sensr/d/config", {"stat_t": "x"}),
            ("switch/e/config", {"cmd_t": "a/+"}),
            ("button/f/config", "no JSON"),
            ("device/g/config", {"cmps": {"one": {"p": "light", "cmd_t": "x"}, "two": {}}}),
            ("device/deep/er/config", {}),
        ]:
            self.keep(f"{prefix}/{name}", document if isinstance(document, str) else json.dumps(document))
        self.keep(self.topic + "/x", "1")
        self.assertEqual(sorted(self.lint(prefix, status=7)), sorted([
            "sensor/a b/config: error: 'a b' in the topic is not of letters, digits, _ and -",
            "sensor/b/config: error: no state_topic (stat_t), which a sensor needs",
            f"sensor/b/config: error: its unique_id is also that of {prefix}/sensor/a b/config",
            "sensor/c/config: error: device (dev) has neither identifiers (ids) nor connections (cns)",
            "sensor/c/config: error: unique_id is no string",
            "sensor/c/config: error: stat_t: there is no ~ to put in",
            "sensr/d/config: error: 'sensr' is no component that MQTT discovery knows",
            "switch/e/config: warning: no unique_id: the entity cannot be changed in Home Assistant",
            "switch/e/config: error: cmd_t 'a/+' is no topic",
            "button/f/config: error: the payload is no JSON object",
            "device/g/config: error: no device (dev)",
            "device/g/config: error: no origin (o) with a name",
            "device/g/config: error: component 'one': no unique_id: it is passed over",
            "device/g/config: error: component 'two': no platform (p)",
            "device/deep/er/config: error: not PREFIX/COMPONENT/[NODE/]OBJECT/config: it is passed over",
        ]))

    def test_lint_tells_of_states_that_nobody_publishes_and_of_documents_that_are_not_kept(self):
        prefix = self.topic + "/ha"
        document = json.dumps({"stat_t": self.topic + "/silent", "uniq_id": "1"})
        self.keep(prefix + "/sensor/a/config", document)
        self.assertEqual(self.lint(prefix, "--json"), [
            f'{{"topic":"{prefix}/sensor/a/config","severity":"warning","message":"the broker keeps nothing at '
            f'\'{self.topic}/silent\' and nothing came there"}}'])
        late = threading.Timer(0.7, lambda: run("pub", "-p", self.broker.port, "-t", prefix + "/sensor/b/config", "-m", document))
        late.start()
        out = self.lint(prefix, "--idle", "3s", status=7)
        late.join()
        self.assertIn("sensor/b/config: error: published without RETAIN: the entity is gone when Home Assistant starts again", out)

    def test_a_time_limit_is_status_6(self):
        self.retained("ls", self.topic + "/#", "--idle", "20s", "-W", "2s", status=6)
        self.assertEqual(self.stderr, "mqtk-retained: not complete after 2 s (--timeout); 0 messages had come; is --idle longer?\n")


class WithMosquitto(Cases, unittest.TestCase):
    make_broker = running.Mosquitto

    def test_what_the_broker_does_not_allow_is_status_4(self):
        broker = running.Mosquitto(["acl_file {folder}/acl"], files={"acl": "topic read #\n"})
        self.addCleanup(broker.close)
        result = run("retained", "import", "-p", broker.port, stdin=b'{"topic":"a","qos":1,"retain":true,"payload":"x"}\n')
        self.assertEqual((result.returncode, result.stderr),
                         (4, b"mqtk-retained: the broker refused the message to 'a': Not authorized (0x87)\n"))


class WithMqtkBroker(Cases, unittest.TestCase):
    make_broker = running.MqtkBroker


class Usage(unittest.TestCase):
    def test_what_cannot_be_done_is_told_in_one_line_before_connecting(self):
        for arguments, line in [
            ([], "no command; the first word is ls, tree, get, export, import, rm, diff or lint"),
            (["list"], "COMMAND WORD 'list': not one of ls, tree, get, export, import, rm, diff, lint"),
            (["rm"], "no topics; name them behind the command"),
            (["ls", "a#"], "filter 'a#': # is not alone in the last level of its Topic Filter"),
            (["ls", "$share/g/a"], "filter '$share/g/a': shared subscriptions get no retained messages"),
            (["ls", "--match", "("], "--match '(': not a regular expression: Unmatched ( or \\("),
            (["ls", "--dry-run"], "--dry-run is for import and rm"),
            (["get", "a", "--long"], "--long is for ls"),
            (["lint"], "lint: say what to check with --homeassistant"),
            (["diff"], "diff takes one file or two"),
            (["import", "/nowhere/x"], "cannot open /nowhere/x: No such file or directory"),
        ]:
            with self.subTest(arguments):
                result = run("retained", *arguments)
                self.assertEqual((result.returncode, result.stdout, result.stderr.decode()), (1, b"", f"mqtk-retained: {line}\n"))


running.drop_unavailable(globals())

if __name__ == "__main__":
    unittest.main()
