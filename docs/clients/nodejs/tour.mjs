// Puts, gets, touches and deletes a key through gRPC. Usage: node tour.mjs HOST:PORT PROTO_FOLDER
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const [address, protoFolder] = process.argv.slice(2);

// What a server could not take is sent again, by gRPC itself. So all writes here carry a stamp: an
// attempt that arrives late then changes nothing.
const serviceConfig = JSON.stringify({
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [{
    name: [{ service: "kache.v1.Kache" }],
    retryPolicy: {
      maxAttempts: 4,
      initialBackoff: "0.05s",
      maxBackoff: "1s",
      backoffMultiplier: 2,
      retryableStatusCodes: ["UNAVAILABLE"],
    },
  }],
});

const definition = protoLoader.loadSync("kache/v1/kache.proto", {
  includeDirs: [protoFolder], longs: Number, enums: String, defaults: true, oneofs: true,
});
const { Kache } = grpc.loadPackageDefinition(definition).kache.v1;
const cache = new Kache(address, grpc.credentials.createInsecure(),
  { "grpc.service_config": serviceConfig });

function call(rpc, request) {
  return promisify(cache[rpc]).call(cache, request, { deadline: Date.now() + 1000 });
}

// Gives each write its version. One for each process. Numbers of 64 bits are given as text.
class Stamps {
  static async make() {
    const { clusterTimeUnixMs } = await call("GetStatus", {});
    const stamps = new Stamps();
    // An older server names no time: then the own clock counts.
    stamps.aheadMs = clusterTimeUnixMs ? clusterTimeUnixMs - Date.now() : 0;
    stamps.clock = (BigInt(randomBytes(6).readUIntBE(0, 6) || 1) << 16n).toString();
    stamps.last = 0n;
    return stamps;
  }

  next() {
    const now = BigInt(Date.now() + this.aheadMs) << 16n;
    this.last = now > this.last ? now : this.last + 1n;  // it only rises
    return { timestamp: this.last.toString(), clock: this.clock };
  }
}

// Keys and values are bytes: give them as a Buffer, not as a string.
const key = Buffer.from("user:1");
const value = Buffer.from([0, ...Buffer.from("any bytes"), 255]);

const stamps = await Stamps.make();
const put = await call("Put", { key, value, ttlMs: 60_000, stamp: stamps.next() });
console.log(`stored on ${put.receipt.acknowledged} or more replicas`);

const got = await call("Get", { key });
assert.ok(got.found && got.value.equals(value));
const status = await call("GetStatus", {});
const names = new Map(status.nodes.map((node) => [node.nodeId, node.name]));
console.log(`read back ${got.value.length} bytes from ${names.get(got.receipt.nodeId)}`);

const touched = await call("Touch", { key, ttlMs: 3_600_000, stamp: stamps.next() });
assert.ok(touched.found);
console.log("lives for an hour");

await call("Delete", { key, stamp: stamps.next() });
assert.equal((await call("Get", { key })).found, false);
console.log("deleted");
cache.close();
