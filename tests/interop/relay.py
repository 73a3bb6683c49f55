"""A TCP relay between clients and one broker that keeps the bytes of both directions.

It can also hold back a direction (the peer falls silent, yet the connection stands) and cut a connection as a
broken network does, so every peer can be put through both without its knowing.
"""

import socket
import threading
import time

TO_SERVER, TO_CLIENT = "client", "server"  # named after the sender, as mqtk-inspect --from does

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = 8, 9, 10, 11, 12, 13, 14, 15


def split_packets(data):
    """The whole packets at the start of `data`, each with its fixed header, and how many bytes they take."""
    packets, start = [], 0
    while start + 2 <= len(data):
        length, shift, at = 0, 0, start + 1
        while at < len(data) and shift < 28:
            length |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                break
        else:
            break
        if data[at - 1] >= 0x80 or at + length > len(data):
            break
        packets.append(bytes(data[start : at + length]))
        start = at + length
    return packets, start


class Connection:
    """One Network Connection through the relay."""

    def __init__(self, client, server, chunks, answers=None):
        """With `answers`, the server's side is held back after that many packets."""
        self._chunks = chunks
        self.client_port = client.getpeername()[1]
        self.sockets = (client, server)
        self.bytes_from = {TO_SERVER: bytearray(), TO_CLIENT: bytearray()}
        self._flowing = {TO_SERVER: threading.Event(), TO_CLIENT: threading.Event()}
        self._ended = threading.Event()
        self._cut = False
        self._answers = answers
        self._open_directions = 2
        self._lock = threading.Lock()

    def start(self):
        client, server = self.sockets
        for sender, source, target in ((TO_SERVER, client, server), (TO_CLIENT, server, client)):
            self._flowing[sender].set()
            threading.Thread(target=self._pump, args=(sender, source, target), daemon=True).start()

    def _pump(self, sender, source, target):
        try:
            while data := source.recv(65536):
                self._flowing[sender].wait()
                if self._cut:
                    continue
                self.bytes_from[sender] += data  # first, so that who has seen a reply finds it here
                self._chunks.append((time.time(), self, sender, data))
                target.sendall(data)
                if sender == TO_CLIENT and self._answers is not None:
                    if len(self.packets_from(sender)) >= self._answers:
                        self.hold(sender)
                        self._answers = None
        except OSError:
            pass
        self._shut(target, socket.SHUT_WR)
        with self._lock:
            self._open_directions -= 1
            last = self._open_directions == 0
        if last:
            for each in self.sockets:
                each.close()
            self._ended.set()

    @staticmethod
    def _shut(sock, how):
        try:
            sock.shutdown(how)
        except OSError:
            pass

    def hold(self, sender):
        """Forwards nothing that `sender` sends from here on, until release()."""
        self._flowing[sender].clear()

    def release(self, sender):
        self._flowing[sender].set()

    def cut(self):
        """Ends the connection without a word, for both sides; what was held back is lost.

        Returns when the broker has closed its side, so that it has seen the end before whatever comes next.
        """
        self._cut = True
        client, server = self.sockets
        self._shut(client, socket.SHUT_RDWR)
        self._shut(server, socket.SHUT_WR)
        for flowing in self._flowing.values():
            flowing.set()
        return self.wait_for_end()

    def wait_for_end(self, limit=60):
        """Waits until both sides have closed the connection; false if they have not."""
        return self._ended.wait(limit)

    def packets_from(self, sender, packet_type=None):
        packets, _ = split_packets(self.bytes_from[sender])
        return [p for p in packets if packet_type is None or p[0] >> 4 == packet_type]


class Relay:
    def __init__(self, target_port):
        self.connections = []
        self.chunks = []  # (time, connection, sender, bytes) of all connections, in order
        self._answers = None
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, timeout=5)
                server.settimeout(None)
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = Connection(client, server, self.chunks, self._answers)
                self._answers = None
                self.connections.append(connection)  # before a byte flows, so that who gets an answer finds it
                connection.start()
            except OSError:
                client.close()

    def hold_next_after(self, answers):
        """The next connection forwards that many packets of the server, as if it fell silent then."""
        self._answers = answers

    def connection_of(self, client_port):
        """The newest connection that a client opened from `client_port`."""
        return next(c for c in reversed(self.connections) if c.client_port == client_port)

    def close(self):
        # shutdown() wakes accept(), which close() alone does not.
        Connection._shut(self._listener, socket.SHUT_RDWR)
        self._listener.close()
        for each in self.connections:
            each.cut()
