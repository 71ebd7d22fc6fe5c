// deploy/overlays: each of them, and their components in every combination, make objects that the API
// takes; what they promise. And deploy/secrets makes the Secrets that they name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { mistakesIn, render, root, yaml } from './render.mjs';

// In the order in which they may be combined.
const kComponents = ['monitoring', 'secure', 'own-redis'];
const kFolder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'kache-overlays-'));
test.after(() => fs.rmSync(kFolder, { recursive: true }));

function combined(components) {
  const folder = fs.mkdtempSync(path.join(kFolder, 'overlay-'));
  const at = (name) => path.relative(folder, path.join(root, 'deploy', name));
  fs.writeFileSync(path.join(folder, 'kustomization.yaml'), yaml.dump({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [at('kubernetes')],
    components: components.map((name) => at(`overlays/components/${name}`)),
  }));
  return render(path.relative(root, folder));
}

const kCombinations = [1, 2, 3, 4, 5, 6, 7].map((mask) =>
  kComponents.filter((_, i) => mask & (1 << i)));
const rendered = new Map(kCombinations.map((each) => [each.join(' + '), combined(each)]));

const named = (objects, kind, name) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
const container = (objects, kind, name) => named(objects, kind, name).spec.template.spec.containers[0];
const settings = (objects) =>
  objects.find(({ metadata }) => metadata.name.startsWith('kache-settings-')).data;

for (const [name, objects] of rendered) {
  test(`${name}: the API takes every object, all in the namespace`, () => {
    for (const object of objects) {
      assert.deepEqual(mistakesIn(object), [], `${object.kind} ${object.metadata.name}`);
      if (object.kind !== 'Namespace') assert.equal(object.metadata.namespace, 'kache');
    }
  });
  test(`${name}: every volume that is mounted is there`, () => {
    for (const { kind, spec } of objects) {
      if (kind !== 'Deployment' && kind !== 'StatefulSet') continue;
      const pod = spec.template.spec;
      const volumes = (pod.volumes ?? []).map((volume) => volume.name);
      const mounts = (pod.containers[0].volumeMounts ?? []).map((mount) => mount.name);
      assert.deepEqual(mounts.sort(), volumes.sort());
    }
  });
}

test('each overlay is its component alone', () => {
  for (const name of kComponents) {
    assert.deepEqual(render(`deploy/overlays/${name}`), rendered.get(name));
  }
});

test('secure: TLS on every hop, tokens, and no credential in a ConfigMap', () => {
  const objects = rendered.get('secure');
  const env = settings(objects);
  assert.ok(env.REDIS_URLS.split(',').every((url) => url.includes('=rediss://')));
  for (const name of ['GRPC_TLS_CERT_FILE', 'HTTP_TLS_CERT_FILE', 'KACHE_TLS_CA_FILE',
                      'REDIS_TLS_CA_FILE', 'TOKENS_FILE', 'KACHE_TOKEN_FILE', 'REDIS_PASSWORD_FILE']) {
    assert.match(env[name], /^\/etc\/kache\//);
  }
  assert.doesNotMatch(JSON.stringify(env), /KACHE_TOKEN"|:[^/@"]+@/);
  const redis = container(objects, 'StatefulSet', 'redis').command;
  assert.ok(redis.includes('--port 0') && redis.includes('--tls-port 6379'));
});

test('secure: probes work under TLS', () => {
  const objects = rendered.get('secure');
  const server = container(objects, 'Deployment', 'kache-server');
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    assert.equal(server[probe].grpc, undefined);
    assert.deepEqual(server[probe].exec.command.slice(0, 2), ['kache-server', '--health']);
    assert.equal(container(objects, 'Deployment', 'kache-gateway')[probe].httpGet.scheme, 'HTTPS');
  }
});

test('monitoring + secure: Prometheus shows a token, and checks who answers', () => {
  const plain = named(rendered.get('monitoring'), 'PodMonitor', 'kache-server');
  assert.equal(plain.spec.podMetricsEndpoints[0].scheme, undefined);
  for (const name of ['kache-server', 'kache-gateway']) {
    const [endpoint] = named(rendered.get('monitoring + secure'), 'PodMonitor', name)
        .spec.podMetricsEndpoints;
    assert.equal(endpoint.scheme, 'https');
    assert.equal(endpoint.tlsConfig.serverName, name);
    assert.equal(endpoint.authorization.credentials.key, 'metrics.token');
  }
});

test('monitoring: the rules and the dashboard are those of deploy/', () => {
  const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
  const objects = rendered.get('monitoring');
  assert.deepEqual(named(objects, 'PrometheusRule', 'kache').spec,
                   yaml.load(read('deploy/prometheus/kache.rules.yaml')));
  const dashboard = named(objects, 'ConfigMap', 'kache-dashboard');
  assert.equal(dashboard.data['kache.json'], read('deploy/grafana/kache.json'));
});

test('own-redis: no Redis is left, and the coordinators may leave', () => {
  for (const [name, objects] of rendered) {
    if (!name.includes('own-redis')) continue;
    assert.ok(objects.every(({ metadata }) => !metadata.name.startsWith('redis')), name);
    assert.deepEqual(named(objects, 'NetworkPolicy', 'kache-server').spec.egress[0], {});
    assert.match(settings(objects).REDIS_URLS, /^cache-a=/);
    const { env } = container(objects, 'Deployment', 'kache-server');
    assert.equal(env.find((each) => each.name === 'REDIS_URLS').valueFrom.secretKeyRef.optional, true);
  }
});

test('deploy/secrets makes every Secret that is named, with every key', () => {
  const folder = path.join(kFolder, 'secrets');
  const make = () => execFileSync(path.join(root, 'deploy/secrets'), [folder], { stdio: 'pipe' });
  make();
  const secrets = render(path.relative(root, folder));
  const text = JSON.stringify(secrets);
  for (const secret of secrets) assert.deepEqual(mistakesIn(secret), [], secret.metadata.name);
  for (const { kind, spec } of rendered.get('monitoring + secure')) {
    if (kind !== 'Deployment' && kind !== 'StatefulSet') continue;
    for (const { secret } of spec.template.spec.volumes ?? []) {
      for (const { key } of secret?.items ?? []) {
        assert.ok(named(secrets, 'Secret', secret.secretName).data[key], `${secret.secretName} ${key}`);
      }
    }
  }
  make();  // what is there stays
  assert.equal(JSON.stringify(render(path.relative(root, folder))), text);

  const at = (secret, file) => path.join(folder, secret, file);
  const openssl = (...args) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
  for (const [secret, host] of [['kache-grpc-tls', 'kache-server'],
                                ['kache-http-tls', 'kache-gateway.kache'],
                                ['kache-redis-tls', 'redis-3.redis.kache.svc'],
                                ['kache-redis-tls', 'kache-redis-0.kache-redis.kache.svc']]) {
    openssl('verify', '-CAfile', at(secret, 'ca.crt'), '-verify_hostname', host, at(secret, 'tls.crt'));
  }
  assert.throws(() => openssl('verify', '-CAfile', at('kache-redis-tls', 'ca.crt'),
                              '-verify_hostname', 'redis-0.other', at('kache-redis-tls', 'tls.crt')));
  assert.match(fs.readFileSync(at('kache-redis-acl', 'users.acl'), 'utf8'), /^user default off\n/);
});
