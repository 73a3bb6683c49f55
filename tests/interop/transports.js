// MQTT.js of npm as a client: connects, subscribes, publishes and prints what comes back.
//
// Usage: node transports.js LIBRARY URL [CA_FILE [CERT_FILE KEY_FILE]]
const fs = require("fs");

const [library, url, ca, cert, key] = process.argv.slice(2);
const mqtt = require(library);
const read = (file) => (file ? fs.readFileSync(file) : undefined);
const client = mqtt.connect(url, {
  protocolVersion: 5,
  reconnectPeriod: 0,
  connectTimeout: 10000,
  ca: read(ca),
  cert: read(cert),
  key: read(key),
});
client.on("connect", () => client.subscribe("js/#", { qos: 1 }, () => client.publish("js/a", "21.5", { qos: 1 })));
client.on("message", (topic, payload) => {
  console.log(`${topic} ${payload}`);
  client.end(true, {}, () => process.exit(0));
});
client.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
