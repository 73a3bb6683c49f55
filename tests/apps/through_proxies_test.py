#!/usr/bin/env python3
"""The programs through SOCKS5 and HTTP CONNECT proxies: who looks names up, logins, and what is said when it fails."""

import pathlib
import tempfile
import unittest

import running
import transports
from proxies import HttpProxy, SocksProxy
from transports import Broker


class Proxies(transports.Cases):
    def test_each_transport_goes_through_each_proxy_with_a_login(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        ca = pathlib.Path(holder.name) / "ca.pem"
        broker = self.opened(Broker("--tls-self-signed-ca", ca, "-l", "mqtt://127.0.0.1:0", "-l", "mqtts://127.0.0.1:0",
                                    "-l", "ws://127.0.0.1:0/mqtt", "-l", "wss://127.0.0.1:0/mqtt"))
        socks, http = self.opened(SocksProxy((b"me", b"p w"))), self.opened(HttpProxy(b"me:p w"))
        for url in broker.urls:
            place = url.split("/")[2]
            trust = ["--ca-file", ca] if url.startswith(("mqtts", "wss")) else []
            for proxy in (f"socks5h://me:p%20w@127.0.0.1:{socks.port}", f"http://me:p%20w@localhost:{http.port}"):
                with self.subTest(url=url, proxy=proxy):
                    self.round_trip(url, *trust, "--proxy", proxy)
            self.assertEqual(http.asked_for[-1], ("CONNECT", place))
            self.assertEqual(socks.asked_for[-1], (1, "127.0.0.1", int(place.split(":")[1])))

    def test_names_are_looked_up_here_or_there(self):
        broker = self.opened(Broker("--port", 0))
        socks = self.opened(SocksProxy())
        for scheme in "socks5h", "socks5":
            self.round_trip(f"mqtt://localhost:{broker.port()}", "--proxy", f"{scheme}://127.0.0.1:{socks.port}")
        self.assertEqual(socks.asked_for[:2], [(3, "localhost", broker.port())] * 2)
        self.assertEqual(socks.asked_for[-1], (1, "127.0.0.1", broker.port()))

    def test_the_next_address_is_asked_for_where_the_proxy_does_not_reach_the_first(self):
        broker = self.opened(Broker("--port", 0))  # not at ::1, which localhost is, too
        socks = self.opened(SocksProxy())
        self.round_trip(f"mqtt://localhost:{broker.port()}", "--proxy", f"socks5://127.0.0.1:{socks.port}")
        self.assertEqual(socks.asked_for, [(4, "::1", broker.port()), (1, "127.0.0.1", broker.port())] * 2)
        nowhere = running.free_port()
        self.assertEqual(self.told(2, "proxy", f"mqtt://localhost:{nowhere}", "--proxy", f"socks5://127.0.0.1:{socks.port}"),
                         f"connecting through the proxy 127.0.0.1:{socks.port}: the proxy does not connect us (the broker refused the "
                         "connection); check --host, --port and what the proxy allows")

    def test_what_is_wrong_with_the_proxy_is_told_of_the_proxy(self):
        url = f"mqtt://127.0.0.1:{running.free_port()}"
        socks, http = self.opened(SocksProxy((b"me", b"p w"))), self.opened(HttpProxy(b"me:p w"))
        nobody = running.free_port()
        wanted = "give them in --proxy, as http://USER:PASSWORD@HOST"
        for proxy, step, said in [
            (f"http://127.0.0.1:{nobody}", "TCP", f"connecting to 127.0.0.1:{nobody}: connection refused; check --proxy, and that the "
                                                  "proxy is running"),
            ("http://proxy.invalid", "name lookup", "looking up proxy.invalid: unknown host; check the names given with --proxy and --host"),
            (f"socks5h://127.0.0.1:{socks.port}", "proxy", f"connecting through the proxy 127.0.0.1:{socks.port}: the proxy wants another "
                                                          f"user name or password; {wanted}"),
            (f"socks5h://me:wrong@127.0.0.1:{socks.port}", "proxy", f"connecting through the proxy 127.0.0.1:{socks.port}: the proxy wants "
                                                                   f"another user name or password; {wanted}"),
            (f"http://me:wrong@127.0.0.1:{http.port}", "proxy", f"connecting through the proxy 127.0.0.1:{http.port}: the proxy wants "
             f"another user name or password (HTTP status 407 Proxy Authentication Required); {wanted}"),
        ]:
            with self.subTest(proxy):
                self.assertEqual(self.told(2, step, url, "--proxy", proxy), said)


if __name__ == "__main__":
    unittest.main()
