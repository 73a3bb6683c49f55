// MQTT.js as a peer: one process holds any number of clients and does what the lines of JSON on its standard input
// ask. Answers carry the request's id; what happens to a client unasked is printed with the client's number.
'use strict';

const readline = require('node:readline');
const { createRequire } = require('node:module');
const mqtt = createRequire(`${process.argv[2]}/`)('mqtt');

const clients = new Map();

function print(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

// Buffers travel as {"base64": text}.
function encode(value) {
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') };
  if (Array.isArray(value)) return value.map(encode);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, encode(each)]));
  }
  return value;
}

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value && typeof value === 'object') {
    if (typeof value.base64 === 'string') return Buffer.from(value.base64, 'base64');
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, decode(each)]));
  }
  return value;
}

function watch(number, client) {
  client.on('message', (topic, payload, packet) => {
    const { qos, retain, dup, properties } = packet;
    print({ client: number, message: encode({ topic, payload, qos, retain, dup, properties }) });
  });
  client.on('close', () => {
    if (client.wasConnected) print({ client: number, closed: true });
    client.wasConnected = false;
  });
  client.on('error', () => {}); // a refusal is reported by waitForConnack
}

function waitForConnack(client, answer) {
  const done = (result) => {
    client.off('connect', accepted);
    client.off('error', failed);
    client.off('packetreceive', refused);
    answer(result);
  };
  const accepted = (connack) => {
    client.wasConnected = true;
    const { sessionPresent, reasonCode, returnCode, properties } = connack;
    done({ sessionPresent, code: reasonCode ?? returnCode, properties, port: client.stream.localPort });
  };
  const refused = (packet) => {
    const code = packet.reasonCode ?? packet.returnCode;
    if (packet.cmd === 'connack' && code !== 0) {
      done({ sessionPresent: packet.sessionPresent, code, properties: packet.properties, port: client.stream.localPort });
    }
  };
  const failed = (error) => done({ error: String(error) });
  client.on('connect', accepted);
  client.on('packetreceive', refused);
  client.on('error', failed);
}

const actions = {
  connect({ client: number, options }, answer) {
    const client = mqtt.connect({ ...options, reconnectPeriod: 0, resubscribe: false, host: '127.0.0.1' });
    clients.set(number, client);
    watch(number, client);
    waitForConnack(client, answer);
  },
  reconnect({ client: number }, answer) {
    const client = clients.get(number);
    waitForConnack(client, answer);
    const { incomingStore, outgoingStore } = client;
    client.reconnect({ incomingStore, outgoingStore });
  },
  publish({ client: number, topic, payload, options }, answer) {
    clients.get(number).publish(topic, payload, options, (error) => answer(error ? { error: String(error) } : {}));
  },
  subscribe({ client: number, filters, properties }, answer) {
    clients.get(number).subscribe(filters, { properties }, (error, granted, packet) => {
      if (packet) answer({ codes: packet.granted });
      else answer({ error: String(error) });
    });
  },
  unsubscribe({ client: number, filters, properties }, answer) {
    clients.get(number).unsubscribe(filters, { properties }, (error, packet) => {
      answer(error ? { error: String(error) } : { codes: packet?.granted ?? [] });
    });
  },
  disconnect({ client: number, options }, answer) {
    clients.get(number).end(false, options, () => answer({}));
  },
  forget({ client: number }, answer) {
    const client = clients.get(number);
    clients.delete(number);
    if (client) client.end(true);
    answer({});
  },
};

process.on('uncaughtException', (error) => print({ crash: String(error.stack) }));

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = decode(JSON.parse(line));
  const answer = (result) => print({ ...encode(result), id: request.id });
  try {
    actions[request.do](request, answer);
  } catch (error) {
    answer({ error: String(error.stack) });
  }
}).on('close', () => process.exit(0));
