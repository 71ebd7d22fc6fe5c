// The chart, rendered for many values: the API would take every object, what the objects name is
// there, credentials come from Secrets; values that are wrong are refused; README.md and the schema
// follow the values and the settings.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { helm, mistakesIn, renderChart, root, yaml } from '../kubernetes/render.mjs';
import { kMistakes, kMutual, kOwnRedis, kSecured, kVariants } from './variants.mjs';

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const find = (objects, kind, name) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
const podsOf = (objects) => objects.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
const podSpec = (object) => (object.kind === 'Pod' ? object.spec : object.spec.template.spec);
const envOf = (container) =>
  Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
const server = (objects) => podSpec(find(objects, 'Deployment', 'kache-server')).containers[0];
const gateway = (objects) => podSpec(find(objects, 'Deployment', 'kache-gateway')).containers[0];
const redis = (objects) => podSpec(find(objects, 'StatefulSet', 'kache-redis')).containers[0];
const selects = (labels, pod) => Object.entries(labels).every(([key, value]) => pod[key] === value);

function unique(names, what) {
  assert.deepEqual([...new Set(names)], names, `${what}: a name stands twice`);
}

// Every volume that is mounted is there and mounted once, and no variable is set twice.
function checkPod(object) {
  const spec = podSpec(object);
  const claims = (object.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const volumes = [...(spec.volumes ?? []).map(({ name }) => name), ...claims];
  unique(volumes, object.metadata.name);
  for (const { name, env = [], volumeMounts = [] } of spec.containers) {
    unique(env.map((each) => each.name), name);
    unique(volumeMounts.map(({ mountPath }) => mountPath), name);
    for (const mount of volumeMounts) assert.ok(volumes.includes(mount.name), mount.name);
    for (const { name: file, value } of env) {
      if (!/_FILE$/.test(file)) continue;
      const mount = volumeMounts.find(({ mountPath }) => path.dirname(value) === mountPath);
      const { secret } = spec.volumes.find(({ name: volume }) => volume === mount.name);
      assert.ok(secret.items.some(({ path: item }) => item === path.basename(value)), value);
    }
  }
  const ours = spec.containers.filter(({ name }) => name !== 'beside');
  for (const container of ours) {
    assert.equal(container.securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
  }
  assert.equal(spec.securityContext.runAsNonRoot, true);
  assert.equal(spec.automountServiceAccountToken, false);
}

function checkReferences(objects) {
  unique(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`), 'objects');
  for (const object of [...podsOf(objects), ...objects.filter(({ kind }) => kind === 'Pod')]) {
    checkPod(object);
    const text = JSON.stringify(podSpec(object));
    for (const [, name] of text.matchAll(/"configMap(?:Ref)?":\{"name":"([^"]+)"/g)) {
      assert.ok(find(objects, 'ConfigMap', name), `no ConfigMap ${name}`);
    }
  }
  for (const { kind, spec, metadata } of objects) {
    const labels = spec?.selector?.matchLabels ?? spec?.podSelector?.matchLabels;
    if (!labels && kind !== 'Service') continue;
    const chosen = podsOf(objects).filter((each) =>
      selects(labels ?? spec.selector, each.spec.template.metadata.labels));
    assert.equal(chosen.length, 1, `${kind} ${metadata.name} selects ${chosen.length} workloads`);
  }
}

for (const [name, values] of Object.entries(kVariants)) {
  test(`values "${name}" make objects that the API takes`, () => {
    const objects = renderChart(values);
    for (const object of objects) {
      assert.deepEqual(mistakesIn(object), [], `${object.kind} ${object.metadata.name}`);
      assert.equal(object.metadata.namespace, 'kache');
    }
    checkReferences(objects);
  });
}

for (const [values, message] of kMistakes) {
  test(`refused: ${JSON.stringify(values)}`, () => {
    assert.throws(() => renderChart(values), ({ stderr }) => {
      assert.match(stderr, message);
      return true;
    });
  });
}

test('helm lint has no complaint', () => {
  for (const values of [{}, kSecured, kOwnRedis]) {
    helm(['lint', '--strict', 'deploy/helm/kache', '--values', '-'], JSON.stringify(values));
  }
});

test('a packaged chart has the files of deploy/ in it', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kache-chart-'));
  try {
    helm(['package', 'deploy/helm/kache', '--destination', folder]);
    const [archive] = fs.readdirSync(folder);
    const values = JSON.stringify(kVariants.watched);
    const render = (chart) => helm(['template', 'kache', chart, '--values', '-'], values);
    assert.equal(render(path.join(folder, archive)), render('deploy/helm/kache'));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('README.md and the schema are as deploy/generate writes them', () => {
  execFileSync(path.join(root, 'deploy/generate'), ['--check'], { stdio: 'pipe' });
});

test('every value is described', () => {
  const described = new Set([...read('deploy/helm/kache/README.md').matchAll(/^\| `([\w./-]+)` \|/gm)]
      .map(([, name]) => name));
  const check = (values, where) => {
    for (const [name, value] of Object.entries(values)) {
      const at = where ? `${where}.${name}` : name;
      if (described.has(at)) continue;
      assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), at);
      check(value, at);
    }
  };
  check(yaml.load(read('deploy/helm/kache/values.yaml')), '');
});

test('version and tag are those of the program and of the Kustomize base', () => {
  const { appVersion } = yaml.load(read('deploy/helm/kache/Chart.yaml'));
  assert.match(read('CMakeLists.txt'), new RegExp(`VERSION ${appVersion.replaceAll('.', '\\.')}\\b`));
});

test('secured: every hop speaks TLS, with tokens and users', () => {
  const objects = renderChart(kSecured);
  assert.match(find(objects, 'ConfigMap', 'kache-settings').data.REDIS_URLS,
               /^cache-0=rediss:\/\/kache-redis-0\.kache-redis\.kache\.svc:6379,/);
  const env = envOf(server(objects));
  assert.deepEqual(Object.keys(env), [
    'REDIS_USERNAME', 'REDIS_PASSWORD_FILE', 'REDIS_TLS_CA_FILE', 'GRPC_TLS_CERT_FILE',
    'GRPC_TLS_KEY_FILE', 'KACHE_TLS_CA_FILE', 'TOKENS_FILE']);
  assert.deepEqual(Object.keys(envOf(gateway(objects))).sort(), [
    'HTTP_TLS_CERT_FILE', 'HTTP_TLS_KEY_FILE', 'KACHE_TLS_CA_FILE', 'KACHE_TOKEN_FILE', 'TOKENS_FILE']);
  const conf = find(objects, 'ConfigMap', 'kache-redis-settings').data['redis.conf'];
  for (const line of ['port 0', 'tls-port 6379', 'tls-auth-clients no',
                      'aclfile /etc/kache/redis-acl/users.acl']) {
    assert.ok(conf.split('\n').includes(line), line);
  }
  const probe = redis(objects).env;
  assert.deepEqual(probe.find(({ name }) => name === 'REDISCLI_AUTH').valueFrom.secretKeyRef,
                   { name: 'kache-redis-acl', key: 'probe-password' });
  assert.equal(envOf(redis(objects)).REDIS_CLI_OPTIONS,
               '--user probe --tls --cacert /etc/kache/redis-tls/ca.crt');
});

test('secured: probes speak TLS, or run inside the pod', () => {
  const objects = renderChart(kSecured);
  const commands = ['startupProbe', 'readinessProbe', 'livenessProbe']
      .map((probe) => server(objects)[probe].exec.command.join(' '));
  assert.deepEqual(commands, ['kache-server --health live', 'kache-server --health kache.v1.Kache',
                              'kache-server --health live']);
  assert.equal(gateway(objects).readinessProbe.httpGet.scheme, 'HTTPS');

  // Kubernetes has no certificate to show; and a gateway without coordinators must not be restarted.
  const mutual = gateway(renderChart(kMutual));
  assert.deepEqual(mutual.readinessProbe.exec.command, ['kache-gateway', '--health']);
  assert.ok(mutual.livenessProbe.tcpSocket && mutual.startupProbe.tcpSocket);
});

test('no ConfigMap, and no plain variable, has a credential', () => {
  for (const values of [kSecured, kMutual, kVariants['own Redis, secured']]) {
    for (const { kind, data, metadata } of renderChart(values)) {
      if (kind !== 'ConfigMap') continue;
      assert.doesNotMatch(JSON.stringify(data), /requirepass|KACHE_TOKEN|:[^/@\s]+@/, metadata.name);
    }
  }
});

test('settings are text, whole and in the right place', () => {
  const objects = renderChart(kVariants.settings);
  const { data } = find(objects, 'ConfigMap', 'kache-settings');
  assert.equal(data.MAX_VALUE_BYTES, '1048576');
  assert.equal(envOf(server(objects)).MAX_IN_FLIGHT_BYTES, '268435456');
  assert.equal(envOf(gateway(objects)).MAX_IN_FLIGHT_BYTES, undefined);
  assert.equal(envOf(redis(objects)).KEY_PREFIX, 'a:');
  // preStop (5 s), DRAIN_DELAY_SECONDS and DRAIN_SECONDS fit into the grace period.
  assert.ok(podSpec(find(objects, 'Deployment', 'kache-server')).terminationGracePeriodSeconds >= 70);
  assert.ok(podSpec(find(objects, 'Deployment', 'kache-gateway')).terminationGracePeriodSeconds >= 45);
});

test('another setting restarts the programs, and nothing restarts Redis', () => {
  const checksum = (objects, name) => find(objects, 'Deployment', name).spec.template.metadata
      .annotations['checksum/settings'];
  const before = renderChart();
  const after = renderChart({ settings: { LOG_LEVEL: 'debug' } });
  for (const name of ['kache-server', 'kache-gateway']) {
    assert.notEqual(checksum(before, name), checksum(after, name));
  }
  for (const values of Object.values(kVariants)) {
    const stateful = renderChart(values).find(({ kind }) => kind === 'StatefulSet');
    assert.ok(!stateful || stateful.spec.updateStrategy.type === 'OnDelete');
  }
});

test('Redis outlasts its wait, and is named on the ring once for each pod', () => {
  const objects = renderChart(kVariants['Redis, its own way']);
  const { spec } = find(objects, 'StatefulSet', 'kache-redis');
  assert.ok(spec.template.spec.terminationGracePeriodSeconds >= 910);
  assert.equal(envOf(redis(objects)).STOP_WAIT_SECONDS, '900');
  const urls = find(objects, 'ConfigMap', 'kache-settings').data.REDIS_URLS.split(',');
  assert.deepEqual(urls, [0, 1, 2, 3, 4, 5].map((i) => `cache-${i}=kache-redis-${i}.kache-redis:6379`));
  assert.match(find(objects, 'ConfigMap', 'kache-redis-settings').data['redis.conf'],
               /\nmaxmemory 1gb\nmaxmemory-policy noeviction\nio-threads 2\nmaxclients 2000\n$/);
});

test('hosts of routes are allowed hosts', () => {
  for (const [name, host] of [['ingress', 'b.example.com'],
                              ['routes of the Gateway API', 'kache.example.com']]) {
    const { data } = find(renderChart(kVariants[name]), 'ConfigMap', 'kache-settings');
    assert.ok(data.HTTP_ALLOWED_HOSTS.split(',').includes(host));
  }
});

test('rules and dashboard are those of deploy/', () => {
  const objects = renderChart(kVariants.watched);
  assert.deepEqual(find(objects, 'PrometheusRule', 'kache').spec,
                   yaml.load(read('deploy/prometheus/kache.rules.yaml')));
  assert.deepEqual(JSON.parse(find(objects, 'ConfigMap', 'kache-dashboard').data['kache.json']),
                   JSON.parse(read('deploy/grafana/kache.json')));
});

test('without gateways there are no alerts about them', () => {
  const names = (objects) => find(objects, 'PrometheusRule', 'kache').spec.groups
      .flatMap(({ rules }) => rules.map(({ alert }) => alert));
  const all = names(renderChart(kVariants.watched));
  assert.ok(all.includes('KacheGatewayAbsent'));
  assert.deepEqual(names(renderChart(kVariants['no gateway'])),
                   all.filter((alert) => !alert.startsWith('KacheGateway')));
});

test('monitors give the names of jobs that the rules need, and reach a port of the pods', () => {
  const jobs = yaml.load(read('deploy/prometheus/prometheus.yaml')).scrape_configs
      .map(({ job_name: job }) => job).sort();
  for (const [name, kind] of [['watched', 'PodMonitor'], ['watched, secured', 'PodMonitor'],
                              ['watched by services', 'ServiceMonitor']]) {
    const objects = renderChart(kVariants[name]);
    const monitors = objects.filter((object) => object.kind === kind);
    const given = [];
    for (const { spec } of monitors) {
      const [endpoint] = spec.podMetricsEndpoints ?? spec.endpoints;
      given.push(endpoint.relabelings.find(({ targetLabel }) => targetLabel === 'job').replacement);
      const ports = objects.filter(({ kind: each }) => each === 'Service')
          .flatMap((service) => service.spec.ports.flatMap((port) => [port.name, port.targetPort]));
      assert.ok(ports.includes(endpoint.port), endpoint.port);
      assert.equal(endpoint.authorization !== undefined, name !== 'watched');
    }
    assert.deepEqual(given.sort(), jobs);
  }
});

test('an older Kubernetes is not sent what it does not know', () => {
  const policies = (...options) => renderChart({}, { options })
      .filter(({ kind }) => kind === 'PodDisruptionBudget')
      .map(({ spec }) => spec.unhealthyPodEvictionPolicy);
  assert.deepEqual(policies('--kube-version', '1.25.0'), [undefined, undefined, undefined]);
  assert.deepEqual(policies().sort(), ['AlwaysAllow', 'AlwaysAllow', undefined]);
});

test('two releases in one namespace do not see each other', () => {
  const [one, two] = ['kache', 'other'].map((release) => renderChart({}, { release }));
  const names = (objects) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  assert.deepEqual(names(one).filter((name) => names(two).includes(name)), []);
  for (const { spec } of podsOf(one)) {
    for (const other of podsOf(two)) {
      assert.ok(!selects(spec.selector.matchLabels, other.spec.template.metadata.labels));
    }
  }
});

test('names of the longest release are short enough', () => {
  const objects = renderChart({}, { release: 'a'.repeat(53) });
  for (const { kind, metadata } of objects) {
    // Of a StatefulSet's pods a label is its name and a hash of ten digits.
    assert.ok(metadata.name.length <= (kind === 'StatefulSet' ? 52 : 63), metadata.name);
  }
  checkReferences(objects);
});

test('the notes say what to try', () => {
  const notes = (values) => helm(['install', 'kache', 'deploy/helm/kache', '--namespace', 'kache',
                                  '--dry-run=client', '--values', '-'], JSON.stringify(values))
      .split('NOTES:')[1];
  assert.match(notes({}), /curl -X PUT http:\/\/localhost:8080\/api\/v1\/keys\/greeting/);
  assert.match(notes({}), /helm test kache --namespace kache/);
  assert.match(notes({}), /No tokens are asked for/);
  assert.match(notes(kSecured), /curl https:\/\/localhost:8080\/status/);
  assert.doesNotMatch(notes(kSecured), /No tokens/);
  assert.match(notes(kVariants.ingress), /https:\/\/kache\.example\.com/);
});
