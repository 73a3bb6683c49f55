// Reads MCAP files with @mcap/core, by their index and again as a stream, and prints what it finds as JSON Lines:
// {"file":…,"messages":[{"topic","qos","retain","time","data"}]} with data in base64. Ends with 1 where the two readings differ.
const fs = require("fs");
const { McapIndexedReader, McapStreamReader } = require("@mcap/core");
const { loadDecompressHandlers } = require("@mcap/support");
const protobuf = require("protobufjs");
const { FileDescriptorSet } = require("protobufjs/ext/descriptor");

function toMessage(channel, record) {
  return {
    topic: channel.topic,
    encoding: channel.messageEncoding,
    qos: channel.metadata.get("mqtt.qos"),
    retain: channel.metadata.get("mqtt.retain"),
    sequence: record.sequence,
    time: record.logTime.toString(),
    data: Buffer.from(record.data).toString("base64"),
  };
}

async function readIndexed(path, decompressHandlers) {
  const file = await fs.promises.open(path, "r");
  const readable = {
    size: async () => BigInt((await file.stat()).size),
    read: async (offset, length) => {
      const buffer = new Uint8Array(Number(length));
      await file.read(buffer, 0, Number(length), Number(offset));
      return buffer;
    },
  };
  const reader = await McapIndexedReader.Initialize({ readable, decompressHandlers });
  const messages = [];
  for await (const record of reader.readMessages({ validateCrcs: true })) {
    messages.push(toMessage(reader.channelsById.get(record.channelId), record));
  }
  const schemas = new Map();
  for (const { topic, schemaId } of reader.channelsById.values()) schemas.set(topic, reader.schemasById.get(schemaId));
  const decoded = [];
  for (const { topic, encoding, data } of messages) {
    const schema = schemas.get(topic);
    if (schema === undefined) continue;
    if (schema.encoding !== "protobuf" || encoding !== "protobuf") throw new Error(`${topic}: what is it?`);
    const type = protobuf.Root.fromDescriptor(FileDescriptorSet.decode(schema.data)).lookupType(schema.name);
    decoded.push(type.toObject(type.decode(Buffer.from(data, "base64")), { longs: String, oneofs: true }));
  }
  const metadata = {};
  for await (const record of reader.readMetadata()) metadata[record.name] = Object.fromEntries(record.metadata);
  await file.close();
  return { messages, decoded, metadata, profile: reader.header.profile, counted: Number(reader.statistics.messageCount) };
}

function readStream(path, decompressHandlers) {
  const reader = new McapStreamReader({ decompressHandlers, validateCrcs: true });
  reader.append(fs.readFileSync(path));
  const channels = new Map();
  const messages = [];
  for (let record; (record = reader.nextRecord()); ) {
    if (record.type === "Channel") channels.set(record.id, record);
    if (record.type === "Message") messages.push(toMessage(channels.get(record.channelId), record));
  }
  if (!reader.done()) throw new Error(`${path}: the stream does not end where the file does`);
  return messages;
}

// The indexed reader sorts by time; within one time the order is open.
function sorted(messages) {
  return messages.map((message) => JSON.stringify(message)).sort();
}

async function main() {
  const decompressHandlers = await loadDecompressHandlers();
  for (const path of process.argv.slice(2)) {
    const indexed = await readIndexed(path, decompressHandlers);
    const streamed = readStream(path, decompressHandlers);
    if (JSON.stringify(sorted(indexed.messages)) !== JSON.stringify(sorted(streamed))) {
      throw new Error(`${path}: ${indexed.messages.length} messages by the index, ${streamed.length} as a stream`);
    }
    if (indexed.counted !== streamed.length) throw new Error(`${path}: the statistics count ${indexed.counted}`);
    console.log(JSON.stringify({ file: path, ...indexed, messages: streamed }));
  }
}

main().catch((error) => {
  console.error(error.stack);
  process.exit(1);
});
