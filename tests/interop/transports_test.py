#!/usr/bin/env python3
"""Other people's clients at mqtk-broker over TLS, with client certificates, WebSocket and WebSocket over TLS: MQTT.js in
Node.js and in a page of headless Chromium, and paho-mqtt.

Needs MQTK_BIN_DIR and MQTK_SOURCE_DIR, and the folder for npm's packages as argument.
"""

import http.server
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

SOURCE = pathlib.Path(os.environ["MQTK_SOURCE_DIR"])
sys.path.insert(0, str(SOURCE / "tests/apps"))
import certificates  # noqa: E402
import installation  # noqa: E402
import paho_peer  # noqa: E402
from running import LIMIT, browser, start  # noqa: E402

PACKAGES = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else pathlib.Path("npm")
MODULE = PACKAGES / "node_modules" / "mqtt"

PAGE = """<!doctype html><title>mqtk</title><script src="/mqtt.min.js"></script><script>
const tell = (what) => fetch("/told?" + encodeURIComponent(what));
const client = mqtt.connect("{url}", {{protocolVersion: 5, reconnectPeriod: 0}});
client.on("connect", () => client.subscribe("page/#", {{qos: 1}}, () => client.publish("page/a", "21.5", {{qos: 1}})));
client.on("message", (topic, payload) => tell(topic + " " + payload));
client.on("error", (error) => tell("error " + error.message));
client.on("close", () => tell("closed"));
</script>"""


class Site:
    """Serves the page, and takes what it tells."""

    def __init__(self, url):
        site = self
        self.told, self.something = [], threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                if path == "/told":
                    site.told.append(urllib.parse.unquote(query))
                    site.something.set()
                body = (MODULE / "dist/mqtt.min.js").read_bytes() if path == "/mqtt.min.js" else \
                    PAGE.format(url=url).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript" if path.endswith(".js") else "text/html")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Transports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        installation.install_mqttjs(PACKAGES)
        installation.check_python_peer()
        cls.authority = certificates.Authority()
        cls.certificate, cls.key = cls.authority.issue("server")
        cls.client = cls.authority.issue("client", "DNS:client")
        mutual = f"?client-certificate=required&ca-file={cls.authority.file}&cert-file={cls.certificate}&key-file={cls.key}"
        cls.broker = start("broker", "--cert-file", cls.certificate, "--key-file", cls.key, "-l", "mqtts://127.0.0.1:0",
                           "-l", "mqtts://127.0.0.1:0" + mutual, "-l", "ws://127.0.0.1:0/mqtt", "-l",
                           "wss://127.0.0.1:0/mqtt", stderr=subprocess.DEVNULL)
        urls = []
        for line in cls.broker.stdout:
            if line == b"ready\n":
                break
            urls.append(line.decode().split()[1])
        cls.tls, cls.mutual, cls.ws, cls.wss = urls

    @classmethod
    def tearDownClass(cls):
        cls.broker.kill()
        cls.broker.wait(LIMIT)
        cls.broker.stdout.close()
        cls.authority.close()

    def node(self, url, *files):
        done = subprocess.run([installation.find_node(), SOURCE / "tests/interop/transports.js", MODULE, url, *files],
                              capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stdout), (0, "js/a 21.5\n"), done.stderr)

    def test_mqttjs_over_tls(self):
        self.node(self.tls, self.authority.file)

    def test_mqttjs_with_a_client_certificate(self):
        self.node(self.mutual, self.authority.file, *self.client)

    def test_mqttjs_over_websocket(self):
        self.node(self.ws)

    def test_mqttjs_over_websocket_and_tls(self):
        self.node(self.wss, self.authority.file)

    def paho(self, url, transport, tls):
        place = urllib.parse.urlsplit(url)
        client = paho_peer.new_client(transport=transport, protocol=5)
        if transport == "websockets":
            client.ws_set_options(path=place.path)
        if tls:
            context = ssl.create_default_context(cafile=self.authority.file)
            context.load_cert_chain(*self.client)
            client.tls_set_context(context)
        came = threading.Event()
        client.on_connect = lambda *_: client.subscribe("paho/#", 1)
        client.on_subscribe = lambda *_: client.publish("paho/a", b"x" * 100000, 1)
        client.on_message = lambda _, __, message: len(message.payload) == 100000 and came.set()
        client.connect(place.hostname, place.port)
        client.loop_start()
        self.assertTrue(came.wait(LIMIT))
        client.disconnect()
        client.loop_stop()

    def test_paho_over_tls_with_a_client_certificate_websocket_and_both(self):
        self.paho(self.tls, "tcp", True)
        self.paho(self.mutual, "tcp", True)
        self.paho(self.ws, "websockets", False)
        self.paho(self.wss, "websockets", True)

    def test_a_page_in_a_browser(self):
        site = Site(self.ws)
        self.addCleanup(site.close)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            process = subprocess.Popen(
                [browser(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                 f"--user-data-dir={folder}", site.url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self.assertTrue(site.something.wait(LIMIT), "the page told nothing")
                self.assertEqual(site.told[0], "page/a 21.5")
            finally:
                process.terminate()
                process.wait(LIMIT)


if __name__ == "__main__":
    unittest.main()
