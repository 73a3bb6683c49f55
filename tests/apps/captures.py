"""Builds capture files byte by byte: Ethernet, IPv4 and IPv6, TCP and UDP, pcap and pcapng."""

import struct

LINK_ETHERNET, LINK_RAW = 1, 101


def ipv4(protocol, payload, source="10.0.0.1", destination="10.0.0.2"):
    addresses = bytes(map(int, source.split("."))) + bytes(map(int, destination.split(".")))
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0) + addresses + payload


def ipv6(protocol, payload, source=1, destination=2):
    prefix = bytes.fromhex("20010db8") + bytes(11)
    return (struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) +
            prefix + bytes([source]) + prefix + bytes([destination]) + payload)


def tcp(source, destination, sequence, acknowledgement, flags, payload=b""):
    return struct.pack("!HHIIBBHHH", source, destination, sequence % 2**32, acknowledgement % 2**32, 5 << 4, flags,
                       65535, 0, 0) + payload


def udp(source, destination, payload):
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def ethernet(packet):
    ether_type = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    return bytes.fromhex("020000000002020000000001") + struct.pack("!H", ether_type) + packet


FIN, SYN, RST, ACK = 1, 2, 4, 16


class Connection:
    """Frames of one TCP connection. Sides are "client" and "server"; each frame is (seconds, bytes)."""

    def __init__(self, port=1883, client_port=50000, network=ipv4, start=1_700_000_000.0):
        self.ports = {"client": client_port, "server": port}
        self.next = {"client": 1000, "server": 9000}
        self.network, self.now, self.frames = network, start, []

    def segment(self, sender, payload=b"", flags=ACK, sequence=None):
        receiver = "server" if sender == "client" else "client"
        number = self.next[sender] if sequence is None else sequence
        segment = tcp(self.ports[sender], self.ports[receiver], number, self.next[receiver], flags, payload)
        ends = {} if sender == "client" else (
            {"source": "10.0.0.2", "destination": "10.0.0.1"} if self.network is ipv4 else
            {"source": 2, "destination": 1})
        if sequence is None:
            self.next[sender] += len(payload) + (1 if flags & (SYN | FIN) else 0)
        frame = (self.now, ethernet(self.network(6, segment, **ends)))
        self.now += 0.001
        return frame

    def open(self):
        self.frames += [self.segment("client", flags=SYN), self.segment("server", flags=SYN | ACK),
                        self.segment("client")]
        return self

    def send(self, sender, payload):
        self.frames.append(self.segment(sender, bytes.fromhex(payload) if isinstance(payload, str) else payload))
        return self

    def lose(self, sender, count):
        """So many bytes were sent and not captured."""
        self.next[sender] += count
        return self

    def wait(self, seconds):
        self.now += seconds
        return self

    def close(self):
        self.frames += [self.segment("client", flags=FIN | ACK), self.segment("server", flags=FIN | ACK)]
        return self


def pcap(frames, link=LINK_ETHERNET):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    for seconds, data in frames:
        micros = round(seconds * 1_000_000)
        out += struct.pack("<IIII", micros // 1_000_000, micros % 1_000_000, len(data), len(data)) + data
    return out


def pcapng(frames, link=LINK_ETHERNET, key_log=b""):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    if key_log:
        out += block(10, struct.pack("<II", 0x544C534B, len(key_log)) + key_log)
    out += block(1, struct.pack("<HHI", link, 0, 0))
    for seconds, data in frames:
        micros = round(seconds * 1_000_000)
        out += block(6, struct.pack("<IIIII", 0, micros >> 32, micros & 0xFFFFFFFF, len(data), len(data)) + data)
    return out
