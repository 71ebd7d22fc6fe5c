// The overlays in deploy/examples render, fit the API, and are what the docs show.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { render, root, schema } from './render.mjs';

const example = 'deploy/examples/own-redis';
const objects = render(example);

function named(kind, name) {
  return objects.find((object) => object.kind === kind && object.metadata.name.startsWith(name));
}

test('own-redis fits the types of the API', () => {
  for (const object of objects) {
    assert.deepEqual(schema.check(object), [], `${object.kind} ${object.metadata.name}`);
  }
});

test('own-redis has no Redis of its own, and lets kache-server reach the others', () => {
  for (const kind of ['StatefulSet', 'Service', 'PodDisruptionBudget', 'NetworkPolicy']) {
    assert.equal(named(kind, 'redis'), undefined, kind);
  }
  assert.match(named('ConfigMap', 'kache-settings').data.REDIS_URLS, /^cache-a=rediss:/);
  const [redis, dns] = named('NetworkPolicy', 'kache-server').spec.egress;
  assert.deepEqual(redis.ports, [{ port: 6380 }]);
  assert.ok(dns.ports.every(({ port }) => port === 53));
});

test('own-redis is what docs/managed-redis.md shows', () => {
  const overlay = readFileSync(path.join(root, example, 'kustomization.yaml'), 'utf8');
  const page = readFileSync(path.join(root, 'docs/managed-redis.md'), 'utf8');
  assert.ok(page.includes(`\`\`\`yaml\n${overlay}\`\`\`\n`));
});
