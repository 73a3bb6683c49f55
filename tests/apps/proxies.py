"""Proxies that connections go through, written from their specifications."""

import base64
import contextlib
import socket

import running


class SocksProxy(running.Relay):
    """SOCKS5 (RFC 1928) with a login, if one is given (RFC 1929).

    With `elsewhere` all connections go to this port, and the first byte of each is noted.
    """

    def __init__(self, login=None, elsewhere=None):
        self.login, self.elsewhere, self.asked_for, self.began = login, elsewhere, [], []
        super().__init__(None)

    def serve(self, client, number):
        _, count = client.recv(2)
        methods = client.recv(count)
        if self.login:
            if 2 not in methods:
                return client.sendall(b"\x05\xff")
            client.sendall(b"\x05\x02")
            _, size = client.recv(2)
            name = client.recv(size)
            password = client.recv(client.recv(1)[0])
            good = (name, password) == self.login
            client.sendall(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        else:
            client.sendall(b"\x05\x00")
        _, _, _, kind = client.recv(4)
        if kind == 3:
            host = client.recv(client.recv(1)[0]).decode()
        else:
            host = socket.inet_ntop(*((socket.AF_INET, client.recv(4)) if kind == 1 else (socket.AF_INET6, client.recv(16))))
        port = int.from_bytes(client.recv(2), "big")
        self.asked_for.append((kind, host, port))
        try:
            broker = socket.create_connection(("127.0.0.1", self.elsewhere) if self.elsewhere else (host, port))
        except OSError:
            return client.sendall(b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
        with broker:
            client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
            self.began.append(client.recv(1, socket.MSG_PEEK))
            self.pass_on(client, broker, number)


class HttpProxy(running.Relay):
    """CONNECT of HTTP (RFC 9110) with a login, if one is given as NAME:PASSWORD."""

    def __init__(self, login=None):
        self.login, self.asked_for = login, []
        super().__init__(None)

    def serve(self, client, number):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        if self.login and b"\r\nProxy-Authorization: Basic " + base64.b64encode(self.login) + b"\r\n" not in head:
            return client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split()
        self.asked_for.append((method, target))
        host, port = target.rsplit(":", 1)
        with contextlib.closing(socket.create_connection((host, int(port)))) as broker:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            self.pass_on(client, broker, number)
