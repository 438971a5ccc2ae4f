// SPDX-License-Identifier: Apache-2.0
// The contestant: node's `ws`, the same rooms, the same message a second to each client of a room, made once a room.
//   node live_ws.js PORT MESSAGE    MESSAGE: a file with an envelope as Telemetra sends it
"use strict";
const fs = require("fs");
const http = require("http");
const { WebSocketServer } = require("ws");

const data = fs.readFileSync(process.argv[3], "utf8").replace(/^.*?"data":/, "");
const rooms = new Map();

function send(clients) {
  const message = Buffer.from(`{"type":"metrics","timestamp":${Date.now()},"data":${data}`);
  for (const client of clients) client.send(message, { binary: false, compress: false });
}

const server = http.createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 4096, clientTracking: false });
sockets.on("connection", (client, request) => {
  let clients = rooms.get(request.url);
  if (!clients) {
    clients = new Set();
    rooms.set(request.url, clients);
    setInterval(send, 1000, clients);
  }
  clients.add(client);
  client.on("error", () => {});
  client.on("close", () => clients.delete(client));
});
server.listen(Number(process.argv[2]), "127.0.0.1", 4096);
process.on("SIGTERM", () => process.exit(0));
