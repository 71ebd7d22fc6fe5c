// A Node client of Kache, made from the .proto alone. KACHE_ADDRESS names the server, KACHE_PROTO
// the folder of the .proto files.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

function load(path) {
  return grpc.loadPackageDefinition(protoLoader.loadSync(path, {
    includeDirs: [process.env.KACHE_PROTO],
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  }));
}

const address = process.env.KACHE_ADDRESS;
const credentials = grpc.credentials.createInsecure();
const client = new (load('kache/v1/kache.proto').kache.v1.Kache)(address, credentials);
const health = new (load('grpc/health/v1/health.proto').grpc.health.v1.Health)(address, credentials);
after(() => {
  client.close();
  health.close();
});

function call(rpc, request, timeoutMs = 5000) {
  return promisify(client[rpc]).call(client, request, { deadline: Date.now() + timeoutMs });
}

// protobuf.js takes a string for bytes as base64, so bytes are always given as a Buffer.
const bytes = (text) => Buffer.from(text);
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

test('put, get and delete of any bytes', async () => {
  const key = Buffer.concat([bytes('node-'), everyByte]);
  const put = await call('Put', { key, value: everyByte, ttlMs: 60000 });
  assert.equal(put.receipt.required, 1);
  assert.equal(put.receipt.degraded, false);
  assert.ok(put.receipt.acknowledged >= 1);

  const got = await call('Get', { key });
  assert.equal(got.found, true);
  assert.deepEqual(got.value, everyByte);
  assert.ok(Number(got.ttlMs) > 59000 && Number(got.ttlMs) <= 60000);
  assert.deepEqual(got.receipt.version, put.receipt.version);
  assert.equal(got.receipt.expiresAtUnixMs, put.receipt.expiresAtUnixMs);

  await call('Delete', { key });
  assert.equal((await call('Get', { key })).found, false);
});

test('a miss is an answer', async () => {
  const miss = await call('Get', { key: bytes('node-missing') });
  assert.equal(miss.found, false);
  assert.equal(miss.receipt.version, null);
});

test('a value of one mebibyte', async () => {
  const value = Buffer.alloc(1 << 20, everyByte);
  await call('Put', { key: bytes('node-large'), value });
  assert.ok((await call('Get', { key: bytes('node-large') })).value.equals(value));
});

test('batches answer in request order, with errors of their own', async () => {
  const keys = Array.from({ length: 20 }, (_, i) => bytes(`node-batch-${i}`));
  const entries = keys.map((key) => ({ key, value: key }));
  const put = await call('BatchPut', { entries: [...entries, { key: bytes(''), value: bytes('x') }] });
  assert.equal(put.results.length, 21);
  assert.ok(put.results.slice(0, 20).every((result) => result.outcome === 'receipt'));
  assert.equal(put.results[20].error.code, grpc.status.INVALID_ARGUMENT);

  const got = await call('BatchGet', { keys: [...keys].reverse() });
  assert.deepEqual(got.results.map((result) => result.response.value), [...keys].reverse());
  await call('BatchDelete', { keys });
  const gone = await call('BatchGet', { keys });
  assert.ok(gone.results.every((result) => result.response.found === false));
});

test('status and locate', async () => {
  const status = await call('GetStatus', {});
  assert.equal(status.nodes.length, 4);
  assert.ok(status.nodes.every((node) => node.state === 'NODE_STATE_UP' && node.reason === 'ok'));
  const place = await call('Locate', { key: bytes('node-key') });
  assert.equal(place.homeReplicas, 3);
  assert.equal(place.replicas.length, 4);
  assert.equal(place.servedByNodeId, place.replicas[0].nodeId);
  const ids = new Set(status.nodes.map((node) => node.nodeId));
  assert.ok(place.replicas.every((replica) => ids.has(replica.nodeId)));
});

test('levels, and a read that is as new as a receipt', async () => {
  const key = bytes('node-levels');
  const put = await call('Put', { key, value: bytes('v'), consistency: 'CONSISTENCY_ALL' });
  assert.equal(put.receipt.acknowledged, 3);
  const got = await call('Get', {
    key, consistency: 'CONSISTENCY_QUORUM', minVersion: put.receipt.version,
  });
  assert.deepEqual(got.value, bytes('v'));
  assert.equal(got.receipt.required, 2);
});

test('errors are gRPC codes with a message', async () => {
  for (const [rpc, request, code] of [
    ['Get', { key: bytes('') }, 'INVALID_ARGUMENT'],
    ['Put', { key: bytes('k'), value: bytes('v'), ttlMs: -1 }, 'INVALID_ARGUMENT'],
    ['Put', { key: bytes('k'.repeat(1025)), value: bytes('v') }, 'INVALID_ARGUMENT'],
    ['Get', { key: bytes('k'), consistency: 9 }, 'INVALID_ARGUMENT'],
  ]) {
    await assert.rejects(call(rpc, request), (error) => {
      assert.equal(error.code, grpc.status[code]);
      assert.ok(error.details);
      return true;
    });
  }
});

test('many calls at once on one connection', async () => {
  const keys = Array.from({ length: 500 }, (_, i) => bytes(`node-many-${i}`));
  await Promise.all(keys.map((key) => call('Put', { key, value: key })));
  const answers = await Promise.all(keys.map((key) => call('Get', { key })));
  assert.deepEqual(answers.map((answer) => answer.value), keys);
});

test('a stream of operations, answered by id', async () => {
  const stream = client.Pipeline({ deadline: Date.now() + 10000 });
  const results = new Map();
  const ended = new Promise((resolve, reject) => {
    stream.on('data', (message) => message.results.forEach((result) => results.set(result.id, result)));
    stream.once('end', resolve);
    stream.once('error', reject);
  });
  const ids = Array.from({ length: 200 }, (_, i) => i + 1);
  const key = (id) => bytes(`node-pipe-${id}`);
  stream.write({ operations: ids.map((id) => ({ id, put: { key: key(id), value: everyByte } })) });
  stream.write({ operations: [{ id: 1001, get: { key: bytes('') } }, { id: 1002 }] });
  stream.end();
  await ended;
  assert.equal(results.size, 202);
  assert.ok(ids.every((id) => results.get(String(id)).outcome === 'put'));
  assert.equal(results.get('1001').error.code, grpc.status.INVALID_ARGUMENT);
  assert.equal(results.get('1002').error.code, grpc.status.INVALID_ARGUMENT);
  assert.deepEqual((await call('Get', { key: key(200) })).value, everyByte);
});

test('health: check and watch', async () => {
  const check = promisify(health.Check).bind(health);
  assert.equal((await check({ service: 'kache.v1.Kache' })).status, 'SERVING');
  assert.equal((await check({ service: 'live' })).status, 'SERVING');
  await assert.rejects(check({ service: 'nothing' }), { code: grpc.status.NOT_FOUND });

  const watch = health.Watch({ service: '' });
  const first = await new Promise((resolve, reject) => {
    watch.once('data', resolve);
    watch.once('error', reject);
  });
  watch.on('error', () => {});  // the cancellation's own
  watch.cancel();
  assert.equal(first.status, 'SERVING');
});
